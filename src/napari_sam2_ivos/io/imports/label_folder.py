"""A folder with one label image per frame, as Cellpose and others write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.imports.imported import Imported
from napari_sam2_ivos.io.imports.pictures import SUFFIXES, FrameFiles
from napari_sam2_ivos.io.labels_npy import read_npy
from napari_sam2_ivos.io.sources import natural_key

if TYPE_CHECKING:
    from pathlib import Path

MASKS = re.compile(r"_(cp_)?(masks?|labels?|seg)\.", re.IGNORECASE)
"""How label images are called that lie among the pictures they were made of."""

CELLPOSE_STATE = "_seg.npy"
"""What Cellpose's window saves for itself: pickled Python objects, which we never open
(https://cellpose.readthedocs.io/en/latest/outputs.html)."""


def read_label_folder(
    path: Path, *, plane_shape: tuple[int, int], n_frames: int
) -> Imported:
    """Open a folder of label images.

    As many images as frames are taken in natural order of their names. Of fewer, the
    one number that differs between the names is the frame: counted from 0 if it is 0
    somewhere, from 1 if it is the number of frames somewhere.

    Parameters
    ----------
    path : Path
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames : int

    Raises
    ------
    FormatError
        If there are none, they are of different kinds, or it cannot be told which
        frames they are of.
    """
    found = _images_in(path)
    if len(found) == n_frames:
        files = dict(enumerate(found))
        return Imported(FrameFiles(files, plane_shape), sorted(files))
    files = _by_number(path, found, n_frames)
    n_missing = n_frames - len(files)
    remark = f"Frames without an image, of which nothing is known: {n_missing}."
    return Imported(FrameFiles(files, plane_shape), sorted(files), remarks=[remark])


def _images_in(path: Path) -> list[Path]:
    """Return the label images of a folder in natural order."""
    try:
        items = [p for p in path.iterdir() if p.is_file() and p.name[0] != "."]
    except OSError as error:
        raise FormatError(
            f"Folder '{path}' cannot be read: {error}. See whether you may."
        ) from error
    items = [p for p in items if p.suffix.lower() in SUFFIXES]
    named = [p for p in items if MASKS.search(p.name)]
    found = [p for p in named if not p.name.lower().endswith(CELLPOSE_STATE)]
    if named and not found:
        found = named
        _check_plain(min(named))
    found = found or items
    if not found:
        raise FormatError(
            f"'{path.name}' holds no label images. They end in {', '.join(SUFFIXES)}."
        )
    kinds = sorted({p.suffix.lower().replace("tiff", "tif") for p in found})
    if len(kinds) > 1:
        raise FormatError(
            f"'{path.name}' holds label images that end in {' and '.join(kinds)}. Keep"
            " those of one kind in a folder of their own."
        )
    return sorted(found, key=lambda p: natural_key(p.name))


def _check_plain(file: Path) -> None:
    try:
        read_npy(file)
    except FormatError as error:
        raise FormatError(
            f"'{file.name}' is no plain array. If it is Cellpose's, it holds Python"
            " objects, which are not opened because they could run code: have Cellpose"
            " save the masks as PNG or TIFF."
        ) from error


def _by_number(path: Path, found: list[Path], n_frames: int) -> dict[int, Path]:
    """Return the images by the number of their frame, or raise if it is in doubt."""
    numbers = [[int(n) for n in re.findall(r"\d+", p.stem)] for p in found]
    alike = len({len(n) for n in numbers}) == 1
    columns = list(zip(*numbers, strict=True)) if alike else []
    if len(found) > 1:
        columns = [column for column in columns if len(set(column)) > 1]
    frames = columns[0] if len(columns) == 1 else ()
    start = 0 if 0 in frames else 1
    is_told = 0 in frames or n_frames in frames
    files = {n - start: p for n, p in zip(frames, found, strict=False)}
    if not is_told or len(files) < len(found) or max(files) >= n_frames:
        raise FormatError(
            f"'{path.name}' has {len(found)} label images, but the movie has"
            f" {n_frames} frames, and it cannot be told which these are of. Give one"
            " image for each frame, or number them: from 0, one of them 0, or from 1,"
            f" one of them {n_frames}."
        )
    return files
