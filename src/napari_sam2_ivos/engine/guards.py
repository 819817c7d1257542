"""When what the model made of an object on a frame is not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.results import Flag

if TYPE_CHECKING:
    from napari_sam2_ivos.engine.memory import Memory

SPREAD_SHARE, SPREAD_FACTOR = 0.5, 4.0
"""A mask has spread over the image if it covers more than this share of it, and was
this many times smaller before."""


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

    def flag(self, now: Memory, before: Memory, n_steps: int, n_pixels: int) -> Flag:
        """Judge a memory.

        Parameters
        ----------
        now : Memory
        before : Memory
            The last one that was trusted.
        n_steps : int
            How many frames it is away.
        n_pixels : int
            Pixels of a plane.
        """
        if now.object_score <= 0 or now.area == 0:
            return Flag.ABSENT
        if before.area == 0:
            return Flag.NONE
        if (
            self.spread
            and now.area > SPREAD_SHARE * n_pixels
            and now.area > SPREAD_FACTOR * before.area
        ):
            return Flag.SPREAD
        if self.max_step_px is not None:
            (y, x), (y0, x0) = now.centroid, before.centroid
            if hypot(y - y0, x - x0) > self.max_step_px * n_steps:
                return Flag.JUMPED
        return Flag.NONE
