"""Masks of several objects put together into one label plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_sam2_ivos.core.results import FrameResult, ObjectMask

ANCHOR_LOGIT = 1000.0
"""Stands above every logit of a model: what the user prompted wins."""


def compose(
    plane: np.ndarray,
    result: FrameResult,
    windows: Mapping[int, tuple[slice, slice]],
    prompted: Collection[int] = (),
) -> np.ndarray:
    """Return a label plane with the masks of `result` in place of the old ones.

    Every pixel of the objects in `result`, its `others` included, is decided
    anew; where two of them claim a pixel the higher logit wins, never the ID, so
    it makes no difference which was computed first. What the user prompted
    takes pixels from what was only tracked, so that a daughter can begin inside
    her mother's mask. Pixels of objects that are not in `result` are left alone,
    but for prompted ones that take them. Holes and detached parts are kept.

    Parameters
    ----------
    plane : ndarray, (Y, X) unsigned int
        The labels so far; not changed.
    result : FrameResult
    windows : mapping of int to (slice, slice)
        Where in the plane objects of `result` may have pixels so far, rows and
        columns by track ID.
    prompted : collection of int
        Track IDs that may not lose a pixel here to an object that was only
        tracked: those that the user prompted on this frame, or has locked.
    """
    masks = sorted((*result.objects, *result.others), key=lambda mask: mask.track_id)
    # Nothing beyond the masks is looked at: planes can be large.
    out = plane.copy()
    for mask in masks:
        if mask.track_id in windows:
            before = out[windows[mask.track_id]]
            np.copyto(before, 0, where=before == mask.track_id)
    highest = max(int(plane.max()), *(mask.track_id for mask in masks), *prompted)
    rank = np.zeros(highest + 1, np.float32)
    rank[1:] = ANCHOR_LOGIT / 2
    rank[list(prompted)] = np.inf
    masks = [mask for mask in masks if mask.logits.size]
    best = np.empty(out.shape, np.float32)
    for mask in masks:
        best[mask.window] = rank[out[mask.window]]
    for mask in masks:
        logits = mask.logits.astype(np.float32)
        if mask.is_anchor:
            logits = np.where(logits > 0, logits + ANCHOR_LOGIT, logits)
        window = mask.window
        np.copyto(out[window], mask.track_id, where=logits > best[window])
        np.maximum(best[window], logits, out=best[window])
    return out


def neighbour_of(plane: np.ndarray, mask: ObjectMask) -> int:
    """Return an object whose pixels touch those of a mask in a label plane, or 0."""
    rows, columns = mask.window
    around = plane[
        max(0, rows.start - 1) : rows.stop + 1,
        max(0, columns.start - 1) : columns.stop + 1,
    ]
    own = around == mask.track_id
    other = np.where(own, 0, around)
    if not other.any():
        return 0
    pairs = (
        (own[1:], other[:-1]),
        (own[:-1], other[1:]),
        (own[:, 1:], other[:, :-1]),
        (own[:, :-1], other[:, 1:]),
    )
    return max(int((a * b).max(initial=0)) for a, b in pairs)
