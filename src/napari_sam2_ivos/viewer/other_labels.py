"""Labels layers of other programs, seen as planes of the movie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.viewer.axes import position

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.viewer.reading import Target


def labels_here(viewer: Any, layer: Any, target: Target) -> np.ndarray:
    """Return the plane of a Labels layer that is on screen, ``(Y, X)``.

    Raises
    ------
    PromptError
        If its planes have another size than the movie's, or none is on screen.
    """
    _check_plane(layer, target)
    at = np.round(position(viewer, layer)[:-2]).astype(int)
    shape = layer.data.shape[:-2]
    if any(not 0 <= i < n for i, n in zip(at, shape, strict=True)):
        raise PromptError(f"'{layer.name}' has nothing on this frame.")
    return np.asarray(layer.data[tuple(at)])


def label_planes(layer: Any, target: Target) -> Callable[[int], np.ndarray]:
    """Return a function that reads the plane of a frame from a label stack.

    Raises
    ------
    PromptError
        If it does not have the frames of the movie.
    """
    _check_plane(layer, target)
    outer, n_frames = layer.data.shape[:-2], target.movie.n_frames
    long_axes = [axis for axis, n in enumerate(outer) if n > 1]
    axis = long_axes[0] if long_axes else len(outer) - 1
    if len(long_axes) > 1 or not outer or outer[axis] != n_frames:
        raise PromptError(
            f"'{layer.name}' has shape {layer.data.shape}, but a label stack of"
            f" '{target.image.name}' has shape {target.movie.shape}. Take its labels"
            " over frame by frame instead."
        )

    def plane(frame: int) -> np.ndarray:
        index = tuple(frame if a == axis else 0 for a in range(len(outer)))
        return np.asarray(layer.data[index])

    return plane


def _check_plane(layer: Any, target: Target) -> None:
    shape = tuple(layer.data.shape[-2:])
    if shape != target.movie.plane_shape:
        raise PromptError(
            f"'{layer.name}' has planes of {shape} pixels, but '{target.image.name}'"
            f" of {target.movie.plane_shape}. Resize the labels to the image first."
        )
