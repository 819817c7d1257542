"""Arrays that read from disk only what is asked for, and fail with a clear word."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import MovieError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READ_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    struct.error,
)
"""What decoders raise on damaged or missing data."""


class LazyArray:
    """What every array on disk can do: shape, dtype and ``np.asarray``."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes the whole array would need in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read a part, as numpy does with integers and slices."""
        raise NotImplementedError

    def __array__(
        self, dtype: np.dtype[Any] | None = None, copy: bool | None = None
    ) -> np.ndarray:
        return np.asarray(self[...], dtype=dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype}>"


class GuardedArray(LazyArray):
    """An array of a file, whose reading errors name the file.

    Parameters
    ----------
    array : array-like
        zarr array or memmap with basic indexing.
    path : Path
        The file, for messages.
    """

    def __init__(self, array: Any, path: Path) -> None:
        super().__init__(array.shape, array.dtype)
        self.array = array
        self.path = path

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read a part; raise `MovieError` if the file is damaged or gone."""
        try:
            return np.asarray(self.array[index])
        except READ_ERRORS as error:
            raise MovieError(
                f"'{self.path.name}' cannot be read: {error}. The file may be damaged"
                " or have moved; copy it again from where it came from."
            ) from error


class FrameArray(LazyArray):
    """Frames read one at a time by a function; time is the first axis.

    The frame that was read last is kept: parts of it are asked for one after another.

    Parameters
    ----------
    n_frames : int
    frame_shape : tuple of int
    dtype : dtype
    read : callable
        Takes a frame number and returns that frame, `frame_shape`.
    """

    def __init__(
        self,
        n_frames: int,
        frame_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        read: Callable[[int], np.ndarray],
    ) -> None:
        super().__init__((n_frames, *frame_shape), dtype)
        self._read = read
        self._last: tuple[int, np.ndarray] | None = None

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read the frames chosen on the first axis, then index within them."""
        parts = index if isinstance(index, tuple) else (index,)
        if not parts or parts[0] is Ellipsis:
            complete = len(parts) - 1 == self.ndim  # the ellipsis stands for nothing
            parts = parts[1:] if complete else (slice(None), *parts)
        first, rest = parts[0], parts[1:]
        frames = np.arange(len(self))[first]
        if frames.ndim == 0:
            return np.asarray(self._frame(int(frames))[rest])
        if frames.size == 0:
            return np.empty((0, *self.shape[1:]), self.dtype)[(slice(None), *rest)]
        return np.stack([self._frame(int(frame))[rest] for frame in frames])

    def _frame(self, frame: int) -> np.ndarray:
        last = self._last  # another thread may put another there meanwhile
        if last is None or last[0] != frame:
            last = self._last = frame, self._read(frame)
        return last[1]
