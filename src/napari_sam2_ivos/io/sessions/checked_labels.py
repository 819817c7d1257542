"""The label stack of a session, opened only if it is one that we could have written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.lazy_array import READ_ERRORS
from napari_sam2_ivos.io.ome_zarr import open_labels

if TYPE_CHECKING:
    from pathlib import Path

    import zarr

CODECS = {"BytesCodec", "BloscCodec", "ZstdCodec", "GzipCodec", "Crc32cCodec"}
"""How chunks may be packed. Of others there are some that run what they read."""

LARGEST_CHUNK = 2**26
"""Pixels of the largest chunk that is read, if a plane is not larger."""

OPEN_ERRORS = (
    *READ_ERRORS,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    MemoryError,
)
"""What zarr raises on metadata that are damaged."""


def checked_labels(folder: Path) -> zarr.Array[Any]:
    """Open the label stack of a session, ``(T, Y, X)`` uint16.

    Raises
    ------
    FormatError
        If it is missing, damaged, or something else.
    """
    try:
        labels = open_labels(folder)
        shape, chunks = labels.shape, labels.chunks
        metadata = labels.metadata
        is_ours = (
            metadata.zarr_format == 3
            and labels.dtype == np.uint16
            and len(shape) == 3
            and chunks[0] == 1
            and chunks[1] * chunks[2] <= max(shape[1] * shape[2], LARGEST_CHUNK)
            and {type(codec).__name__ for codec in metadata.codecs} <= CODECS
        )
    except OPEN_ERRORS as error:
        raise FormatError(
            f"'{folder}' cannot be read: {error}. Take it from a copy of the session if"
            " you have one."
        ) from error
    if not is_ours:
        raise FormatError(
            f"'{folder}' is no label stack of this program: labels are uint16, time"
            " first, one frame at a time. Take it from a copy of the session."
        )
    return labels
