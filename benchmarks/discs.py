"""A movie of discs that is made frame by frame as it is read."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

import numpy as np

WANDER = 4.0
"""Radius in pixels of the circle that each disc goes round."""


class Discs:
    """Bright discs at distinct places, an array ``(T, Y, X)`` that is nowhere held.

    Discs do not touch, so that even a model with random weights is given sound
    prompts, and a movie of any length takes the memory of one frame.

    Parameters
    ----------
    n_frames : int
    side : int
        Height and width in pixels.
    n_discs : int
    """

    def __init__(self, n_frames: int, side: int, n_discs: int) -> None:
        self.shape = (n_frames, side, side)
        self.dtype = np.dtype(np.uint16)
        grid = max(4, ceil(sqrt(n_discs)))
        step = side / grid
        at = (np.arange(grid) + 0.5) * step
        centres = np.stack(np.meshgrid(at, at, indexing="ij"), -1).reshape(-1, 2)
        self._centres = centres[:n_discs]
        self._radius = 0.3 * step
        rng = np.random.default_rng(0)
        self._noise = rng.normal(300, 30, (side, side)).astype(np.uint16)

    def __getitem__(self, index: tuple[Any, ...]) -> np.ndarray:
        """Draw the frame of an index ``(t,)`` or ``(t, rows, columns)``."""
        frame, *part = index
        plane = np.roll(self._noise, 7 * frame, axis=0)
        for number in range(len(self._centres)):
            rows, columns, inside = self._disc(number, frame)
            plane[rows, columns] += np.where(inside, 900, 0).astype(np.uint16)
        return plane[tuple(part)]

    def mask(self, number: int, frame: int) -> np.ndarray:
        """Return the true ``(Y, X)`` mask of a disc."""
        plane = np.zeros(self.shape[1:], bool)
        rows, columns, inside = self._disc(number, frame)
        plane[rows, columns] = inside
        return plane

    def centre(self, number: int, frame: int) -> tuple[float, float]:
        """Return the ``(y, x)`` centre of a disc."""
        angle = 0.2 * frame + number
        y, x = self._centres[number] + WANDER * np.array([np.sin(angle), np.cos(angle)])
        return float(y), float(x)

    def _disc(self, number: int, frame: int) -> tuple[slice, slice, np.ndarray]:
        """Return a window around a disc, and which of its pixels are inside."""
        y0, x0 = self.centre(number, frame)
        reach = ceil(self._radius) + 1
        top, left = int(y0) - reach, int(x0) - reach
        y, x = np.ogrid[: 2 * reach + 1, : 2 * reach + 1]
        inside = (y + top - y0) ** 2 + (x + left - x0) ** 2 < self._radius**2
        bottom, right = top + 2 * reach + 1, left + 2 * reach + 1
        return slice(top, bottom), slice(left, right), inside
