"""The label stack with the axes of the image, so that napari lines both up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_sam2_ivos.core.ports import LabelStore


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

    def _split(self, index: Any) -> tuple[Any, Any]:
        """Return the index into the store and into an expanded block of it."""
        index = index if isinstance(index, tuple) else (index,)
        index = (*index, *[slice(None)] * (self.ndim - len(index)))
        time = index[self.time_axis]
        is_number = isinstance(time, int | np.integer)
        rest = list(index)
        if is_number:
            frames = slice(int(time), int(time) + 1) if time >= 0 else slice(time, None)
            rest[self.time_axis] = 0
        else:
            frames = time
            rest[self.time_axis] = slice(None)
        return frames, tuple(rest)

    def _block(self, frames: Any) -> np.ndarray:
        block = np.asarray(self.store[frames])
        new_axes = tuple(a for a in range(self.n_outer) if a != self.time_axis)
        return np.expand_dims(block, new_axes)

    def __getitem__(self, index: Any) -> np.ndarray:
        frames, rest = self._split(index)
        return np.asarray(self._block(frames)[rest])

    def __setitem__(self, index: Any, value: Any) -> None:
        frames, rest = self._split(index)
        block = np.array(self._block(frames))
        block[rest] = value
        self.store[frames] = block.reshape(-1, *self.store.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._block(slice(None)), dtype=dtype)


class OnePlane:
    """A `(T, Y, X)` store that holds one plane and is 0 on all other frames.

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
    plane : ndarray, (Y, X)
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.frame = -1
        self.plane = np.zeros(shape[1:], self.dtype)

    def __getitem__(self, index: Any) -> np.ndarray:
        frames = np.atleast_1d(np.arange(self.shape[0])[index])
        if frames.size != 1:
            nothing = np.zeros((), self.dtype)
            return np.broadcast_to(nothing, (frames.size, *self.shape[1:]))
        is_here = frames[0] == self.frame
        return (self.plane if is_here else np.zeros_like(self.plane))[np.newaxis]

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
