"""Masks of several objects put together into one label plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.regions import common, everything, grown, is_empty, within

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_sam2_ivos.core.regions import Window
    from napari_sam2_ivos.core.results import FrameResult, ObjectMask

ANCHOR_LOGIT = 1000.0
"""Stands above every logit of a model: what the user prompted wins."""


def compose(
    labels: np.ndarray,
    result: FrameResult,
    windows: Mapping[int, Window],
    prompted: Collection[int] = (),
    region: Window | None = None,
) -> np.ndarray:
    """Return labels with the masks of `result` in place of the old ones.

    Of a whole plane or a region of it: each pixel is decided by itself, so that both
    give the same, and of a large plane only regions with masks need be read.

    Every pixel of the objects in `result`, its `others` included, is decided
    anew; where two of them claim a pixel the higher logit wins, never the ID, so
    it makes no difference which was computed first. What the user prompted
    takes pixels from what was only tracked, so that a daughter can begin inside
    her mother's mask. Pixels of objects that are not in `result` are left alone,
    but for prompted ones that take them. Holes and detached parts are kept.

    Parameters
    ----------
    labels : ndarray, (H, W) unsigned int
        The labels of the region so far; not changed.
    result : FrameResult
    windows : mapping of int to (slice, slice)
        Where in the plane objects of `result` may have pixels so far, rows and
        columns by track ID.
    prompted : collection of int
        Track IDs that may not lose a pixel here to an object that was only
        tracked: those that the user prompted on this frame, or has locked.
    region : (slice, slice), optional
        Where in the plane `labels` lie; from its first row and column by default.
    """
    region = everything(labels.shape) if region is None else region
    masks = sorted((*result.objects, *result.others), key=lambda mask: mask.track_id)
    out = labels.copy()
    for mask in masks:
        if mask.track_id in windows:
            before = out[within(common(windows[mask.track_id], region), region)]
            np.copyto(before, 0, where=before == mask.track_id)
    highest = max(int(labels.max()), *(mask.track_id for mask in masks), *prompted)
    rank = np.zeros(highest + 1, np.float32)
    rank[1:] = ANCHOR_LOGIT / 2
    rank[list(prompted)] = np.inf
    parts = [(mask, common(mask.window, region)) for mask in masks]
    parts = [(mask, part) for mask, part in parts if not is_empty(part)]
    best = np.empty(out.shape, np.float32)
    for _, part in parts:
        window = within(part, region)
        best[window] = rank[out[window]]
    for mask, part in parts:
        logits = mask.logits[within(part, mask.window)].astype(np.float32)
        if mask.is_anchor:
            logits = np.where(logits > 0, logits + ANCHOR_LOGIT, logits)
        window = within(part, region)
        np.copyto(out[window], mask.track_id, where=logits > best[window])
        np.maximum(best[window], logits, out=best[window])
    return out


def neighbour_of(
    labels: np.ndarray, mask: ObjectMask, region: Window | None = None
) -> int:
    """Return an object whose pixels touch those of a mask, or 0.

    Parameters
    ----------
    labels : ndarray, (H, W) unsigned int
        Of a plane, or of a region of it that holds the mask and the pixels around.
    mask : ObjectMask
    region : (slice, slice), optional
        Where in the plane `labels` lie; from its first row and column by default.
    """
    region = everything(labels.shape) if region is None else region
    around = labels[within(common(grown(mask.window), region), region)]
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
