"""How masks share a label plane."""

from __future__ import annotations

import numpy as np

from napari_sam2_ivos.core import compositing
from napari_sam2_ivos.core.results import FrameResult, ObjectMask


def mask(track_id, top, left, logits, **kwargs):
    logits = np.asarray(logits, np.float32)
    return ObjectMask(track_id, top, left, logits, 5.0, 0.9, **kwargs)


def compose(plane, result, prompted=()):
    """Compose with masks that may have been anywhere before."""
    windows = {mask.track_id: (slice(None), slice(None)) for mask in result}
    return compositing.compose(plane, result, windows, prompted)


def test_where_two_cells_touch_the_higher_logit_wins_whatever_the_id():
    plane = np.zeros((4, 6), np.uint16)
    left, right = np.full((4, 4), 2.0), np.full((4, 4), 1.0)
    for first, second in ((1, 2), (2, 1)):
        masks = (mask(first, 0, 0, left), mask(second, 0, 2, right))
        out = compose(plane, FrameResult(0, masks))
        assert (out[:, :4] == first).all()
        assert (out[:, 4:] == second).all()


def test_what_the_user_prompted_wins_over_any_logit():
    masks = (
        mask(1, 0, 0, np.full((2, 2), 50.0)),
        mask(2, 0, 0, np.full((2, 2), 1.0), is_anchor=True),
    )
    out = compose(np.zeros((2, 2), np.uint16), FrameResult(0, masks))
    assert (out == 2).all()


def test_labels_of_objects_that_were_not_computed_are_never_overwritten():
    plane = np.full((4, 4), 9, np.uint16)
    plane[:, 2:] = 0
    out = compose(plane, FrameResult(0, (mask(1, 0, 0, np.full((4, 4), 50.0)),)))
    assert (out[:, :2] == 9).all()
    assert (out[:, 2:] == 1).all()


def test_a_prompted_mask_takes_pixels_from_tracked_ones_but_not_from_prompted_ones():
    plane = np.full((2, 2), 9, np.uint16)
    result = FrameResult(0, (mask(1, 0, 0, np.full((2, 2), 1.0), is_anchor=True),))
    assert (compose(plane, result) == 1).all()
    assert (compose(plane, result, prompted=[9]) == 9).all()


def test_holes_and_detached_parts_are_kept():
    logits = np.full((5, 9), -3.0)
    logits[:, :5] = 3.0
    logits[2, 2] = -3.0
    logits[4, 8] = 3.0
    out = compose(np.zeros((5, 9), np.uint16), FrameResult(0, (mask(1, 0, 0, logits),)))
    np.testing.assert_array_equal(out == 1, logits > 0)


def test_an_object_that_is_gone_loses_its_old_pixels():
    plane = np.ones((3, 3), np.uint16)
    out = compose(plane, FrameResult(0, (mask(1, 0, 0, np.zeros((0, 0))),)))
    assert not out.any()
    assert plane.all(), "the plane given is not changed"
