"""Masks as COCO writes them: polygons, and run lengths plain or compressed.

All become run lengths: how many pixels of background, of the object, of background and
so on there are down the columns of the plane, one column after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

LONGEST_OUTLINE = 2**22
"""Pixels along all polygons of an object: pycocotools takes 40 bytes for each."""

MOST_CHARACTERS = 7
"""Of a compressed number: 35 bits."""


def run_lengths(segmentation: Any, plane_shape: tuple[int, int]) -> np.ndarray:
    """Return the run lengths of an object.

    Parameters
    ----------
    segmentation : object
        The field of an annotation: a list of polygons ``[x0, y0, x1, y1, …]``, whose
        whole numbers are the corners of pixels, or ``{"size": [Y, X], "counts": …}``.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.

    Returns
    -------
    ndarray, (N,) int64
        None negative, and together not more than the pixels of a plane.

    Raises
    ------
    ValueError
        If it is none of these, or does not fit into the plane.
    """
    if isinstance(segmentation, list):
        return _of_polygons(segmentation, plane_shape)
    if not isinstance(segmentation, dict) or "counts" not in segmentation:
        raise ValueError("a segmentation is neither polygons nor run lengths")
    size = segmentation.get("size")
    if size != list(plane_shape):
        raise ValueError(
            f"run lengths are of size {_short(size)}, but frames of the movie of"
            f" {list(plane_shape)}"
        )
    counts = segmentation["counts"]
    runs = decompressed(counts) if isinstance(counts, str) else _plain(counts)
    n_pixels = plane_shape[0] * plane_shape[1]
    if runs.size and (runs.min() < 0 or runs.max() > n_pixels or runs.sum() > n_pixels):
        raise ValueError("run lengths do not fit into the frame")
    return runs


def decompressed(text: str) -> np.ndarray:
    """Return the numbers that COCO packs into text, ``(N,)`` int64.

    Each character holds 5 bits, the lowest first, and whether the number goes on. From
    the fourth on, a number is the difference to the one before the last. This is not
    left to pycocotools, which reads past the end of a text that is cut short.
    """
    codes = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    if codes.size == 0:
        return codes
    is_last = (codes & 32) == 0
    if codes.min() < 0 or codes.max() > 63 or not is_last[-1]:
        raise ValueError("compressed run lengths are damaged")
    stops = np.flatnonzero(is_last) + 1
    starts = np.concatenate(([0], stops[:-1]))
    lengths = stops - starts
    if lengths.max() > MOST_CHARACTERS:
        raise ValueError("compressed run lengths are damaged")
    place = np.arange(codes.size) - np.repeat(starts, lengths)
    numbers = np.add.reduceat((codes & 31) << (5 * place), starts)
    is_negative = (codes[stops - 1] & 16) != 0
    numbers -= is_negative.astype(np.int64) << (5 * lengths)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def paint(plane: np.ndarray, runs: np.ndarray, label: int) -> bool:
    """Give the pixels of an object its label; return whether any had another one.

    Parameters
    ----------
    plane : ndarray, (Y, X) unsigned
        Changed in place.
    runs : ndarray, (N,) int
        As `run_lengths` returns them.
    label : int
    """
    ends = np.cumsum(runs, dtype=np.int64)
    starts, stops = ends[0:-1:2], ends[1::2]
    there = stops > starts
    starts, stops = starts[there], stops[there]
    if not starts.size:
        return False
    height = plane.shape[0]
    left, right = int(starts[0]) // height, -(-int(stops[-1]) // height)
    steps = np.zeros((right - left) * height + 1, np.int8)
    steps[starts - left * height] += 1
    steps[stops - left * height] -= 1
    columns = np.cumsum(steps[:-1], dtype=np.int8).reshape(-1, height)
    top, bottom = 0, height
    if (starts // height == (stops - 1) // height).all():  # no run goes round
        top, bottom = (
            int((starts % height).min()),
            int(((stops - 1) % height).max()) + 1,
        )
    covered = columns[:, top:bottom].T.astype(bool)
    part = plane[top:bottom, left:right]
    before = part[covered]
    part[covered] = label
    return bool(((before != 0) & (before != label)).any())


def _plain(counts: Any) -> np.ndarray:
    if not isinstance(counts, list):
        raise ValueError("run lengths are neither text nor numbers")
    runs = np.asarray(counts) if counts else np.zeros(0, np.int64)
    if runs.ndim != 1 or runs.dtype != np.int64:
        raise ValueError("run lengths are not whole numbers")
    return runs


def _of_polygons(polygons: list[Any], plane_shape: tuple[int, int]) -> np.ndarray:
    height, width = plane_shape
    outline = 0.0
    checked = []
    for polygon in polygons:
        points = np.asarray(polygon) if isinstance(polygon, list) else np.zeros(0)
        if points.ndim != 1 or points.dtype.kind not in "if":
            raise ValueError("a polygon is not a list of numbers")
        if points.size < 6 or points.size % 2:
            raise ValueError(f"a polygon has {points.size} numbers")
        xy = points.reshape(-1, 2).astype(float)
        room = np.array([width, height])
        if not ((xy >= -room) & (xy <= 2 * room)).all():  # nor NaN
            raise ValueError("a polygon lies far outside the frame")
        steps = np.abs(xy - np.roll(xy, 1, axis=0))
        outline += float(steps.max(axis=1).sum())
        checked.append(xy.ravel().tolist())
    if outline > LONGEST_OUTLINE:
        raise ValueError(f"the outline of an object is {outline:.0f} pixels long")
    parts = coco_mask.frPyObjects(checked, height, width)
    return decompressed(coco_mask.merge(parts)["counts"].decode("ascii"))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:40]}…"
