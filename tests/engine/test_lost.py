"""An object that was lost is left alone up to its next prompt."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import FramePrompts, Mask
from napari_sam2_ivos.core.results import Flag
from tests.engine.small import SIDE, session_on, small_model, small_movie

N_FRAMES = 20
FINDS = Guards(spread=False)
LOSES = Guards(spread=False, max_step_px=0.0)
"""Every frame that is tracked is left empty: masks of random weights do move."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def session(model):
    return session_on(model, small_movie(N_FRAMES))


@pytest.fixture
def computed(model, monkeypatch):
    """Frames of every forward, in order."""
    calls = []
    forward = model.net._track_step

    def note(frame_idx, **kwargs):
        calls.append(frame_idx)
        return forward(frame_idx=frame_idx, **kwargs)

    monkeypatch.setattr(model.net, "_track_step", note)
    return calls


def square(side=16, at=10):
    plane = np.zeros((SIDE, SIDE), bool)
    plane[at : at + side, at : at + side] = True
    return FramePrompts(mask=Mask.from_plane(plane))


def track(session, direction="forward", frames=None, guards=LOSES, **settings):
    """Run a plan that stops where objects are lost; return track IDs by frame."""
    session.guards = guards
    settings = {"stop_when_lost": True} | settings
    results = list(session.run(session.plan(direction, frames, **settings)))
    return {r.frame: r.track_ids for r in results if r.objects}


def test_it_is_looked_for_again_from_its_next_prompt_on(session, computed):
    for frame in (0, 10):
        session.set_prompts(1, frame, square())
    assert track(session) == dict.fromkeys((0, 1, 10, 11), (1,))
    assert computed == [0, 1, 10, 11]
    one = session.tracks[1]
    assert Flag(one.flag[1]) is Flag.JUMPED
    assert not one.state[2:10].any(), "nobody looked there"
    assert not session.labels[2:10].any()


def test_the_other_direction_is_another_matter(session):
    session.set_prompts(1, 10, square())
    assert list(track(session, "both")) == [10, 11, 9]


def test_a_prompt_that_was_answered_before_counts_too(session):
    for frame in (3, 10):
        session.set_prompts(1, frame, square())
    session.preview(3)
    assert list(track(session, "backward")) == [10, 9, 2]


def test_one_that_is_found_is_tracked_as_without(model, session):
    session.set_prompts(1, 0, square())
    assert list(track(session, guards=FINDS)) == list(range(N_FRAMES))
    other = session_on(model, small_movie(N_FRAMES))
    other.set_prompts(1, 0, square())
    list(other.propagate("forward"))
    np.testing.assert_array_equal(session.labels, other.labels)


def test_going_on_after_a_stop_is_no_second_try(session):
    """Unless it is asked for; and objects that are not lost go on."""
    session.set_prompts(1, 0, square())
    track(session, frames=(0, 4))
    session.set_prompts(2, 0, square(at=30))
    found = track(session, guards=FINDS)
    assert found == dict.fromkeys(range(N_FRAMES), (2,))
    found = track(session, guards=FINDS, stop_when_lost=False)
    assert found == dict.fromkeys(range(2, N_FRAMES), (1,))


def test_no_frame_is_read_on_which_nothing_is_looked_for(model):
    data, read = small_movie(N_FRAMES).data, []

    class Watched:
        shape, dtype = data.shape, data.dtype

        def __getitem__(self, index):
            read.append(index[0])
            return data[index]

    session = session_on(model, Movie(Watched()))
    session.set_prompts(1, 0, square())
    track(session)
    session.segmenter._features._planes._reader.shutdown()
    assert set(read) <= {0, 1, 2}, "2 was read ahead while 1 was computed"


def test_what_is_known_is_shown_wherever_it_was_lost(session, computed):
    session.set_prompts(1, 0, square())
    track(session, frames=(0, 3), stop_when_lost=False)
    track(session, frames=(3, 6), guards=FINDS, stop_when_lost=False)
    seen = session.labels[3] == 1
    assert seen.any()
    session.set_prompts(2, 3, square(side=60, at=0))
    session.preview(3)
    assert ((session.labels[3] == 1) != seen).any(), "else this test shows nothing"
    session.remove_object(2)
    computed.clear()
    assert list(track(session, frames=(0, 6))) == [3]
    assert not computed
    np.testing.assert_array_equal(session.labels[3] == 1, seen)
