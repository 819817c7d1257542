"""Label images in files, one per frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.prompts import MAX_TRACK_ID
from napari_sam2_ivos.io.frame_folder import read_picture
from napari_sam2_ivos.io.labels_npy import read_npy
from napari_sam2_ivos.io.lazy_array import READ_ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIXES = (".tif", ".tiff", ".png", ".npy")
"""How files with label images may end."""


class FrameFiles:
    """Reads the label plane of a frame from its file; frames without one are empty.

    Parameters
    ----------
    files : mapping of int to Path
        By frame.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    """

    def __init__(self, files: Mapping[int, Path], plane_shape: tuple[int, int]) -> None:
        self._files = files
        self._shape = tuple(plane_shape)

    def __call__(self, frame: int) -> np.ndarray:
        """Return the label plane of a frame, ``(Y, X)`` uint16.

        Raises
        ------
        FormatError
            If the file is damaged, or does not fit the movie.
        """
        path = self._files.get(frame)
        if path is None:
            return np.zeros(self._shape, np.uint16)
        plane = _read(path)
        if plane.ndim > 2 and plane.size == np.prod(self._shape):
            plane = plane.reshape(self._shape)  # axes of length 1
        if plane.shape != self._shape or plane.dtype.kind not in "bui":
            raise FormatError(
                f"'{path.name}' has shape {plane.shape} of {plane.dtype}, but labels of"
                f" this movie are whole numbers of shape {self._shape}."
            )
        low, high = int(plane.min()), int(plane.max())
        if low < 0 or high > MAX_TRACK_ID:
            raise FormatError(
                f"'{path.name}' has label {high if high > MAX_TRACK_ID else low}, but"
                f" track IDs are 1 to {MAX_TRACK_ID}. Renumber its labels."
            )
        return plane.astype(np.uint16)


def _read(path: Path) -> np.ndarray:
    """Read a label image; of a picture with a colour table, its indices."""
    if path.suffix.lower() == ".npy":
        return read_npy(path)
    if path.suffix.lower() != ".png":
        return read_picture(path)
    try:
        with Image.open(path) as picture:
            if picture.mode == "P":
                return np.asarray(picture)
    except (*READ_ERRORS, SyntaxError, UnidentifiedImageError) as error:
        raise FormatError(
            f"'{path.name}' cannot be read: {error}. Copy or export it again."
        ) from error
    return read_picture(path)
