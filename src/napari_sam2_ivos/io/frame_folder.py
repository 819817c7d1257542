"""Movies as a folder with one picture per frame."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from napari_sam2_ivos.core.errors import FormatError, MovieError
from napari_sam2_ivos.io.lazy_array import READ_ERRORS, FrameArray
from napari_sam2_ivos.io.sources import (
    PICTURE_SUFFIXES,
    TIFF_SUFFIXES,
    Source,
    natural_key,
)
from napari_sam2_ivos.io.tiff_movie import require_decoder

if TYPE_CHECKING:
    from pathlib import Path

DTYPES = {"1": "bool", "L": "uint8", "RGB": "uint8", "I;16": "uint16", "I": "int32"}
"""Pillow's modes that are read as they are, with their numpy dtype."""


def open_folder(path: Path) -> Source:
    """Open a folder of ``.tif``, ``.png`` or ``.jpg`` frames in natural order.

    Raises
    ------
    FormatError
        If the frames differ in shape, type or kind; the odd one is named.
    """
    known = TIFF_SUFFIXES + PICTURE_SUFFIXES
    files = [
        f
        for f in path.iterdir()
        if f.is_file() and f.suffix.lower() in known and not f.name.startswith(".")
    ]
    if not files:
        raise MovieError(
            f"Folder '{path.name}' holds no frames. Frames end in .tif, .png or .jpg."
        )
    kinds = Counter(_kind(f) for f in files)
    if len(kinds) > 1:
        counts = " and ".join(f"{n} {kind}" for kind, n in kinds.most_common())
        raise FormatError(
            f"Folder '{path.name}' holds {counts} files. Keep the frames of one kind in"
            " a folder of their own."
        )
    files.sort(key=lambda f: natural_key(f.name))
    first = _header(files[0])
    for file in files[1:]:
        shape, dtype = _header(file)
        if (shape, dtype) != first:
            raise FormatError(
                f"Frame '{file.name}' has shape {shape} and type {dtype}, but"
                f" '{files[0].name}' has shape {first[0]} and type {first[1]}. All"
                " frames of a movie must be alike."
            )
    shape, dtype = first
    rgb = len(shape) >= 3 and shape[-1] in (3, 4)
    n_between = len(shape) - (3 if rgb else 2)
    axes = "T" + "Q" * n_between + ("YXS" if rgb else "YX")
    data = FrameArray(
        len(files), shape, np.dtype(dtype), lambda i: read_picture(files[i])
    )
    return Source(data, 0, rgb=rgb, axes=axes)


def _kind(file: Path) -> str:
    suffix = file.suffix.lower()
    return ".tif" if suffix in TIFF_SUFFIXES else suffix.replace("jpeg", "jpg")


def _header(file: Path) -> tuple[tuple[int, ...], str]:
    """Shape and dtype of a frame, without decoding it."""
    try:
        if file.suffix.lower() in TIFF_SUFFIXES:
            with tifffile.TiffFile(file) as tiff:
                series = tiff.series[0]
                require_decoder(series.keyframe, file)
                return tuple(series.shape), str(series.dtype)
        with Image.open(file) as picture:
            mode = _target_mode(picture)
            size = (picture.height, picture.width)
            return (*size, 3) if mode == "RGB" else size, DTYPES[mode]
    except (*READ_ERRORS, IndexError, UnidentifiedImageError) as error:
        raise _unreadable(file, error) from error


def read_picture(file: Path) -> np.ndarray:
    """Read one frame or label image, ``(Y, X)`` or ``(Y, X, 3)``."""
    try:
        if file.suffix.lower() in TIFF_SUFFIXES:
            return np.asarray(tifffile.imread(file, series=0))
        with Image.open(file) as picture:
            mode = _target_mode(picture)
            return np.asarray(
                picture if picture.mode == mode else picture.convert(mode)
            )
    except (*READ_ERRORS, IndexError, SyntaxError) as error:
        raise _unreadable(file, error) from error


def _target_mode(picture: Any) -> str:
    """Mode to read a picture in; colour tables and transparency become RGB."""
    mode = str(picture.mode)
    if mode.startswith("I;16"):
        return "I;16"
    if mode in DTYPES:
        return mode
    return "L" if mode == "LA" else "RGB"


def _unreadable(file: Path, error: Exception) -> FormatError:
    return FormatError(
        f"Frame '{file.name}' cannot be read: {error}. Copy or export it again."
    )
