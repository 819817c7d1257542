"""One object: its prompts and which of its frames are computed, and from what."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from copy import copy
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_sam2_ivos.core.views import View

if TYPE_CHECKING:
    from napari_sam2_ivos.core.prompts import FramePrompts, Mask
    from napari_sam2_ivos.core.results import ObjectMask

Direction = Literal["forward", "backward", "both", "nearest"]

COMPUTED, STALE, REVERSE, ANCHOR, FINE, GIVEN = 1, 2, 4, 8, 16, 32
"""Bits of a cell's state; no bit set means that the frame was never computed."""

CELLS = (
    "state",
    "object_score",
    "predicted_iou",
    "area",
    "centroid",
    "flag",
    "neighbour",
    "in_parts",
    "window",
    "view",
)
"""Names of the arrays of a track that have one value per frame."""


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
    name, class_name : str
        What the user calls it, and what kind of thing it is; empty if unsaid.
    parent : int or None
        Track ID of the object that it came from by division.
    lifespan : range
        Frames on which it may exist; the whole movie by default.
    is_locked : bool
        Whether nothing may change it: no run, no prompt, no other object.
    state : ndarray, (T,) uint8
        `COMPUTED`, `STALE`, `REVERSE` (tracked backward), `ANCHOR`, `FINE` (the
        user found nothing wrong with it) and `GIVEN` (its pixels are not what the
        model made of the prompts: they came from a file or from another object)
        bits.
    object_score, predicted_iou : ndarray, (T,) float32
        What the model said about each computed frame, NaN elsewhere.
    area : ndarray, (T,) float32
        Pixels of each computed mask, NaN elsewhere.
    centroid : ndarray, (T, 2) float32
        Mean ``(y, x)`` of each computed mask; NaN elsewhere and where it is empty.
    flag : ndarray, (T,) uint8
        `core.results.Flag` of each computed frame, 0 elsewhere.
    neighbour : ndarray, (T,) uint16
        Track ID of an object that it touches, 0 for none.
    in_parts : ndarray, (T,) bool
        Whether its mask falls into parts, see `core.results.ObjectMask`.
    window : ndarray, (T, 4) int32
        ``(y0, x0, y1, x1)``, ends not included: outside it the object has no
        pixel in the label plane.
    view : ndarray, (T, 4) int32
        `core.views.View` that the model looked at, 0 where it looked at nothing.
    version : int
        The session's edit that last changed it; a result planned for another
        version is dropped.
    revision : int
        Counts every change of a cell, results of the model too: what was made of
        its cells is up to date as long as this is the same.
    """

    def __init__(self, track_id: int, n_frames: int) -> None:
        self.track_id = track_id
        self.prompts: dict[int, FramePrompts] = {}
        self.name = ""
        self.class_name = ""
        self.parent: int | None = None
        self.lifespan = range(n_frames)
        self.is_locked = False
        self.state = np.zeros(n_frames, np.uint8)
        self.object_score = np.full(n_frames, np.nan, np.float32)
        self.predicted_iou = np.full(n_frames, np.nan, np.float32)
        self.area = np.full(n_frames, np.nan, np.float32)
        self.centroid = np.full((n_frames, 2), np.nan, np.float32)
        self.flag = np.zeros(n_frames, np.uint8)
        self.neighbour = np.zeros(n_frames, np.uint16)
        self.in_parts = np.zeros(n_frames, bool)
        self.window = np.zeros((n_frames, 4), np.int32)
        self.view = np.zeros((n_frames, 4), np.int32)
        self.version = 0
        self.revision = 0

    def copy(self) -> Track:
        """Return a copy that shares nothing that changes."""
        made = copy(self)
        made.prompts = dict(self.prompts)
        for name in CELLS:
            setattr(made, name, getattr(self, name).copy())
        return made

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

    def is_given(self, frame: int) -> bool:
        """Whether its mask on a frame came from elsewhere than the model."""
        return bool(self.state[frame] & GIVEN)

    def differs_from(self, other: Track) -> list[int]:
        """Return the frames that follow from other prompts in `other` than here."""
        frames: set[int] = set()
        for at in self.prompts.keys() | other.prompts.keys():
            if self.prompts.get(at) == other.prompts.get(at):
                continue
            for track in (self, other):
                before, after = track.anchor_before(at - 1), track.anchor_after(at + 1)
                first = 0 if before is None else before + 1
                stop = len(self.state) if after is None else after
                frames.update(range(first, stop))
        return sorted(frames)

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

    def mark(self, frame: int, mask: ObjectMask, neighbour: int = 0) -> None:
        """Note that the frame was computed, and which other object it touches."""
        self.revision += 1
        bits = COMPUTED | (REVERSE if mask.reverse else 0)
        if self.shows(frame, mask):
            bits |= int(self.state[frame]) & FINE
        self.state[frame] = bits | (ANCHOR if frame in self.prompts else 0)
        self.object_score[frame] = mask.object_score
        self.predicted_iou[frame] = mask.predicted_iou
        self.area[frame] = mask.area
        self.centroid[frame] = mask.centroid
        self.flag[frame] = mask.flag
        self.neighbour[frame] = neighbour
        self.in_parts[frame] = mask.in_parts
        self.window[frame] = _corners(*mask.window)
        self.view[frame] = 0 if mask.view is None else mask.view

    def shows(self, frame: int, mask: ObjectMask) -> bool:
        """Whether its mask on a frame was made of this one, by all that is noted."""
        is_there = tuple(self.window[frame].tolist()) == _corners(*mask.window)
        return is_there and bool(self.area[frame] == mask.area)

    def window_on(self, frame: int) -> tuple[slice, slice]:
        """Return the part of the label plane that can hold its pixels."""
        y0, x0, y1, x1 = self.window[frame].tolist()
        return slice(y0, y1), slice(x0, x1)

    def view_on(self, frame: int) -> View | None:
        """Return the part of a frame that the model looked at, None if it did not."""
        view = View(*self.view[frame].tolist())
        return view if view.height else None

    def widen(self, frame: int, mask: Mask) -> None:
        """Take note that its pixels on a frame may now lie in `mask` too."""
        if not mask.pixels.size:
            return
        y0, x0, y1, x1 = self.window[frame].tolist()
        a0, b0, a1, b1 = _corners(*mask.window)
        if y1 > y0:
            a0, b0, a1, b1 = min(a0, y0), min(b0, x0), max(a1, y1), max(b1, x1)
        self.window[frame] = a0, b0, a1, b1

    def dependents(self, frame: int) -> np.ndarray:
        """Frames computed from an anchor at `frame`, not counting itself.

        A frame tracked forward depends on the anchors up to it and one tracked
        backward on the anchors from it on; each neighbouring anchor is a
        barrier, since its mask is the user's word. Masks that were given follow
        from no prompt.
        """
        before = self.anchor_before(frame - 1)
        after = self.anchor_after(frame + 1)
        first = 0 if before is None else before + 1
        stop = len(self.state) if after is None else after
        frames = np.arange(first, stop)
        state = self.state[first:stop]
        computed = state & (COMPUTED | GIVEN) == COMPUTED
        reverse = state & REVERSE != 0
        follows = np.where(frames > frame, ~reverse, reverse) & (frames != frame)
        dependents: np.ndarray = frames[computed & follows]
        return dependents

    def orphans(self) -> np.ndarray:
        """Return computed frames with no anchor left where they came from."""
        computed = self.state & (COMPUTED | GIVEN) == COMPUTED
        anchors = self.anchors
        if not anchors:
            return np.flatnonzero(computed)
        frames = np.arange(len(self.state))
        reverse = self.state & REVERSE != 0
        lost = np.where(reverse, frames > anchors[-1], frames < anchors[0])
        return np.flatnonzero(computed & lost)

    def mark_stale(self, frames: slice | np.ndarray) -> None:
        """Note that computed frames no longer follow from the prompts."""
        self.revision += 1
        state = self.state[frames]
        self.state[frames] = np.where(state & COMPUTED, state | STALE, state)

    def set_bits(self, frames: np.ndarray, bits: int) -> None:
        """Set bits of the state of some frames."""
        self.revision += 1
        self.state[frames] |= np.uint8(bits)

    def clear(self, frames: np.ndarray) -> None:
        """Forget that `frames` were ever computed."""
        self.revision += 1
        for name in CELLS:
            cells = getattr(self, name)
            cells[frames] = np.nan if cells.dtype.kind == "f" else 0

    def take(self, other: Track, frames: np.ndarray) -> None:
        """Take over the cells of another object on `frames`, and its prompts there."""
        self.revision += 1
        for name in CELLS:
            getattr(self, name)[frames] = getattr(other, name)[frames]
        for frame in frames.tolist():
            self.prompts.pop(frame, None)
            if frame in other.prompts:
                self.prompts[frame] = other.prompts.pop(frame)
        other.clear(frames)

    def mark_given(self, frame: int, mask: Mask) -> None:
        """Note that the mask of a frame came from elsewhere than the model."""
        self.clear(np.array([frame]))
        self.state[frame] = COMPUTED | GIVEN
        self.area[frame] = np.count_nonzero(mask.pixels)
        self.centroid[frame] = mask.centroid
        self.widen(frame, mask)


def _corners(rows: slice, columns: slice) -> tuple[int, int, int, int]:
    return rows.start, columns.start, rows.stop, columns.stop
