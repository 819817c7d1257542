"""Making objects fit their pixels again, where saving them was cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.edits.existing import masks_in
from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.core.tracks import COMPUTED, GIVEN, STALE, Track

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = 0.02
"""Pixels between two centroids that are the same; they are noted in single precision.
"""

NOTHING = Mask.from_plane(np.zeros((0, 0)))


def mend(tracks: Mapping[int, Track], frame: int, plane: np.ndarray) -> set[int]:
    """Make what is known of objects on a frame fit a label plane.

    Pixels are never changed. A mask that is not the one that was noted counts as out
    of date, so that the next run computes it again; one that no prompt made is taken
    as it is.

    Parameters
    ----------
    tracks : mapping of int to Track
        By track ID.
    frame : int
    plane : ndarray, (Y, X) unsigned

    Returns
    -------
    set of int
        Objects that did not fit, and labels that are no object's.
    """
    masks = masks_in(plane)
    for track_id, track in tracks.items():
        if track.state[frame] & COMPUTED and track.area[frame] > 0:
            masks.setdefault(track_id, NOTHING)
    changed = set()
    for track_id, mask in masks.items():
        known = tracks.get(track_id)
        if known is None:
            changed.add(track_id)
        elif not _fits(known, frame, mask):
            _take(known, frame, mask)
            changed.add(track_id)
    return changed


def _fits(track: Track, frame: int, mask: Mask) -> bool:
    """Whether a mask is, by all that was noted, the one that was noted."""
    window, own = track.window_on(frame), mask.window
    is_inside = all(
        whole.start <= part.start and part.stop <= whole.stop
        for whole, part in zip(window, own, strict=True)
    )
    if not is_inside or np.count_nonzero(mask.pixels) != track.area[frame]:
        return False
    off = np.subtract(mask.centroid, track.centroid[frame])
    return bool((np.abs(off) < TOLERANCE).all())


def _take(track: Track, frame: int, mask: Mask) -> None:
    """Note the mask that an object has on a frame, on which it then exists."""
    life = track.lifespan
    if frame not in life:
        stop = max(life.stop, frame + 1) if life else frame + 1
        start = min(life.start, frame) if life else frame
        track.lifespan = range(start, stop)
    if track.state[frame] & GIVEN or not track.prompts:
        track.mark_given(frame, mask)
        return
    track.revision += 1
    track.widen(frame, mask)
    track.area[frame] = np.count_nonzero(mask.pixels)
    track.centroid[frame] = mask.centroid
    track.state[frame] |= COMPUTED | STALE
