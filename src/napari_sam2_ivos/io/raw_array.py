"""Arrays whose values lie one after another in a file, read row by row."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.io.lazy_array import LazyArray

if TYPE_CHECKING:
    from pathlib import Path


class RawArray(LazyArray):
    """Uncompressed planes in a file, of which only the rows asked for are read.

    Not mapped into memory: where a network share or a disk goes away, reading a map
    ends the whole program, and reading a file raises an error.

    Parameters
    ----------
    path : Path
    offset : int
        Where the values begin, bytes.
    shape : tuple of int
    dtype : dtype
        As in the file; values come in the byte order of this machine.
    n_inner : int
        How many of the last axes make a plane: Y and X, and colour perhaps.
    """

    def __init__(
        self,
        path: Path,
        offset: int,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        n_inner: int = 2,
    ) -> None:
        super().__init__(shape, dtype.newbyteorder("="))
        self.path = path.absolute()
        self.offset = offset
        self._stored = dtype
        self._n_outer = len(shape) - n_inner

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read the rows that are asked for, whole, then index within them."""
        parts = _for_each_axis(index, self.ndim)
        pairs = zip(self.shape, parts, strict=True)
        positions = [np.arange(n)[part] for n, part in pairs]
        outer, rows = positions[: self._n_outer], positions[self._n_outer]
        first, stop = (rows.min(), rows.max() + 1) if rows.size else (0, 0)
        planes = list(product(*(np.atleast_1d(at).tolist() for at in outer)))
        row = self.shape[self._n_outer + 1 :]
        found = np.empty((len(planes), stop - first, *row), self.dtype)
        for block, plane in zip(found, planes, strict=True):
            block[:] = self._rows(plane, int(first), int(stop))
        found = found.reshape(*(at.size for at in outer if at.ndim), stop - first, *row)
        rows_part = parts[self._n_outer]
        is_range = isinstance(rows_part, slice)
        own = slice(None, None, rows_part.step) if is_range else 0
        return np.asarray(found[(..., own, *parts[self._n_outer + 1 :])])

    def _rows(self, plane: tuple[int, ...], first: int, stop: int) -> np.ndarray:
        """Read some rows of a plane, given by its index on the outer axes."""
        height, *row = self.shape[self._n_outer :]
        before = height * int(np.ravel_multi_index(plane, self.shape[: self._n_outer]))
        width = int(np.prod(row))
        start = self.offset + (before + first) * width * self._stored.itemsize
        count = (stop - first) * width
        values = np.fromfile(self.path, self._stored, count, offset=start)
        return values.reshape(stop - first, *row)


def _for_each_axis(index: Any, ndim: int) -> tuple[Any, ...]:
    """Return an index with a part for every axis."""
    parts = index if isinstance(index, tuple) else (index,)
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    rest = parts[at + 1 :]
    between = ndim - at - len(rest)
    if between < 0:
        raise IndexError(f"too many indices: the array has {ndim} axes")
    return (*parts[:at], *[slice(None)] * between, *rest)
