"""Outlines are compared as DAVIS compares them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import disk

from napari_sam2_ivos.testing.boundaries import boundary, boundary_f, outline


def disc(shape, centre, radius):
    ys, xs = np.indices(shape)
    return (ys - centre[0]) ** 2 + (xs - centre[1]) ** 2 <= radius**2


def davis_f(mask, truth, tolerance=0.008):
    """F as davis2017-evaluation's words say it, with a dilated outline."""
    reach = int(np.ceil(tolerance * np.linalg.norm(mask.shape)))
    found, wanted = outline(mask), outline(truth)
    near_wanted = ndimage.binary_dilation(wanted, disk(reach))
    near_found = ndimage.binary_dilation(found, disk(reach))
    precision = (found & near_wanted).sum() / found.sum()
    recall = (wanted & near_found).sum() / wanted.sum()
    return 2 * precision * recall / (precision + recall)


def test_a_small_shift_costs_nothing_and_a_large_one_nearly_all():
    truth = disc((200, 240), (100, 100), 30)
    assert boundary_f(truth, truth) == 1
    assert boundary_f(disc((200, 240), (101, 102), 30), truth) == 1
    assert boundary_f(disc((200, 240), (100, 180), 30), truth) < 0.1


def test_a_small_object_in_a_large_image_is_measured_in_pixels():
    truth = disc((1500, 1500), (700, 700), 8)
    beside = disc((1500, 1500), (700, 712), 8)
    assert boundary_f(beside, truth) == 1  # 17 px: more than the object is wide
    assert boundary_f(beside, truth, reach_px=2) < 0.5
    nearly = disc((1500, 1500), (700, 702), 8)
    assert boundary_f(nearly, truth, reach_px=2) == 1
    stack, other = truth[None].astype(int), beside[None].astype(int)
    assert boundary(other, stack, [1], reach_px=2)[1][0] < 0.5


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_definition_on_ragged_masks(seed):
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((2, 90, 120)), (0, 6, 6))
    mask, truth = smooth > 0.02
    assert boundary_f(mask, truth) == pytest.approx(davis_f(mask, truth))


def test_nothing_against_nothing_is_right_and_against_something_wrong():
    nothing, something = np.zeros((40, 40), bool), disc((40, 40), (20, 20), 8)
    assert boundary_f(nothing, nothing) == 1
    assert boundary_f(nothing, something) == boundary_f(something, nothing) == 0


def test_every_object_on_every_frame():
    truth = np.zeros((2, 50, 60), int)
    truth[0][disc((50, 60), (20, 20), 8)] = 3
    truth[1][disc((50, 60), (30, 40), 6)] = 5
    scores = boundary(truth, truth, [3, 5])
    np.testing.assert_array_equal(scores[3], [1, np.nan])
    np.testing.assert_array_equal(scores[5], [np.nan, 1])
