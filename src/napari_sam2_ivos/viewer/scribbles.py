"""Scribbles as clicks: what a path drawn by hand says, point by point."""

from __future__ import annotations

import numpy as np

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import Point

OPEN = ("path", "line")
"""Kinds of napari shapes that are scribbles: a shape that encloses nothing."""

MOST = 8
"""Points of one scribble at most; more tell the model no more and cost time."""

APART = 1 / 64
"""Distance of points that tell the model different things, in sides of the image."""


def scribble_points(
    vertices: np.ndarray, plane_shape: tuple[int, int], positive: bool
) -> tuple[Point, ...]:
    """Return the clicks that a scribble stands for, in the order it was drawn.

    They lie evenly along what is inside the image, each in the middle of its
    share, since it is at the ends that a hand slips.

    Parameters
    ----------
    vertices : ndarray, (N, 2)
        ``(y, x)`` in pixels of the movie.
    plane_shape : (int, int)
    positive : bool

    Returns
    -------
    tuple of Point
        2 to 8 of them.

    Raises
    ------
    PromptError
        If it has no length, or no part of it is inside the image.
    """
    steps = np.hypot(*np.diff(vertices, axis=0).T)
    length = steps.sum()
    if not length:
        raise PromptError(
            "A scribble has no length. Keep the mouse button down while you draw it."
        )
    at = np.linspace(0, length, 2 + int(2 * length))  # half a pixel or less apart
    along = np.concatenate([[0], np.cumsum(steps)])
    path = np.stack([np.interp(at, along, axis) for axis in vertices.T], axis=1)
    limits = np.array(plane_shape) - 0.5
    path = path[((path >= -0.5) & (path <= limits)).all(axis=1)]
    if not len(path):
        raise PromptError("A scribble lies outside the image. Draw it on the object.")
    inside = length * len(path) / len(at)
    count = int(np.clip(round(inside / (APART * max(plane_shape))), 2, MOST))
    chosen = path[((np.arange(count) + 0.5) / count * len(path)).astype(int)]
    return tuple(Point(float(y), float(x), positive) for y, x in chosen)
