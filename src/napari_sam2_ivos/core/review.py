"""Where a person should look: frames on which an object may have gone wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, FINE, GIVEN, REVERSE, STALE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from napari_sam2_ivos.core.tracks import Track

    _Place = tuple[int, "Doubt", str]
    """A frame to look at, why, and that in words."""

LOW_IOU, FAIR_IOU = 0.6, 0.8
"""Below these, the model's own estimate of a mask's IoU is low, or only fair: three
in four of the masks below the first are wrong, one in ten of those above the second."""

TOUCH_IOU = 0.85
"""Touching another object is no reason to look where the estimate is above this."""

AREA_FACTOR = 1.7
"""A mask that grows or shrinks by more than this from one frame to the next."""

STEP_SHARE, STEP_FACTOR = 0.5, 2.0
"""A mask that moves further than this share of its diameter from one frame to the
next, and than this many times what is usual for the object."""

NEAR = 5
"""Frames; places of an object that are this close to each other count as one."""


class Doubt(StrEnum):
    """Why a place is suspicious, in words; the gravest first."""

    SPREAD = "spread over the image"
    LOST = "lost from here on"
    GAP = "missing for a moment"
    PARTS = "in several parts"
    JUMP = "jumped"
    AREA = "suddenly larger or smaller"
    LOW = "the model is not sure"
    TOUCH = "touches another object"


@dataclass(frozen=True, slots=True)
class Finding:
    """A suspicious place.

    Parameters
    ----------
    track_id : int
    frame : int
        Where to look first.
    doubt : Doubt
    text : str
        The doubt in a few words, with numbers.
    """

    track_id: int
    frame: int
    doubt: Doubt
    text: str


def findings(track: Track) -> list[Finding]:
    """Return the suspicious places of an object, by frame.

    One for each stretch of frames with the same doubt, and none where a graver one
    is near. Not where the user has prompted, and no stretch on which the user has
    found any frame fine; nor what is out of date and waits to be computed anew.
    """
    doubts = _Doubts(track)
    corrections = np.flatnonzero(track.state & (ANCHOR | FINE) == ANCHOR)
    fine = np.flatnonzero(track.state & FINE)
    taken: list[int] = []
    found: list[Finding] = []
    for frames, describe in doubts.gravest_first():
        if not frames.size:
            continue
        first, last = _stretches(frames, corrections)
        is_fine = _has_any(fine, first, last)
        is_near = _has_any(taken, first - NEAR, last + NEAR)
        for i in np.flatnonzero(~is_near):
            frame, doubt, text = describe(int(first[i]), int(last[i]))
            taken.append(frame)
            if not is_fine[i]:
                found.append(Finding(track.track_id, frame, doubt, text))
        taken.sort()
    return sorted(found, key=lambda finding: finding.frame)


def _stretches(
    frames: npt.NDArray[Any], corrections: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the first and last frames of stretches in which frames are near.

    A correction by the user ends a stretch: what comes after it is new.
    """
    is_far = np.diff(frames) > NEAR
    ends = is_far | _has_any(corrections, frames[:-1], frames[1:])
    return frames[np.append(True, ends)], frames[np.append(ends, True)]


