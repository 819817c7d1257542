"""A folder with one label image per frame, as Cellpose and others write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.imports.imported import Imported
from napari_sam2_ivos.io.imports.pictures import SUFFIXES, FrameFiles
from napari_sam2_ivos.io.sources import natural_key

if TYPE_CHECKING:
    from pathlib import Path

MASKS = re.compile(r"_(cp_)?(masks?|labels?|seg)\.", re.IGNORECASE)
"""How label images are called that lie among the pictures they were made of."""


def read_label_folder(
    path: Path, *, plane_shape: tuple[int, int], n_frames: int
) -> Imported:
    """Open a folder of label images.

    As many images as frames are taken in natural order of their names. Of fewer, the
    last number in each name is the frame, counted from 0.

    Parameters
    ----------
    path : Path
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames : int

    Raises
    ------
    FormatError
        If there are none, or it cannot be told which frames they are of.
    """
    found = [p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()]
    found = [p for p in found if MASKS.search(p.name)] or found
    found.sort(key=lambda p: natural_key(p.name))
    if not found:
        raise FormatError(
            f"'{path.name}' holds no label images. They end in {', '.join(SUFFIXES)}."
        )
    if len(found) == n_frames:
        files = dict(enumerate(found))
    else:
        files = _by_number(path, found, n_frames)
    return Imported(FrameFiles(files, plane_shape), sorted(files))


def _by_number(path: Path, found: list[Path], n_frames: int) -> dict[int, Path]:
    numbers = [re.findall(r"\d+", p.stem) for p in found]
    files = {int(n[-1]): p for n, p in zip(numbers, found, strict=True) if n}
    if len(files) < len(found) or max(files, default=0) >= n_frames:
        raise FormatError(
            f"'{path.name}' has {len(found)} label images, but the movie has"
            f" {n_frames} frames. Give one for each, or end each name with the number"
            f" of its frame, 0 to {n_frames - 1}."
        )
    return files
