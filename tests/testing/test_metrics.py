"""The Jaccard index by track ID."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.testing.metrics import iou, jaccard, mean_jaccard


def test_iou_of_empty_masks_is_one():
    empty = np.zeros((2, 2), bool)
    assert iou(empty, empty) == 1.0
    assert iou(empty, ~empty) == 0.0


def test_jaccard_is_per_object_and_frame_by_track_id():
    truth = np.array([[[1, 1, 2, 0]], [[0, 1, 0, 0]]])
    guess = np.array([[[1, 2, 2, 0]], [[0, 2, 0, 0]]])
    scores = jaccard(guess, truth)
    np.testing.assert_allclose(scores[1], [0.5, 0.0])
    np.testing.assert_allclose(scores[2], [0.5, 0.0])
    assert mean_jaccard(guess, truth) == pytest.approx(0.25)


def test_frames_without_the_object_do_not_count():
    truth = np.array([[[3]], [[0]]])
    scores = jaccard(truth, truth)
    np.testing.assert_array_equal(scores[3], [1.0, np.nan])
    assert mean_jaccard(truth, truth) == 1.0


def test_stacks_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="Shapes differ"):
        jaccard(np.zeros((1, 2, 2), int), np.zeros((2, 2, 2), int))
