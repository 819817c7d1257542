"""One object: its prompts and which of its frames are computed, and from what."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from napari_sam2_ivos.core.prompts import FramePrompts
    from napari_sam2_ivos.core.results import ObjectMask

Direction = Literal["forward", "backward", "both", "nearest"]

COMPUTED, STALE, REVERSE, ANCHOR = 1, 2, 4, 8
"""Bits of a cell's state; no bit set means that the frame was never computed."""


class Track:
    """One thing followed through time.

    Parameters
    ----------
    track_id : int
        Its label value, given once and never shifted.
    n_frames : int
        Number of frames of the movie.

    Attributes
    ----------
    prompts : dict of int to FramePrompts
        The user's prompts by frame; these frames are its anchors.
    state : ndarray, (T,) uint8
        `COMPUTED`, `STALE`, `REVERSE` (tracked backward) and `ANCHOR` bits.
    object_score, predicted_iou : ndarray, (T,) float32
        What the model said about each computed frame, NaN elsewhere.
    area : ndarray, (T,) float32
        Pixels of each computed mask, NaN elsewhere.
    centroid : ndarray, (T, 2) float32
        Mean ``(y, x)`` of each computed mask; NaN elsewhere and where it is empty.
    flag : ndarray, (T,) uint8
        `core.results.Flag` of each computed frame, 0 elsewhere.
    version : int
        The session's edit that last changed it; a result planned for another
        version is dropped.
    """

    def __init__(self, track_id: int, n_frames: int) -> None:
        self.track_id = track_id
        self.prompts: dict[int, FramePrompts] = {}
        self.state = np.zeros(n_frames, np.uint8)
        self.object_score = np.full(n_frames, np.nan, np.float32)
        self.predicted_iou = np.full(n_frames, np.nan, np.float32)
        self.area = np.full(n_frames, np.nan, np.float32)
        self.centroid = np.full((n_frames, 2), np.nan, np.float32)
        self.flag = np.zeros(n_frames, np.uint8)
        self.version = 0

    @property
    def anchors(self) -> list[int]:
        """Prompted frames, ascending."""
        return sorted(self.prompts)

    def anchor_before(self, frame: int) -> int | None:
        """Nearest anchor at or before `frame`."""
        anchors = self.anchors
        i = bisect_right(anchors, frame)
        return anchors[i - 1] if i else None

    def anchor_after(self, frame: int) -> int | None:
        """Nearest anchor at or after `frame`."""
        anchors = self.anchors
        i = bisect_left(anchors, frame)
        return anchors[i] if i < len(anchors) else None

    def centroid_step(self, frame: int) -> float:
        """Return how far the centroid moved from the frame before, pixels or NaN."""
        if frame == 0:
            return float("nan")
        return float(np.hypot(*(self.centroid[frame] - self.centroid[frame - 1])))

    def fresh(self, frames: slice, reverse: np.ndarray | bool | None = None) -> Any:
        """Return which frames are computed from the prompts as they are.

        Parameters
        ----------
        frames : slice
        reverse : ndarray of bool, (number of frames,), or bool, optional
            Count only what was tracked that way, backward or not; an anchor
            belongs to both.

        Returns
        -------
        ndarray, (number of frames,) bool
        """
        state = self.state[frames]
        fresh = state & (COMPUTED | STALE) == COMPUTED
        if reverse is not None:
            fresh &= ((state & REVERSE != 0) == reverse) | (state & ANCHOR != 0)
        return fresh

    def is_fresh(self, frame: int, reverse: bool | None = None) -> bool:
        """Whether a frame is up to date; see `fresh`."""
        return bool(self.fresh(slice(frame, frame + 1), reverse)[0])

    def source_of(self, frame: int) -> bool | None:
        """Return from which side the frame can be tracked at once.

        Returns
        -------
        bool or None
            False from the frame before, True from the frame after (backward),
            None if neither is up to date.
        """
        if frame > 0 and self.is_fresh(frame - 1, reverse=False):
            return False
        if frame + 1 < len(self.state) and self.is_fresh(frame + 1, reverse=True):
            return True
        return None

    def mark(self, frame: int, mask: ObjectMask) -> None:
        """Note that the frame was computed."""
        bits = COMPUTED | (REVERSE if mask.reverse else 0)
        self.state[frame] = bits | (ANCHOR if frame in self.prompts else 0)
        self.object_score[frame] = mask.object_score
        self.predicted_iou[frame] = mask.predicted_iou
        self.area[frame] = mask.area
        self.centroid[frame] = mask.centroid
        self.flag[frame] = mask.flag

    def dependents(self, frame: int) -> np.ndarray:
        """Frames computed from an anchor at `frame`, not counting itself.

        A frame tracked forward depends on the anchors up to it and one tracked
        backward on the anchors from it on; each neighbouring anchor is a
        barrier, since its mask is the user's word.
        """
        before = self.anchor_before(frame - 1)
        after = self.anchor_after(frame + 1)
        first = 0 if before is None else before + 1
        stop = len(self.state) if after is None else after
        frames = np.arange(first, stop)
        state = self.state[first:stop]
        computed = state & COMPUTED != 0
        reverse = state & REVERSE != 0
        follows = np.where(frames > frame, ~reverse, reverse) & (frames != frame)
        dependents: np.ndarray = frames[computed & follows]
        return dependents

    def orphans(self) -> np.ndarray:
        """Return computed frames with no anchor left where they came from."""
        computed = self.state & COMPUTED != 0
        anchors = self.anchors
        if not anchors:
            return np.flatnonzero(computed)
        frames = np.arange(len(self.state))
        reverse = self.state & REVERSE != 0
        lost = np.where(reverse, frames > anchors[-1], frames < anchors[0])
        return np.flatnonzero(computed & lost)

    def mark_stale(self, frames: slice | np.ndarray) -> None:
        """Note that computed frames no longer follow from the prompts."""
        state = self.state[frames]
        self.state[frames] = np.where(state & COMPUTED, state | STALE, state)

    def clear(self, frames: np.ndarray) -> None:
        """Forget that `frames` were ever computed."""
        self.state[frames] = 0
        for scores in (self.object_score, self.predicted_iou, self.area, self.centroid):
            scores[frames] = np.nan
        self.flag[frames] = 0
