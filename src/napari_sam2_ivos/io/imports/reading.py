"""A segmentation of another program from a path, whatever it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.imports.imported import Imported
from napari_sam2_ivos.io.labels import read_labels

if TYPE_CHECKING:
    import os

CTC = (
    "*_track.txt",
    "mask[0-9]*.tif*",
    "man_track[0-9]*.tif*",
    "man_seg[0-9]*.tif*",
    "TRA/man_track[0-9]*.tif*",
    "SEG/man_seg[0-9]*.tif*",
)
"""Files by which a folder of the Cell Tracking Challenge is known."""

ZARR = ("zarr.json", ".zarray", ".zgroup")
"""Files by which a zarr folder is known."""


def read_segmentation(
    path: str | os.PathLike[str], *, plane_shape: tuple[int, int], n_frames: int
) -> Imported:
    """Open what another program has segmented, for a movie.

    Parameters
    ----------
    path : path-like
        A label stack (``.tif``, ``.npy``, ``.zarr``), a folder with one label image
        per frame, a result or truth folder of the Cell Tracking Challenge, COCO or
        YouTube-VIS ``.json``, or a folder of LabelMe or X-AnyLabeling ``.json``.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames : int

    Raises
    ------
    FormatError
        If it is none of these, is damaged, or does not fit the movie.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FormatError(f"There is no file or folder '{path}'. Check the path.")
    if path.is_file() and path.suffix.lower() == ".json":
        from napari_sam2_ivos.io.imports.coco import read_coco

        return read_coco(path, plane_shape=plane_shape, n_frames=n_frames)
    if path.is_file() or any((path / name).exists() for name in ZARR):
        return _stack(path, plane_shape, n_frames)
    if _has(path, *CTC):
        from napari_sam2_ivos.io.imports.ctc import read_ctc

        return read_ctc(path, plane_shape=plane_shape, n_frames=n_frames)
    if _has(path, "*.json"):
        from napari_sam2_ivos.io.imports.anylabeling import read_anylabeling

        return read_anylabeling(path, plane_shape=plane_shape, n_frames=n_frames)
    from napari_sam2_ivos.io.imports.label_folder import read_label_folder

    return read_label_folder(path, plane_shape=plane_shape, n_frames=n_frames)


def _has(folder: Path, *patterns: str) -> bool:
    found = (item for pattern in patterns for item in folder.glob(pattern))
    return any(not item.name.startswith(".") for item in found)


def _stack(path: Path, plane_shape: tuple[int, int], n_frames: int) -> Imported:
    labels = read_labels(path)
    shape = tuple(labels.shape)
    if shape != (n_frames, *plane_shape):
        raise FormatError(
            f"'{path.name}' has shape {shape}, but the movie has"
            f" {(n_frames, *plane_shape)}. Give labels of the same frames."
        )
    return Imported(lambda frame: np.asarray(labels[frame]), list(range(n_frames)))
