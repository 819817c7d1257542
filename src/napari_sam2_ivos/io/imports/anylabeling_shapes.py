"""Shapes as LabelMe and X-AnyLabeling write them.

Points are ``(x, y)`` and whole numbers are corners of pixels, see
`io.exports.polygons`. As in LabelMe, the pixels in which an outline lies belong to it.
"""

from __future__ import annotations

import base64
import struct
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.io.exports.polygons import mask_of_polygon
from napari_sam2_ivos.io.lazy_array import READ_ERRORS

POLYGONS = ("polygon", "rectangle", "rotation", "oriented_rectangle")

LONGEST_OUTLINE = 2**22
"""Pixels along an outline: one that goes to and fro takes long to fill."""

NOTHING = Mask(0, 0, np.zeros((0, 0), bool))


def mask_of(shape: dict[str, Any], plane_shape: tuple[int, int]) -> Mask:
    """Return the pixels of a shape, none if it is a point, a line or no area.

    Parameters
    ----------
    shape : dict
        An item of ``shapes``.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie. What lies outside is cut off.

    Raises
    ------
    ValueError
        If it is damaged, or cannot be of a frame of this size.
    """
    kind = shape.get("shape_type") or "polygon"
    if kind not in (*POLYGONS, "circle", "mask"):
        return NOTHING
    points = _points(shape, plane_shape)
    if kind == "mask":
        return _stored(shape.get("mask"), points, plane_shape)
    if kind == "circle":
        return _disc(points, plane_shape)
    if kind == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points.tolist()
        points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return mask_of_polygon(points, plane_shape) if len(points) > 2 else NOTHING


def _points(shape: dict[str, Any], plane_shape: tuple[int, int]) -> np.ndarray:
    """Return the points of a shape, ``(N, 2)`` float64."""
    found = shape.get("points")
    try:
        points = np.array(found if isinstance(found, list) else 0)
    except (ValueError, OverflowError):  # of different lengths, or huge
        points = np.zeros(1)
    if points.size == 0:
        return np.zeros((0, 2))
    if points.ndim != 2 or points.shape[1] != 2 or points.dtype.kind not in "if":
        raise ValueError("the points of a shape are not pairs of numbers")
    points = points.astype(float)
    room = np.array(plane_shape[::-1])
    if not ((points >= -room) & (points <= 2 * room)).all():  # nor NaN
        raise ValueError(
            "a shape reaches far outside a frame of this movie, which has"
            f" {plane_shape[0]} x {plane_shape[1]} pixels"
        )
    steps = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1)
    if steps.sum() > LONGEST_OUTLINE:
        raise ValueError(f"the outline of a shape is {steps.sum():.0f} pixels long")
    return points


def _disc(points: np.ndarray, plane_shape: tuple[int, int]) -> Mask:
    """Return the pixels whose centres are in a circle: centre, point on it."""
    if len(points) != 2:
        raise ValueError("a circle does not have two points")
    centre, radius = points[0], float(np.hypot(*(points[1] - points[0])))
    low = np.clip(np.floor(centre - radius), 0, plane_shape[::-1]).astype(int)
    high = np.clip(np.ceil(centre + radius), 0, plane_shape[::-1]).astype(int)
    x, y = (
        np.arange(start, stop) + 0.5 - middle
        for start, stop, middle in zip(low, high, centre, strict=True)
    )
    inside = y[:, None] ** 2 + x[None] ** 2 <= radius**2
    return Mask.from_plane(inside, int(low[1]), int(low[0]))


def _stored(text: Any, points: np.ndarray, plane_shape: tuple[int, int]) -> Mask:
    """Return a mask that is a PNG in base 64; its first point is its top left pixel."""
    if not isinstance(text, str) or not len(points):
        raise ValueError("a shape of type 'mask' has no mask")
    content = base64.b64decode(text)
    if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
        raise ValueError("a mask is no PNG")
    # Looked up here, as decoding a small file could fill the memory.
    width, height = struct.unpack(">II", content[16:24])
    if height > plane_shape[0] or width > plane_shape[1]:
        raise ValueError(
            f"a mask has {height} x {width} pixels, more than a frame of the movie"
        )
    try:
        with Image.open(BytesIO(content), formats=["PNG"]) as picture:
            pixels = np.asarray(picture) != 0
    except (*READ_ERRORS, SyntaxError) as error:
        raise ValueError(f"a mask is damaged: {error}") from error
    if pixels.ndim != 2:
        raise ValueError("a mask is in colour")
    left, top = np.rint(points[0]).astype(int).tolist()
    rows, columns = (
        slice(max(-start, 0), max(size - start, 0))
        for start, size in zip((top, left), plane_shape, strict=True)
    )
    return Mask.from_plane(pixels[rows, columns], max(top, 0), max(left, 0))
