"""Shapes between two shapes, for frames on which an object was missed."""

from __future__ import annotations

import numpy as np

from napari_sam2_ivos.core.prompts import Mask


def shapes_between(
    first: Mask, last: Mask, n: int, plane_shape: tuple[int, int]
) -> list[Mask]:
    """Return `n` masks on the way from one mask to another.

    Signed distances to the outlines are averaged, and the centroid moves on a
    straight line (shape-based interpolation, Raya and Udupa 1990). What would leave
    the plane is cut. Where nothing is left, the nearer of the two masks is moved.
    """
    size = np.max([first.pixels.shape, last.pixels.shape], axis=0) * 2 + 3
    way = np.subtract(last.centroid, first.centroid)
    corner = np.round(first.centroid).astype(int) - size // 2
    distances = [
        _signed(first, corner, size),
        _signed(last, corner + np.round(way).astype(int), size),
    ]
    made = []
    for share in np.arange(1, n + 1) / (n + 1):
        pixels = np.average(distances, axis=0, weights=[1 - share, share]) > 0
        if not pixels.any():
            pixels = distances[int(share > 0.5)] > 0
        at = np.argwhere(pixels) + corner + np.round(share * way).astype(int)
        at = at[((at >= 0) & (at < plane_shape)).all(axis=1)]
        made.append(_of_pixels(at))
    return made


def _of_pixels(at: np.ndarray) -> Mask:
    """Return the mask of pixels given as ``(N, 2)`` rows and columns."""
    if not len(at):
        return Mask(0, 0, np.zeros((0, 0), bool))
    top, left = at.min(axis=0).tolist()
    pixels = np.zeros(at.max(axis=0) + 1 - (top, left), bool)
    pixels[tuple((at - (top, left)).T)] = True
    return Mask(top, left, pixels)


def _signed(mask: Mask, corner: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return distances to an outline, above 0 inside, in a part of the plane."""
    row, column = np.subtract((mask.top, mask.left), corner)
    height, width = mask.pixels.shape
    inside = np.zeros(size, bool)
    inside[row : row + height, column : column + width] = mask.pixels
    return _distance(inside) - _distance(~inside)


def _distance(inside: np.ndarray) -> np.ndarray:
    """Return how far each pixel is from the nearest one that is not `inside`."""
    height, width = inside.shape
    rows = np.arange(height)[:, None]
    far = height + width
    above = np.maximum.accumulate(np.where(inside, -far, rows), axis=0)
    below = np.minimum.accumulate(np.where(inside, 2 * far, rows)[::-1], axis=0)[::-1]
    vertical = np.minimum(rows - above, below - rows).astype(float) ** 2
    columns = np.arange(width)
    squared = np.full(inside.shape, np.inf)
    for column in range(width):
        horizontal = (columns - column) ** 2
        np.minimum(squared, vertical[:, column, None] + horizontal, out=squared)
    return np.sqrt(squared)
