"""Label stacks in files: one entry to write and one to read, by suffix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError, StoreError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from napari_sam2_ivos.core.ports import LabelStore

WRITABLE = (".tif", ".tiff", ".npy", ".zarr")


def check_suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of `path` if labels can be written so, or raise."""
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise FormatError(
            f"'{Path(path).name}' ends in '{suffix or 'nothing'}'. Labels are saved as"
            " .tif, .npy or .zarr."
        )
    return suffix


def write_labels(
    path: str | os.PathLike[str],
    labels: LabelStore,
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
) -> Path:
    """Save a label stack, plane by plane.

    A file of that name is replaced only once the new one is complete.

    Parameters
    ----------
    path : path-like
        ``.tif`` (compressed, opens in ImageJ and napari as T, Y, X), ``.npy``
        or ``.zarr``.
    labels : array-like, (T, Y, X)
        Whole numbers from 0 to 65535, saved as uint16; in a TIFF up to 4294967295,
        which takes uint32.
    scale : tuple of float, optional
        Pixel size ``(y, x)`` in `unit`.
    unit : str, optional
        Such as ``"um"``.
    interval_s : float, optional
        Seconds between frames.

    Returns
    -------
    Path
        Where the labels are.

    Raises
    ------
    FormatError
        If the suffix is not one of these.
    StoreError
        If the disk is full, the place cannot be written, a folder there was
        not made by this program, or a value does not fit into uint16.
    """
    suffix = check_suffix(path)
    if len(labels.shape) != 3:
        raise StoreError(
            f"A label stack has axes (T, Y, X), but the shape is {labels.shape}."
        )
    if suffix == ".npy":
        from napari_sam2_ivos.io.labels_npy import write_npy

        return write_npy(path, labels)
    if suffix == ".zarr":
        from napari_sam2_ivos.io.labels_zarr import write_zarr

        return write_zarr(path, labels, scale=scale, unit=unit, interval_s=interval_s)
    from napari_sam2_ivos.io.labels_tiff import type_of, write_tiff

    return write_tiff(
        path,
        labels,
        scale=scale,
        unit=unit,
        interval_s=interval_s,
        dtype=type_of(labels),
    )


def read_labels(path: str | os.PathLike[str]) -> Any:
    """Open a label image or stack, lazily.

    Parameters
    ----------
    path : path-like
        ``.tif``, ``.npy``, ``.zarr``, or ``.png`` for one image.

    Returns
    -------
    array-like, (T, Y, X) or (Y, X)
        Whole numbers, 0 is background.

    Raises
    ------
    FormatError
        If there is no such file, or it holds no labels.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FormatError(f"There is no label file '{path}'. Check the path.")
    labels = _open(path)
    if np.dtype(labels.dtype).kind not in "bui":
        raise FormatError(
            f"'{path.name}' holds {labels.dtype} values, but labels are whole numbers."
            " Give a label image, where each object has its own number."
        )
    if len(labels.shape) not in (2, 3):
        raise FormatError(
            f"'{path.name}' has shape {tuple(labels.shape)}. Labels have axes (Y, X) or"
            " (T, Y, X)."
        )
    return labels


def _open(path: Path) -> Any:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        from napari_sam2_ivos.io.labels_npy import read_npy

        return read_npy(path)
    if suffix == ".png":
        from napari_sam2_ivos.io.frame_folder import read_picture

        return read_picture(path)
    if suffix in (".tif", ".tiff"):
        from napari_sam2_ivos.io.tiff_movie import open_tiff

        return open_tiff(path).data
    if suffix == ".zarr" or path.is_dir():
        from napari_sam2_ivos.io.zarr_movie import open_zarr

        return open_zarr(path).data
    raise FormatError(
        f"'{path.name}' ends in '{suffix or 'nothing'}'. Labels are read from .tif,"
        " .npy, .zarr or .png."
    )


def planes_of(
    labels: LabelStore, dtype: np.dtype[Any] | type = np.uint16
) -> Iterator[np.ndarray]:
    """Read planes one by one as unsigned integers, refusing values that would wrap."""
    largest = np.iinfo(dtype).max
    for frame in range(labels.shape[0]):
        plane = np.asarray(labels[frame])
        if plane.dtype != dtype and plane.size:
            low, high = plane.min(), plane.max()
            if low < 0 or high > largest or plane.dtype.kind not in "bui":
                raise StoreError(
                    f"Frame {frame} has label {low if low < 0 else high}, but this file"
                    f" holds whole numbers from 0 to {largest}."
                )
        yield np.ascontiguousarray(plane, dtype=dtype)
