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
    corrections = np.cumsum(track.state & (ANCHOR | FINE) == ANCHOR)
    n_fine = np.append(0, np.cumsum(track.state & FINE != 0))
    taken: list[int] = []
    found: list[Finding] = []
    for where, describe in doubts.gravest_first():
        first, last = _stretches(where, corrections)
        is_fine = n_fine[last + 1] > n_fine[first]
        near = np.searchsorted(taken, (first - NEAR, last + NEAR + 1))
        is_new = near[0] == near[1]
        for i in np.flatnonzero(is_new):
            frame, doubt, text = describe(int(first[i]), int(last[i]))
            taken.append(frame)
            if not is_fine[i]:
                found.append(Finding(track.track_id, frame, doubt, text))
        taken.sort()
    return sorted(found, key=lambda finding: finding.frame)


def _stretches(
    where: npt.NDArray[Any], corrections: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the first and last frames of stretches in which frames are near.

    A correction by the user ends a stretch: what comes after it is new.
    """
    frames = np.flatnonzero(where)
    if not frames.size:
        return frames, frames
    ends = (np.diff(frames) > NEAR) | (np.diff(corrections[frames]) > 0)
    return frames[np.append(True, ends)], frames[np.append(ends, True)]


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
        step = np.where(both, np.hypot(y, x), 0)
        self.factor = np.where(
            self.reverse, np.append(1 / ratio, 1), np.append(1, ratio)
        )
        self.step = np.where(self.reverse, np.append(step, 0), np.append(0, step))
        self.usual = float(np.median(step[both])) if both.any() else 0.0

    def gravest_first(
        self,
    ) -> Iterator[tuple[npt.NDArray[Any], Callable[[int, int], _Place]]]:
        """Yield where each doubt holds, and how a stretch of it is described."""
        tracked, iou = self.tracked, self.track.predicted_iou
        yield self._away(), self._absence
        diameter = 2 * np.sqrt(self.track.area / np.pi)
        far = np.maximum(STEP_SHARE * diameter, STEP_FACTOR * self.usual)
        yield tracked & (self.step > far), self._jump
        at_once = (self.factor > AREA_FACTOR) | (self.factor < 1 / AREA_FACTOR)
        yield tracked & at_once, self._change
        self.low = tracked & (iou < LOW_IOU)
        yield self.low, self._low
        yield tracked & (self.track.neighbour > 0) & (iou < TOUCH_IOU), self._touch

    def _away(self) -> npt.NDArray[Any]:
        """Return frames without a mask that should have one, unless the user said so.

        An object that was not found before the first frame that it was prompted on
        has most likely come into being there. Between masks that came from elsewhere
        a frame need not be computed to be missed.
        """
        state, there = self.track.state, self.there
        gone = np.zeros(there.size, bool)
        for frame, prompts in self.track.prompts.items():
            gone[frame] = prompts.is_absence
        if not there.any():
            return there
        is_known = there | gone
        known, at = np.flatnonzero(is_known), np.cumsum(is_known) - is_known
        has_before, has_after = at > 0, at < known.size
        before, after = known[at - 1], known[at - known.size]
        away = self.fresh & ~there & ~gone
        away &= np.where(
            self.reverse, has_after & there[after], has_before & there[before]
        )
        first = int(there.argmax())
        if first in self.track.prompts:
            away[:first] = False
        given = state & GIVEN != 0
        is_between = has_before & has_after & given[before] & given[after]
        return away | (is_between & (state & COMPUTED == 0))

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

    def _jump(self, first: int, last: int) -> _Place:
        return first, Doubt.JUMP, f"jumped by {self.step[first]:.0f} pixels"

    def _change(self, first: int, last: int) -> _Place:
        times, word = self.factor[first], "larger"
        if times < 1:
            times, word = 1 / times, "smaller"
        return first, Doubt.AREA, f"{times:.1f} times {word}"

    def _low(self, first: int, last: int) -> _Place:
        frames = slice(first, last + 1)
        iou = np.where(self.low[frames], self.track.predicted_iou[frames], 1.0)
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
