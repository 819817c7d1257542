"""Rectangles of a plane, so that of a large one only what is needed is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

Window: TypeAlias = "tuple[slice, slice]"
"""Rows and columns of a part of a plane, with start and stop; empty if a stop is not
behind its start."""

FEW_PIXELS = 2**16
"""To read this many pixels more costs no more than to read once more."""

_Box: TypeAlias = "tuple[int, int, int, int]"  # y0, x0, y1, x1; ends not included


class Change(NamedTuple):
    """What becomes of a region of a label plane.

    Parameters
    ----------
    region : (slice, slice)
    before, after : ndarray, (h, w)
        Its pixels so far, and its new ones.
    windows : sequence of (slice, slice)
        Where in the plane they differ at most.
    """

    region: Window
    before: np.ndarray
    after: np.ndarray
    windows: Sequence[Window]


def everything(plane_shape: Sequence[int]) -> Window:
    """Return the window that is the whole of a plane ``(Y, X)``."""
    return slice(0, plane_shape[0]), slice(0, plane_shape[1])


def is_empty(window: Window) -> bool:
    """Whether there is no pixel in a window."""
    rows, columns = window
    return rows.stop <= rows.start or columns.stop <= columns.start


def around(windows: Iterable[Window]) -> Window:
    """Return the smallest window that holds all of `windows` that hold anything."""
    windows = list(windows)
    filled = [window for window in windows if not is_empty(window)]
    if len(filled) < 2:
        return (filled or windows)[0]
    return (
        slice(min(w[0].start for w in filled), max(w[0].stop for w in filled)),
        slice(min(w[1].start for w in filled), max(w[1].stop for w in filled)),
    )


def grown(window: Window) -> Window:
    """Return a window with one more pixel on each side, beyond the plane perhaps.

    One that is empty stays empty.
    """
    if is_empty(window):
        return window
    rows, columns = window
    return (
        slice(rows.start - 1, rows.stop + 1),
        slice(columns.start - 1, columns.stop + 1),
    )


def common(a: Window, b: Window) -> Window:
    """Return what two windows share; empty if they are apart."""
    (rows, columns), (other_rows, other_columns) = a, b
    y = max(rows.start, other_rows.start)
    x = max(columns.start, other_columns.start)
    return (
        slice(y, max(y, min(rows.stop, other_rows.stop))),
        slice(x, max(x, min(columns.stop, other_columns.stop))),
    )


def within(window: Window, outer: Window) -> Window:
    """Return a window as an index into the pixels of another one that holds it."""
    rows, columns = window
    top, left = outer[0].start, outer[1].start
    return (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )


def regions(
    windows: Sequence[Window],
    plane_shape: Sequence[int],
    chunk: Sequence[int] = (1, 1),
) -> list[tuple[Window, list[int]]]:
    """Gather windows into few regions that are not much larger than they are.

    Each window lies in one region, and no two regions overlap. So objects that are
    scattered over a large plane have regions of their own, and those that are close
    together share one.

    Parameters
    ----------
    windows : sequence of (slice, slice)
        What is beyond the plane is left out.
    plane_shape : (int, int)
    chunk : (int, int)
        Rows and columns of what is read and written at once where the plane is kept:
        regions are whole chunks, so that none is read twice.

    Returns
    -------
    list of (Window, list of int)
        Each region, with the positions in `windows` of those that lie in it,
        ascending. Windows that are empty lie nowhere.
    """
    found: list[tuple[_Box, list[int]]] = []
    for i, window in enumerate(windows):
        if is_empty(window):
            continue
        sides = zip(window, plane_shape, chunk, strict=True)
        (y0, y1), (x0, x1) = (_whole_chunks(side, n, c) for side, n, c in sides)
        box, members = (y0, x0, y1, x1), [i]
        at = 0
        while at < len(found):
            joined = _joined(box, found[at][0])
            if joined is None:
                at += 1
                continue
            box, members = joined, members + found.pop(at)[1]
            at = 0  # it has grown into others, perhaps
        found.append((box, members))
    return [
        ((slice(y0, y1), slice(x0, x1)), sorted(members))
        for (y0, x0, y1, x1), members in found
    ]


def _whole_chunks(side: slice, n: int, chunk: int) -> tuple[int, int]:
    """Return where the chunks that a side of a window touches start and stop."""
    start = max(0, side.start) // chunk * chunk
    return start, min(n, -(-side.stop // chunk) * chunk)


def _joined(a: _Box, b: _Box) -> _Box | None:
    """Return the box around two that belong into one region, else None."""
    a0, b0, a1, b1 = a
    c0, d0, c1, d1 = b
    y0, x0, y1, x1 = min(a0, c0), min(b0, d0), max(a1, c1), max(b1, d1)
    overlap = a0 < c1 and c0 < a1 and b0 < d1 and d0 < b1
    apart = (a1 - a0) * (b1 - b0) + (c1 - c0) * (d1 - d0)
    is_one = overlap or (y1 - y0) * (x1 - x0) <= apart + FEW_PIXELS
    return (y0, x0, y1, x1) if is_one else None
