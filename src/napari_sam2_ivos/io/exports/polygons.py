"""Masks as polygons along the edges of their pixels, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from skimage.draw import polygon as filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.prompts import Mask

Corner = tuple[int, int]


def polygons_of(mask: Mask) -> list[np.ndarray]:
    """Return one polygon for each part of a mask, the largest first.

    They follow the edges of pixels, so that nothing is lost. A hole is cut into the
    polygon around it: a line of no width leads to it and back.

    Parameters
    ----------
    mask : Mask

    Returns
    -------
    list of ndarray, (N, 2) float
        ``(y, x)``, pixel centres being at whole numbers; the last point is not the
        first one again.
    """
    rings = [_without_straight(ring) for ring in _rings(mask.pixels)]
    areas = [_signed_area(ring) for ring in rings]
    outer = [ring for ring, area in zip(rings, areas, strict=True) if area > 0]
    holes = [ring for ring, area in zip(rings, areas, strict=True) if area < 0]
    outer.sort(key=_signed_area, reverse=True)
    for hole in holes:
        around = [i for i, ring in enumerate(outer) if _is_inside(hole[0], ring)]
        smallest = around[-1]
        outer[smallest] = _bridged(outer[smallest], hole)
    corner = np.array([mask.top, mask.left]) - 0.5
    return [ring + corner for ring in outer]


def fill_polygons(
    polygons: Sequence[np.ndarray], plane_shape: tuple[int, int]
) -> np.ndarray:
    """Return which pixels have their centre in any of some polygons.

    Parameters
    ----------
    polygons : sequence of ndarray, (N, 2) float
        ``(y, x)``, pixel centres being at whole numbers.
    plane_shape : tuple of int

    Returns
    -------
    ndarray, (Y, X) bool
    """
    plane = np.zeros(plane_shape, bool)
    for points in polygons:
        plane[filled(points[:, 0], points[:, 1], plane_shape)] = True
    return plane


def _rings(pixels: np.ndarray) -> list[np.ndarray]:
    """Return closed lines of corners around pixels, which lie on their right.

    Where pixels touch at a corner only, each has a line of its own.
    """
    padded = np.pad(pixels, 1)
    inside = padded[1:-1, 1:-1]
    following: dict[Corner, list[Corner]] = {}
    for neighbour, start, end in (
        (padded[:-2, 1:-1], (0, 0), (0, 1)),  # above, and so on clockwise
        (padded[1:-1, 2:], (0, 1), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (1, 0)),
        (padded[1:-1, :-2], (1, 0), (0, 0)),
    ):
        at = np.argwhere(inside & ~neighbour)
        for a, b in zip((at + start).tolist(), (at + end).tolist(), strict=True):
            following.setdefault((a[0], a[1]), []).append((b[0], b[1]))
    rings = []
    while following:
        ring = [next(iter(following))]
        while True:
            here = ring[-1]
            ways = following[here]
            way = ways[0]
            if len(ways) > 1:
                before = ring[-2] if len(ring) > 1 else None
                way = ways[0] if before is None else _right_turn(before, here, ways)
            ways.remove(way)
            if not ways:
                del following[here]
            if way == ring[0]:
                break
            ring.append(way)
        rings.append(np.array(ring, float))
    return rings


def _right_turn(before: Corner, here: Corner, ways: list[Corner]) -> Corner:
    """Return the way that stays at the pixel on the right."""
    dy, dx = here[0] - before[0], here[1] - before[1]
    right = (here[0] + dx, here[1] - dy)
    return right if right in ways else ways[0]


def _without_straight(ring: np.ndarray) -> np.ndarray:
    """Return only the corners at which a line turns."""
    step = np.roll(ring, -1, axis=0) - ring
    turns = (step != np.roll(step, 1, axis=0)).any(axis=1)
    return ring[turns]


def _signed_area(ring: np.ndarray) -> float:
    """Return the area of a ring; negative around a hole."""
    y, x = ring.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _is_inside(point: np.ndarray, ring: np.ndarray) -> bool:
    """Whether a corner lies in a ring of corners, or on it."""
    y, x = (point + 0.25).tolist()
    y0, x0 = ring.T
    y1, x1 = np.roll(y0, -1), np.roll(x0, -1)
    crosses = (y0 > y) != (y1 > y)
    share = np.divide(y - y0, y1 - y0, out=np.zeros_like(y0), where=crosses)
    right = x0 + share * (x1 - x0) > x
    return bool(np.count_nonzero(crosses & right) % 2)


def _bridged(ring: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Cut a hole into a ring, where the two are nearest."""
    distance = np.abs(ring[:, None] - hole[None]).sum(axis=2)
    i, j = np.unravel_index(int(distance.argmin()), distance.shape)
    turned = np.roll(hole, -j, axis=0)
    return np.concatenate([ring[: i + 1], turned, turned[:1], ring[i:]])
