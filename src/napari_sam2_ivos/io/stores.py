"""Where the labels of a session live while it is worked on."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.io.atomic import cannot_save, checked_target

if TYPE_CHECKING:
    import os

    from napari_sam2_ivos.core.ports import LabelStore

LARGEST_IN_MEMORY = 2**30
"""Bytes up to which a label stack is kept in memory."""


def create_store(
    shape: tuple[int, int, int],
    dtype: np.dtype[Any] | type = np.uint16,
    path: str | os.PathLike[str] | None = None,
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
) -> LabelStore:
    """Make an empty label stack, in memory or on disk.

    Parameters
    ----------
    shape : tuple of int
        ``(T, Y, X)``.
    dtype : dtype
        uint16; given for clearness.
    path : path-like, optional
        A ``.zarr`` folder to keep the labels in as they are made. Without it
        they are in memory if that takes less than 1 GiB, else in a temporary
        folder that goes away with the store.
    scale, unit, interval_s
        Pixel size ``(y, x)``, its unit and seconds between frames, noted in a
        store at `path`.

    Raises
    ------
    StoreError
        If the folder is there already, or cannot be made.
    """
    if np.dtype(dtype) != np.uint16:
        raise StoreError(f"Label stacks are uint16, not {np.dtype(dtype)}.")
    n_bytes = int(np.prod(shape, dtype=np.int64)) * 2
    if path is None and n_bytes < LARGEST_IN_MEMORY:
        return np.zeros(shape, np.uint16)
    from napari_sam2_ivos.io.labels_zarr import create_array

    if path is not None:
        target = checked_target(path)
        if target.exists():
            raise StoreError(
                f"'{target}' is there already. Choose another name for the labels."
            )
        try:
            return create_array(
                target, shape, scale=scale, unit=unit, interval_s=interval_s
            )
        except OSError as error:
            raise cannot_save(target, error) from error
    try:
        folder = Path(tempfile.mkdtemp(".zarr", "ivos-labels-"))
        store = create_array(folder / "labels.zarr", shape)
    except OSError as error:
        raise cannot_save(Path(tempfile.gettempdir()), error) from error
    weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
    return store
