"""The box around every object on every frame, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.boxes import write_boxes
from napari_sam2_ivos.io.exports.label_tiff import OneByOne

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write ``.csv`` with names of columns, or ``.txt`` as MOTChallenge has it."""
    write_boxes(path, OneByOne(annotated), annotated.tracks)
    return []
