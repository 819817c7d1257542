"""When what the model made of an object on a frame is not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

from napari_sam2_ivos.core.results import Flag

SPREAD_SHARE, SPREAD_FACTOR = 0.5, 4.0
"""A mask has spread over the image if it covers more than this share of it, and was
this many times smaller before."""


class Extent(NamedTuple):
    """How large a mask is and where, in pixels of the movie.

    `y` and `x` are the centroid, the others the bounding box; all but the area are
    NaN if the mask is empty.
    """

    area: float
    y: float
    x: float
    y_min: float
    x_min: float
    y_max: float
    x_max: float


@dataclass(frozen=True)
class Guards:
    """Rules by which a tracked frame is left empty and kept out of the memory.

    Parameters
    ----------
    spread : bool
        Refuse a mask that has suddenly spread over half of the image.
    max_step_px : float, optional
        Refuse a mask whose centroid moved further than this from one frame to
        the next, pixels of the movie. Without it anything goes.
    """

    spread: bool = True
    max_step_px: float | None = None

    def flag(self, now: Extent, before: Extent, n_steps: int, n_pixels: int) -> Flag:
        """Judge a mask that the model says is there.

        Parameters
        ----------
        now, before : Extent
            The mask, and the last one that was trusted.
        n_steps : int
            How many frames that one is away.
        n_pixels : int
            Pixels of a plane.
        """
        if now.area == 0:
            return Flag.ABSENT
        if before.area == 0:
            return Flag.NONE
        has_spread = (
            now.area > SPREAD_SHARE * n_pixels
            and now.area > SPREAD_FACTOR * before.area
        )
        if self.spread and has_spread:
            return Flag.SPREAD
        step = hypot(now.y - before.y, now.x - before.x)
        if self.max_step_px is not None and step > self.max_step_px * n_steps:
            return Flag.JUMPED
        return Flag.NONE
