"""The simulated user clicks where a person would, and what it does is measured."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.testing.simulated_user import (
    SimulatedUser,
    first_prompt,
    next_click,
)
from napari_sam2_ivos.testing.trials import (
    objects_to_follow,
    try_corrections,
    try_prompt,
)


@pytest.fixture
def truth():
    """Two squares, of which the second comes on frame 2 and goes after frame 5."""
    labels = np.zeros((8, 40, 60), np.uint16)
    for frame in range(8):
        labels[frame, 5:15, 4 + frame : 14 + frame] = 1
        if 2 <= frame <= 5:
            labels[frame, 25:33, 40 - frame : 50 - frame] = 2
    return labels


def begin(truth, bright=None):
    """Make a session whose model sees the given labels as bright blobs."""
    seen = truth if bright is None else bright
    movie = Movie(np.where(seen > 0, 3000, 200).astype(np.uint16))
    return Session(movie, FakeSegmenter(movie), np.zeros(truth.shape, np.uint16))


def test_the_click_is_at_the_middle_of_the_largest_wrong_region():
    truth = np.zeros((30, 30), bool)
    truth[5:20, 5:12] = True
    point = next_click(np.zeros_like(truth), truth)
    assert (point.positive, 8 <= point.y <= 16, point.x) == (True, True, 8)
    mask = truth.copy()
    mask[6:9, 6:8] = False  # a small hole
    mask[22:29, 15:22] = True  # and a large piece too much
    point = next_click(mask, truth)
    assert (point.positive, point.y, point.x) == (False, 25, 18)
    assert next_click(truth, truth) is None


def test_first_prompts_fit_the_object():
    mask = np.zeros((20, 20), bool)
    mask[4:9, 6:13] = True
    (point,) = first_prompt(mask, "click").points
    assert mask[int(point.y), int(point.x)]
    box = first_prompt(mask, "box").box
    assert (box.y0, box.x0, box.y1, box.x1) == (4, 6, 8, 12)
    np.testing.assert_array_equal(
        first_prompt(mask, "mask").mask.to_plane(mask.shape), mask
    )


def test_objects_of_the_first_frame_or_all(truth):
    assert objects_to_follow(truth) == [1]
    assert objects_to_follow(truth, later_ones=True) == [1, 2]
    truth[2:6][truth[2:6] == 2] = 0
    truth[3, 0:2, 0:2] = 2  # too small to be begun
    assert objects_to_follow(truth, later_ones=True) == [1]


@pytest.mark.parametrize("kind", ["click", "box", "mask"])
def test_a_model_that_is_always_right_gets_full_marks(truth, kind):
    trial = try_prompt(begin(truth), truth, [1, 2], kind)
    assert trial.result.j == trial.result.f == trial.result.seg == 1
    assert trial.n_clicks == 2


def test_given_masks_are_not_counted(truth):
    blind = np.zeros_like(truth)
    trial = try_prompt(begin(truth, blind), truth, [1, 2], "mask")
    assert trial.result.j == 0


def test_the_worst_frame_is_corrected_and_it_gets_better(truth):
    # On frames 4 to 6 the model sees nothing of object 1 and loses it.
    seen = truth.copy()
    seen[4:7][seen[4:7] == 1] = 0
    user = SimulatedUser(begin(truth, seen), truth, [1])
    scores = []
    user.annotate(1)
    assert user.worst(1) == 4
    trials = try_corrections(begin(truth, seen), truth, [1], rounds=3)
    scores = [trial.result.j for trial in trials]
    assert [trial.prompt for trial in trials] == ["round 1", "round 2", "round 3"]
    assert scores == sorted(scores)
    clicks = [trial.n_clicks for trial in trials]
    assert clicks == sorted(clicks)


def test_an_object_that_has_gone_is_said_to_be_absent(truth):
    seen = truth.copy()
    seen[6:, 25:33, 34:44] = 2  # the model goes on seeing object 2
    session = begin(truth, seen)
    user = SimulatedUser(session, truth, [1, 2])
    user.annotate(3)
    assert user.n_said_absent == 1
    assert not (session.labels[6:] == 2).any()
    assert user.worst(2) is None
