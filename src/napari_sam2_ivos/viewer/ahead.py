"""Frames around the one on screen are read and encoded before they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.core.planning import plan_encoding

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.viewer.spare import Place

N_AHEAD, N_BEHIND = 20, 5
"""How many frames after and before the one on screen."""


class Ahead:
    """Has frames encoded, so that a click or tracking there is quick.

    Each place is worked off once. A frame that is still in the model's cache
    costs next to nothing, so nobody keeps a list of those. If a frame fails,
    the place is left: its frames will fail again where they are asked for.
    See `viewer.jobs.SpareWork`.

    Parameters
    ----------
    n_frames : int
        Of the movie.
    place : callable
        Returns around where to encode, None for nowhere.
    """

    def __init__(self, n_frames: int, place: Callable[[], Place | None]) -> None:
        self._n_frames = n_frames
        self._place = place
        self._around: Place | None = None
        self._left: list[int] = []

    def plan(self) -> Plan | None:
        """Return a plan of the frames that are left to encode."""
        place = self._place()
        if place is None:
            return None
        if place != self._around:
            self._around, self._left = place, frames_around(place.frame, self._n_frames)
        return plan_encoding(self._left) if self._left else None

    def take(self, result: FrameResult, plan: Plan) -> None:
        """Take note that a frame is encoded."""
        if result.frame in self._left:
            self._left.remove(result.frame)

    def done(self) -> None:
        """Leave this place."""
        self._left.clear()


def frames_around(frame: int, n_frames: int) -> list[int]:
    """Return a frame and those around it, nearest first."""
    wanted = range(max(0, frame - N_BEHIND), min(n_frames, frame + N_AHEAD + 1))
    return sorted(wanted, key=lambda at: (abs(at - frame), at < frame))
