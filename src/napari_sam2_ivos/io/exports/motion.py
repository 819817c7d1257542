"""How far and how fast objects move, from their centroids frame by frame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = tuple[float, float]


class _Course(NamedTuple):
    """Where an object was first and last, and how far it went so far."""

    first: Place
    last: Place
    frame: int
    path_px: float
    path: float


class Motion:
    """Where every object was last, so that frames need to be looked at only once.

    Parameters
    ----------
    scale : tuple of float, optional
        Pixel size ``(y, x)``.
    interval_s : float, optional
        Seconds between frames.
    """

    def __init__(
        self, scale: tuple[float, float] | None, interval_s: float | None
    ) -> None:
        self._scale = scale or (math.nan, math.nan)
        self._interval_s = interval_s or math.nan
        self._courses: dict[int, _Course] = {}

    def at(
        self, frame: int, track_ids: Sequence[int], centroids: Sequence[Place]
    ) -> dict[str, np.ndarray]:
        """Return how objects came to where they are on a frame.

        Parameters
        ----------
        frame : int
            Later than at the call before.
        track_ids : sequence of int
            Objects on this frame.
        centroids : sequence of (y, x)
            In pixels.

        Returns
        -------
        dict of str to ndarray, (N,) float
            Columns of the table by name; NaN where there is no answer.
        """
        rows = [
            self._move(frame, track_id, place)
            for track_id, place in zip(track_ids, centroids, strict=True)
        ]
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def _move(self, frame: int, track_id: int, place: Place) -> dict[str, float]:
        course = self._courses.get(track_id)
        if course is None:
            course = _Course(place, place, frame, 0.0, 0.0)
            step_px = step = n_frames = math.nan
            path_px, path = 0.0, 0.0 * self._scale[0]
        else:
            step_px, step = self._distances(course.last, place)
            n_frames = frame - course.frame
            path_px, path = course.path_px + step_px, course.path + step
        self._courses[track_id] = _Course(course.first, place, frame, path_px, path)
        net_px, net = self._distances(course.first, place)
        return {
            "displacement_px": step_px,
            "displacement": step,
            "speed_px_per_frame": step_px / n_frames,
            "speed": step / (n_frames * self._interval_s),
            "centroid_step_px": step_px if n_frames == 1 else math.nan,
            "path_length_px": path_px,
            "path_length": path,
            "net_displacement_px": net_px,
            "net_displacement": net,
        }

    def _distances(self, a: Place, b: Place) -> tuple[float, float]:
        """Return how far it is from `a` to `b` in pixels and in the unit."""
        dy, dx = b[0] - a[0], b[1] - a[1]
        return math.hypot(dy, dx), math.hypot(dy * self._scale[0], dx * self._scale[1])
