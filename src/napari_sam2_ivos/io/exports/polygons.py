"""Masks as polygons and back, for formats that know no other masks.

Points are ``(x, y)``; whole numbers are the corners of pixels, as LabelMe and YOLO have
it: pixel ``(0, 0)`` reaches from 0 to 1 and its centre is at ``(0.5, 0.5)``.

An outline runs through a point between every pixel of the mask and its neighbour
outside, a little nearer to the former. So it separates their centres, and also lies in
pixels of the mask only. Programs that fill polygons by pixel centres (pycocotools,
skimage) find the same pixels in it as those that first cut coordinates down to whole
numbers and then fill with the outline included (LabelMe, X-AnyLabeling, Ultralytics).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from napari_sam2_ivos.core.prompts import Mask

if TYPE_CHECKING:
    from collections.abc import Sequence

REACH = 0.49
"""How far an outline lies from the centre of a pixel, towards a neighbour outside."""

DECIMALS = 2
"""Digits that coordinates have behind the point."""


def outlines(mask: Mask) -> list[np.ndarray]:
    """Return a polygon for every part of a mask.

    Pixels that touch at a corner are one part. A hole is cut open to the left: there
    and back along the middle of a row of pixels, in which no area lies.

    Returns
    -------
    list of ndarray, (N, 2) float64
        ``(x, y)``, of four points or more, not closed; from top to bottom.
    """
    pixels = np.pad(mask.pixels, 1)
    found = find_contours(  # type: ignore[no-untyped-call]
        pixels.astype(np.float32), 1 - REACH, fully_connected="high"
    )
    contours = [contour[:-1] for contour in found]
    areas = [_area(contour) for contour in contours]
    holes = [n for n, area in enumerate(areas) if area > 0]
    if holes:
        contours = _cut_open(contours, holes, pixels)
    # 0 in the padded crop is the centre of the pixel before the first of the mask.
    origin = np.array([mask.left, mask.top]) - 0.5
    return [
        np.round(_straightened(contour)[:, ::-1] + origin, DECIMALS)
        for contour, area in zip(contours, areas, strict=True)
        if area < 0
    ]


def joined(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return one polygon for several: a line goes to the next one and back.

    It goes between points that are nearest to each other, and has no area.
    """
    whole = polygons[0]
    for polygon in polygons[1:]:
        distances, nearest = cKDTree(polygon).query(whole)
        here = int(distances.argmin())
        around = np.roll(polygon, -int(nearest[here]), axis=0)
        whole = np.concatenate([whole[: here + 1], around, around[:1], whole[here:]])
    return whole


def mask_of_polygon(points: np.ndarray, plane_shape: tuple[int, int]) -> Mask:
    """Return the pixels in a polygon, with those in which its outline lies.

    Parameters
    ----------
    points : ndarray, (N, 2) float
        ``(x, y)``, at least two of them. What lies outside the plane is cut off.
    plane_shape : tuple of int
        ``(Y, X)``.
    """
    whole = np.floor(points).astype(np.int64)
    low = np.maximum(whole.min(axis=0), 0)
    high = np.minimum(whole.max(axis=0) + 1, plane_shape[::-1])
    width, height = (high - low).tolist()
    if width <= 0 or height <= 0:
        return Mask(0, 0, np.zeros((0, 0), bool))
    picture = Image.new("L", (width, height))
    ImageDraw.Draw(picture).polygon((whole - low).ravel().tolist(), fill=1, outline=1)
    left, top = low.tolist()
    return Mask.from_plane(np.asarray(picture), top, left)


def _cut_open(
    contours: list[np.ndarray], holes: list[int], pixels: np.ndarray
) -> list[np.ndarray]:
    """Return the contours, those of the holes inserted into the ones to their left."""
    for n in holes:  # begins where it reaches furthest to the left
        contours[n] = np.roll(contours[n], -int(contours[n][:, 1].argmin()), axis=0)
    places = {
        (y, x): (n, at)
        for n, contour in enumerate(contours)
        for at, (y, x) in enumerate(_doubled(contour).tolist())
    }
    inserted: dict[int, dict[int, np.ndarray]] = {n: {} for n in range(len(contours))}
    # From the right, so that what goes into a hole is there before the hole moves.
    for n in sorted(holes, key=lambda n: -contours[n][0, 1]):
        y, x = _doubled(contours[n][:1])[0].tolist()
        outside = int(np.flatnonzero(~pixels[y // 2, : x // 2 + 1])[-1])
        target, at = places[y, 2 * outside + 1]
        opened = _with_inserted(contours[n], inserted[n])
        inserted[target][at] = np.concatenate([opened, opened[:1]])
    return [_with_inserted(contours[n], inserted[n]) for n in range(len(contours))]


def _with_inserted(contour: np.ndarray, inserted: dict[int, np.ndarray]) -> np.ndarray:
    """Return a contour with detours from some of its points and back."""
    pieces, begin = [], 0
    for at in sorted(inserted):
        pieces += [contour[begin : at + 1], inserted[at]]
        begin = at
    return np.concatenate([*pieces, contour[begin:]])


def _straightened(contour: np.ndarray) -> np.ndarray:
    """Return a contour without the points at which it goes straight on."""
    points = _doubled(contour)
    before = points - np.roll(points, 1, axis=0)
    after = np.roll(points, -1, axis=0) - points
    turns: np.ndarray = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return contour[turns]


def _doubled(contour: np.ndarray) -> np.ndarray:
    """Return twice the points midway between pixels: whole numbers that tell them."""
    doubled: np.ndarray = np.rint(2 * contour).astype(np.int64)
    return doubled


def _area(contour: np.ndarray) -> float:
    """Return the area in a contour, negative if it goes round a part, not a hole."""
    y, x = contour.T
    return float((np.roll(y, 1) * x - y * np.roll(x, 1)).sum()) / 2
