"""YOLO boxes, as Ultralytics trains on them.

As `io.exports.yolo`, but that a line is ``class x y width height`` (x and y of the
centre) and the box goes round all parts of an object, along the edges of pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.exports.yolo import write_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.core.prompts import Mask
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write a box per object and frame.

    Parameters
    ----------
    path : Path
        A folder.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        What a user should know.
    """
    return write_dataset(path, annotated, _box)


def _box(mask: Mask) -> tuple[float, float, int, int]:
    height, width = mask.pixels.shape
    return mask.left + width / 2, mask.top + height / 2, width, height
