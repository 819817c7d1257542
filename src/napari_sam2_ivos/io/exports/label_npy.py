"""The label stack as a plain numpy file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.exports.label_tiff import OneByOne
from napari_sam2_ivos.io.labels_npy import write_npy

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write a ``(T, Y, X)`` uint16 array to a ``.npy`` file."""
    write_npy(path, OneByOne(annotated))
    return []
