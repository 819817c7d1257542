"""Drawn shapes as boxes and masks, and masks as drawn outlines."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.draw import polygon

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import Box, Mask

CLOSED = ("polygon", "ellipse")
"""Kinds of napari shapes that enclose an area; a rectangle is a box."""


def corners_box(corners: np.ndarray) -> Box:
    """Return the upright box around corners, ``(N, 2)`` of ``(y, x)``."""
    (y0, x0), (y1, x1) = corners.min(axis=0), corners.max(axis=0)
    return Box(float(y0), float(x0), float(y1), float(x1))


def outline_mask(
    vertices: np.ndarray,
    kind: str,
    plane_shape: tuple[int, int],
    beside: Mask | None = None,
) -> Mask:
    """Return the mask inside an outline.

    Parameters
    ----------
    vertices : ndarray, (N, 2)
        ``(y, x)`` corners of a polygon, or the four corners around an ellipse.
    kind : {"polygon", "ellipse"}
    plane_shape : (int, int)
    beside : Mask, optional
        Another outline of the same object and frame; both count.

    Raises
    ------
    PromptError
        If no pixel of the image lies inside.
    """
    if kind == "ellipse":
        centre = vertices.mean(axis=0)
        axis_a = (vertices[1] - vertices[0]) / 2
        axis_b = (vertices[2] - vertices[1]) / 2
        angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)[:, None]
        vertices = centre + np.cos(angles) * axis_a + np.sin(angles) * axis_b
    rows, columns = polygon(  # type: ignore[no-untyped-call]
        vertices[:, 0], vertices[:, 1], plane_shape
    )
    if rows.size == 0:
        raise PromptError(
            "An outline holds no pixel of the image. Draw it larger, on the image."
        )
    top, left = int(rows.min()), int(columns.min())
    pixels = np.zeros((rows.max() - top + 1, columns.max() - left + 1), bool)
    pixels[rows - top, columns - left] = True
    mask = Mask(top, left, pixels)
    return mask if beside is None else mask | beside


def rim_width(plane_shape: tuple[int, int]) -> int:
    """Return how wide an outline is to be seen when the plane is on a screen."""
    return max(1, round(min(plane_shape) / 300))


def rim(labels: np.ndarray, width: int) -> np.ndarray:
    """Return labels ``(H, W)`` with the outlines of their objects only."""
    out = np.zeros_like(labels)
    for i, window in enumerate(ndimage.find_objects(labels)):
        if window is not None:
            mask = labels[window] == i + 1
            inside = ndimage.binary_erosion(mask, iterations=width)
            out[window][mask & ~inside] = i + 1
    return out
