"""The segmenter without a model obeys prompts as the engine does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import FramePrompts, Mask, Point
from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.testing.segmenter import FakeSegmenter

N_FRAMES = 8
SHAPE = (40, 60)


def blob(left):
    plane = np.zeros(SHAPE, bool)
    plane[10:20, left : left + 10] = True
    return plane


@pytest.fixture
def session():
    """Two blobs at rest; the second is away on frames 3 and 4."""
    data = np.zeros((N_FRAMES, *SHAPE), np.uint16)
    data[:, blob(10)] = 1000
    data[:, blob(40)] = 1000
    data[3:5, blob(40)] = 0
    movie = Movie(data)
    return Session(movie, FakeSegmenter(movie), np.zeros(movie.shape, np.uint16))


def answer(session, prompts):
    session.set_prompts(1, 0, prompts)
    session.preview(0)
    return session.labels[0] == 1


def test_points_correct_a_mask_that_was_given(session):
    both = FramePrompts(mask=Mask.from_plane(blob(10) | blob(40)))
    np.testing.assert_array_equal(answer(session, both), blob(10) | blob(40))
    less = both.with_points((Point(15, 45, positive=False),))
    np.testing.assert_array_equal(answer(session, less), blob(10))
    more = FramePrompts(mask=Mask.from_plane(blob(10))).with_points((Point(15, 45),))
    np.testing.assert_array_equal(answer(session, more), blob(10) | blob(40))


def test_an_accepted_mask_is_the_answer_whatever_was_clicked(session):
    click = FramePrompts(points=(Point(15, 45),))
    given = click.with_accepted(Mask.from_plane(blob(25)))
    np.testing.assert_array_equal(answer(session, given), blob(25))


def test_a_click_has_three_candidates(session):
    click = FramePrompts(points=(Point(15, 15),))
    found = [answer(session, replace(click, candidate=k)) for k in range(4)]
    np.testing.assert_array_equal(found[0], blob(10))
    larger = ndimage.binary_dilation(blob(10), iterations=2)
    np.testing.assert_array_equal(found[1], larger)
    assert found[2].sum() == 6 * 6
    np.testing.assert_array_equal(found[3], found[0])


def test_a_lost_object_is_left_alone_up_to_its_next_prompt(session):
    session.add_points(1, 0, [(15, 15)])
    for frame in (0, 6):
        session.add_points(2, frame, [(15, 45)])
    plan = session.plan("forward", stop_when_lost=True)
    results = list(session.run(plan))
    seen = [[r.frame for r in results if i in r.track_ids] for i in (1, 2)]
    assert seen == [list(range(N_FRAMES)), [0, 1, 2, 3, 6, 7]]
    assert Flag(session.tracks[2].flag[3]) is Flag.ABSENT
    assert not session.tracks[2].state[4:6].any()


def test_without_that_it_is_looked_for_on_every_frame(session):
    session.add_points(2, 0, [(15, 45)])
    results = list(session.run(session.plan("forward")))
    assert [r.track_ids for r in results] == [(2,)] * N_FRAMES
    assert session.tracks[2].flag.tolist() == [0] * 3 + [Flag.ABSENT] * 5