def _has_any(
    frames: npt.ArrayLike, first: npt.NDArray[Any], last: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Return which stretches contain any of some frames, which are in order."""
    return np.searchsorted(frames, first) < np.searchsorted(frames, last, "right")


class _Doubts:
    """The frames of one object, each compared with the one it was tracked from."""

    def __init__(self, track: Track) -> None:
        self.track = track
        state, area = track.state, track.area
        self.reverse = state & REVERSE != 0
        self.fresh = state & (COMPUTED | STALE) == COMPUTED
        self.there = self.fresh & (area > 0)
        self.tracked = self.there & (state & ANCHOR == 0)
        both = self.there[1:] & self.there[:-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(both, area[1:] / area[:-1], 1)
        y, x = np.diff(track.centroid, axis=0).T
        step = np.where(both, np.sqrt(y * y + x * x), 0)
        self.factor = np.where(
            self.reverse, np.append(1 / ratio, 1), np.append(1, ratio)
        )
        self.step = np.where(self.reverse, np.append(step, 0), np.append(0, step))

    def gravest_first(
        self,
    ) -> Iterator[tuple[npt.NDArray[Any], Callable[[int, int], _Place]]]:
        """Yield the frames of each doubt, and how a stretch of them is described."""
        tracked, iou = self.tracked, self.track.predicted_iou
        yield self._away(), self._absence
        yield np.flatnonzero(tracked & self.track.in_parts), self._parts
        yield self._far(), self._jump
        at_once = (self.factor > AREA_FACTOR) | (self.factor < 1 / AREA_FACTOR)
        yield np.flatnonzero(tracked & at_once), self._change
        yield np.flatnonzero(tracked & (iou < LOW_IOU)), self._low
        touching = tracked & (self.track.neighbour > 0) & (iou < TOUCH_IOU)
        yield np.flatnonzero(touching), self._touch

    def _away(self) -> npt.NDArray[Any]:
        """Return frames without a mask that should have one, unless the user said so.

        An object that was not found before the first frame that it was prompted on
        has most likely come into being there. Between masks that came from elsewhere
        a frame need not be computed to be missed.
        """
        state, there = self.track.state, self.there
        is_known = there.copy()
        for frame, prompts in self.track.prompts.items():
            is_known[frame] |= prompts.is_absence
        known, unknown = np.flatnonzero(is_known), np.flatnonzero(~is_known)
        if not there.any():
            return known[:0]
        at = np.searchsorted(known, unknown)
        has_before, has_after = at > 0, at < known.size
        before, after = known[at - 1], known[at - known.size]
        follows = np.where(
            self.reverse[unknown], has_after & there[after], has_before & there[before]
        )
        first = int(there.argmax())
        if first in self.track.prompts:
            follows &= unknown > first
        given = state & GIVEN != 0
        is_between = has_before & has_after & given[before] & given[after]
        never = state[unknown] & COMPUTED == 0
        tracked = self.fresh[unknown] & (state[unknown] & ANCHOR == 0)
        return unknown[(tracked & follows) | (never & is_between)]

    def _far(self) -> npt.NDArray[Any]:
        """Return frames onto which it moved far, for its size and for its habits."""
        diameter = 2 * np.sqrt(self.track.area / np.pi)
        far = np.flatnonzero(self.tracked & (self.step > STEP_SHARE * diameter))
        if not far.size:
            return far
        usual = np.median(self.step[self.step > 0])
        return far[self.step[far] > STEP_FACTOR * usual]

    def _absence(self, first: int, last: int) -> _Place:
        there = self.there
        at = last if self.reverse[last] else first
        if not there[:first].any():
            return at, Doubt.LOST, "not found before here"
        if self.track.flag[at] == Flag.SPREAD:
            return at, Doubt.SPREAD, str(Doubt.SPREAD)
        if self.track.flag[at] == Flag.JUMPED:
            return at, Doubt.JUMP, str(Flag.JUMPED)
        if not there[last:].any():
            return at, Doubt.LOST, str(Doubt.LOST)
        stop = last + int(there[last:].argmax())
        n = int(np.count_nonzero(~there[first:stop]))
        frames = "this frame" if n == 1 else f"{n} frames"
        return at, Doubt.GAP, f"missing on {frames}"

    def _parts(self, first: int, last: int) -> _Place:
        at = last if self.reverse[last] else first
        return at, Doubt.PARTS, "in several parts; has it divided?"

    def _jump(self, first: int, last: int) -> _Place:
        return first, Doubt.JUMP, f"jumped by {self.step[first]:.0f} pixels"

    def _change(self, first: int, last: int) -> _Place:
        times, word = self.factor[first], "larger"
        if times < 1:
            times, word = 1 / times, "smaller"
        return first, Doubt.AREA, f"{times:.1f} times {word}"

    def _low(self, first: int, last: int) -> _Place:
        frames = slice(first, last + 1)
        iou = np.where(self.tracked[frames], self.track.predicted_iou[frames], 1.0)
        return first + int(iou.argmin()), Doubt.LOW, str(Doubt.LOW)

    def _touch(self, first: int, last: int) -> _Place:
        return first, Doubt.TOUCH, f"touches object {self.track.neighbour[first]}"


class Level(StrEnum):
    """How sure a frame of an object is, for a picture of all of them."""

    NONE = "not computed"
    EMPTY = "not there"
    LOW = "the model is not sure"
    FAIR = "the model is fairly sure"
    GOOD = "the model is sure"
    OLD = "prompts changed since"


LEVELS = tuple(Level)
"""In the order of the numbers that `levels` gives."""


def levels(track: Track) -> npt.NDArray[np.uint8]:
    """Return the index into `LEVELS` of each frame, ``(T,)`` uint8."""
    state, there = track.state, track.area > 0
    iou = np.where(state & (ANCHOR | GIVEN | FINE), 1.0, track.predicted_iou)
    out = np.full(state.shape, LEVELS.index(Level.GOOD), np.uint8)
    out[iou < FAIR_IOU] = LEVELS.index(Level.FAIR)
    out[iou < LOW_IOU] = LEVELS.index(Level.LOW)
    out[~there] = LEVELS.index(Level.EMPTY)
    out[state & STALE != 0] = LEVELS.index(Level.OLD)
    out[state & COMPUTED == 0] = LEVELS.index(Level.NONE)
    return out
