"""The label stack with the axes of the image, so that napari lines both up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.core.regions import Window


class ExpandedStore:
    """A `(T, Y, X)` store seen with axes of length 1 for Z and channels.

    numpy arrays do this by themselves; zarr arrays cannot.

    Parameters
    ----------
    store : LabelStore
    time_axis : int
        Where time lies among the outer axes.
    n_outer : int
        How many axes there are beside Y and X.
    """

    def __init__(self, store: LabelStore, time_axis: int, n_outer: int) -> None:
        self.store = store
        self.time_axis = time_axis
        self.n_outer = n_outer
        n_frames, height, width = store.shape
        outer = [1] * n_outer
        outer[time_axis] = n_frames
        self.shape = (*outer, height, width)
        self.dtype = store.dtype
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape))

    def _split(self, index: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the index into the store and into an expanded block of it.

        Of a plane only what is asked for by slices or numbers is read and written.
        """
        index = index if isinstance(index, tuple) else (index,)
        rest = [*index, *[slice(None)] * (self.ndim - len(index))]
        where: list[Any] = []
        for axis in (self.time_axis, self.ndim - 2, self.ndim - 1):
            asked, rest[axis] = rest[axis], slice(None)
            if isinstance(asked, int | np.integer):
                stop = None if asked == -1 else int(asked) + 1
                asked, rest[axis] = slice(int(asked), stop), 0
            elif axis != self.time_axis and not isinstance(asked, slice):
                asked, rest[axis] = slice(None), asked
            where.append(asked)
        return tuple(where), tuple(rest)

    def _block(self, where: tuple[Any, ...]) -> np.ndarray:
        block = np.asarray(self.store[where])
        new_axes = tuple(a for a in range(self.n_outer) if a != self.time_axis)
        return np.expand_dims(block, new_axes)

    def __getitem__(self, index: Any) -> np.ndarray:
        where, rest = self._split(index)
        return np.asarray(self._block(where)[rest])

    def __setitem__(self, index: Any, value: Any) -> None:
        where, rest = self._split(index)
        block = np.array(self._block(where))
        block[rest] = value
        self.store[where] = block.reshape(-1, *block.shape[-2:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._block((slice(None),) * 3), dtype=dtype)


class OnePlane:
    """A `(T, Y, X)` store that holds parts of one plane; all else is 0.

    For what is only to be looked at: nothing can be written from outside, and of
    several frames at once there is nothing, so that nobody saves what is in it.

    Parameters
    ----------
    shape : tuple of int, (T, Y, X)
    dtype : dtype

    Attributes
    ----------
    frame : int
        Where the plane lies; -1 for nowhere.
    parts : list of ((rows, columns), ndarray of (h, w))
        What is in it, and where.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.frame = -1
        self.parts: list[tuple[Window, np.ndarray]] = []

    def __getitem__(self, index: tuple[Any, slice, slice]) -> np.ndarray:
        frames = np.atleast_1d(np.arange(self.shape[0])[index[0]])
        if frames.size != 1:
            nothing = np.zeros((), self.dtype)
            return np.broadcast_to(nothing, (frames.size, *self.shape[1:]))[
                :, index[1], index[2]
            ]
        plane = np.zeros(self.shape[1:], self.dtype)
        if frames[0] == self.frame:
            for window, pixels in self.parts:
                plane[window] = pixels
        return plane[np.newaxis, index[1], index[2]]

    def __setitem__(self, index: Any, value: Any) -> None:
        """Take nothing; a brush that got here by mistake does no harm."""


def expand(store: LabelStore, time_axis: int, n_outer: int) -> Any:
    """Return `store` with `n_outer` axes before Y and X; writes go through."""
    if n_outer == 1:
        return store
    if isinstance(store, np.ndarray):
        new_axes = tuple(axis for axis in range(n_outer) if axis != time_axis)
        return np.expand_dims(store, new_axes)
    return ExpandedStore(store, time_axis, n_outer)
