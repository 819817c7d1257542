"""A movie: any array-like with a time axis, read by planes or parts of planes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import MovieError, PromptError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class Movie:
    """The image data, seen as planes along a time axis.

    Parameters
    ----------
    data : array-like
        numpy, dask, zarr, memmap or anything with ``shape``, ``dtype`` and
        basic indexing. The last two axes are Y and X (the last three Y, X and
        colour if `rgb`). Nothing is read here.
    time_axis : int
        Axis of `data` that is time.
    rgb : bool
        Whether the last axis holds 3 or 4 colours (alpha is dropped).
    held : mapping of int to int
        Index at which every other axis (Z, channel) is held.
    name : str
        What to call the movie in messages.

    Raises
    ------
    MovieError
        If the data has no time axis, is empty, or does not hold numbers.
    """

    data: Any
    time_axis: int = 0
    rgb: bool = False
    held: Mapping[int, int] = field(default_factory=dict)
    name: str = "movie"

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in getattr(self.data, "shape", ()))
        n_inner = 3 if self.rgb else 2
        if len(shape) < n_inner + 1:
            raise MovieError(
                f"'{self.name}' has shape {shape} and no time axis. Open a stack with"
                " a time axis in front, such as (T, Y, X)."
            )
        if 0 in shape:
            raise MovieError(f"'{self.name}' is empty: its shape is {shape}.")
        if self.rgb and shape[-1] not in (3, 4):
            raise MovieError(
                f"'{self.name}' should be RGB, but its last axis has {shape[-1]} values"
                " instead of 3 or 4."
            )
        kind = np.dtype(self.data.dtype).kind
        if kind not in "buif":
            raise MovieError(
                f"'{self.name}' holds {np.dtype(self.data.dtype)} values. Convert it to"
                " integers or real numbers first."
            )
        outer = range(len(shape) - n_inner)
        if self.time_axis not in outer:
            raise MovieError(
                f"Axis {self.time_axis} of '{self.name}' (shape {shape}) cannot be"
                f" time: choose one of {list(outer)}."
            )
        for axis in outer:
            index = 0 if axis == self.time_axis else self.held.get(axis, 0)
            if not 0 <= index < shape[axis]:
                raise MovieError(
                    f"Index {index} is outside axis {axis} of '{self.name}', which has"
                    f" {shape[axis]} positions."
                )

    @property
    def n_frames(self) -> int:
        """Number of frames on the time axis."""
        return int(self.data.shape[self.time_axis])

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Height and width of a plane in pixels, ``(Y, X)``."""
        y, x = self.data.shape[-3:-1] if self.rgb else self.data.shape[-2:]
        return int(y), int(x)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the label stack of this movie, ``(T, Y, X)``."""
        return (self.n_frames, *self.plane_shape)

    def check_frame(self, frame: int) -> int:
        """Return `frame` as an int, or raise `PromptError` if there is no such one."""
        if int(frame) != frame or not 0 <= frame < self.n_frames:
            raise PromptError(
                f"Frame {frame} is outside '{self.name}', which has frames 0 to"
                f" {self.n_frames - 1}."
            )
        return int(frame)

    def check_range(self, frames: range | tuple[int, int] | None) -> range:
        """Return a range of frames, all for None, or raise `PromptError`."""
        if frames is None:
            return range(self.n_frames)
        if not isinstance(frames, range):
            frames = range(*frames)
        if frames.step != 1 or not 0 <= frames.start < frames.stop:
            raise PromptError(f"Frames {frames.start}:{frames.stop} are no range.")
        if frames.stop > self.n_frames:
            raise PromptError(
                f"Frames {frames.start}:{frames.stop} reach beyond '{self.name}',"
                f" which has {self.n_frames} frames."
            )
        return frames

    def plane(self, frame: int) -> np.ndarray:
        """Read the whole plane of one frame; see `part`."""
        y, x = self.plane_shape
        return self.part(frame, slice(0, y), slice(0, x))

    def part(self, frame: int, rows: slice, columns: slice) -> np.ndarray:
        """Read a part of the plane of one frame, and no more than that.

        Parameters
        ----------
        frame : int
        rows, columns : slice
            Inside the plane, with start and stop and without a step.

        Returns
        -------
        ndarray, (h, w) or (h, w, 3)
            In the dtype of the movie.

        Raises
        ------
        MovieError
            If the frame is outside the movie or the data cannot be read.
        """
        if not 0 <= frame < self.n_frames:
            raise MovieError(
                f"Frame {frame} is outside '{self.name}', which has frames 0 to"
                f" {self.n_frames - 1}."
            )
        n_outer = len(self.data.shape) - (3 if self.rgb else 2)
        outer = (
            frame if axis == self.time_axis else self.held.get(axis, 0)
            for axis in range(n_outer)
        )
        try:
            part = np.asarray(self.data[(*outer, rows, columns)])
        except (OSError, ValueError, IndexError, KeyError) as error:
            raise MovieError(
                f"Frame {frame} of '{self.name}' cannot be read: {error}. Is the file"
                " still where it was?"
            ) from error
        return part[..., :3] if self.rgb else part
