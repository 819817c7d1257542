"""Perimeters and convex hulls of all objects on a frame, without a loop over them."""

from __future__ import annotations

import math

import numpy as np

Step = tuple[int, int]


def perimeter(
    plane: np.ndarray, ids: np.ndarray, scale: tuple[float, float]
) -> np.ndarray:
    """Return the length of the outline of objects, holes included.

    By the formula of Crofton, which counts how often lines in four directions cross
    the outline. On square pixels this is `skimage.measure.perimeter_crofton`; on others
    the lines have other angles and distances (Lehmann and Legland, Insight Journal
    2012, and MorphoLibJ). It is right for outlines that run in all directions, and up
    to a sixth too short for small upright rectangles.

    Parameters
    ----------
    plane : ndarray, (Y, X) unsigned int
    ids : ndarray, (N,) int
        Labels to measure.
    scale : tuple of float
        Pixel size ``(y, x)``.
    """
    sy, sx = scale
    slope = math.atan2(sy, sx)
    area, diagonal = sy * sx, math.hypot(sy, sx)
    directions: tuple[tuple[Step, float, float], ...] = (
        # step from pixel to pixel, distance of lines, range of angles they stand for
        ((0, 1), sy, slope),
        ((1, 0), sx, math.pi / 2 - slope),
        ((1, 1), area / diagonal, math.pi / 4),
        ((1, -1), area / diagonal, math.pi / 4),
    )
    padded = np.pad(plane, 1)
    length = np.zeros(len(ids))
    for step, distance, angle in directions:
        length += distance * angle / 2 * _crossings(padded, step)[ids]
    return length


def _crossings(padded: np.ndarray, step: Step) -> np.ndarray:
    """Count by label how often one enters or leaves it along a direction."""
    down, right = step
    n_rows, n_columns = padded.shape[0] - down, padded.shape[1] - abs(right)
    left, back = max(0, right), max(0, -right)
    here = padded[:n_rows, back : back + n_columns]
    there = padded[down:, left : left + n_columns]
    at = np.flatnonzero(here != there)
    n = int(padded.max()) + 1
    met = np.concatenate([here.ravel()[at], there.ravel()[at]])
    return np.bincount(met, minlength=n)


def convex_area(rows: np.ndarray, columns: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the area of the convex hull of the pixels, as squares, of each object.

    Parameters
    ----------
    rows, columns : ndarray, (P,) int
        Pixels of all objects, object by object in raster order.
    first : ndarray, (N,) int
        Where each object begins.

    Returns
    -------
    ndarray, (N,) float
        In pixels; not smaller than the number of pixels.
    """
    starts = np.zeros(len(rows), bool)
    starts[first] = True
    owner = np.cumsum(starts) - 1
    starts[1:] |= rows[1:] != rows[:-1]
    begin = np.flatnonzero(starts)
    end = np.append(begin[1:], len(rows)) - 1
    # Corners in half pixels, so that they are whole: two per row on either side.
    y = (2 * rows[begin, None] + (-1, 1)).ravel()
    owner = np.repeat(owner[begin], 2)
    left = _envelope(owner, y, np.repeat(2 * columns[begin] - 1, 2))
    right = _envelope(owner, y, np.repeat(-2 * columns[end] - 1, 2))
    # The right side is mirrored: what lies between them is minus their sum.
    return -(_below(*left, len(first)) + _below(*right, len(first))) / 4


def _envelope(
    owner: np.ndarray, y: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep, of the points of each owner in order of y, the corners of its left hull.

    A point to the right of the line between its neighbours is no corner, whatever
    else is dropped at the same time, so all such go at once until there are none.
    """
    while True:
        y0, y1, y2 = y[:-2], y[1:-1], y[2:]
        x0, x1, x2 = x[:-2], x[1:-1], x[2:]
        inside = (x1 - x0) * (y2 - y0) >= (x2 - x0) * (y1 - y0)
        inside &= owner[:-2] == owner[2:]
        if not inside.any():
            return owner, y, x
        keep = np.ones(len(y), bool)
        keep[1:-1] = ~inside
        owner, y, x = owner[keep], y[keep], x[keep]


def _below(owner: np.ndarray, y: np.ndarray, x: np.ndarray, n: int) -> np.ndarray:
    """Integrate x over y along the line through the points of each owner."""
    same = owner[1:] == owner[:-1]
    area = np.where(same, (y[1:] - y[:-1]) * (x[1:] + x[:-1]) / 2, 0.0)
    return np.bincount(owner[1:], area, minlength=n)
