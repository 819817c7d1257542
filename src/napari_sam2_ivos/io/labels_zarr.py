"""Label stacks as zarr arrays, in chunks of which a large frame has many."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.io.atomic import cannot_save, checked_target
from napari_sam2_ivos.io.labels import planes_of

if TYPE_CHECKING:
    import os

    from napari_sam2_ivos.core.ports import LabelStore

MARK = "napari_sam2_ivos"
"""Attribute by which a zarr array is known as made by this program."""

LARGEST_CHUNK = 1024
"""Rows or columns of a frame up to which it is not cut."""

CHUNK = 512
"""Rows and columns of a chunk of a larger frame: an object touches few of them, and the
whole frame is still read in a moment."""


def create_array(
    folder: Path,
    shape: tuple[int, int, int],
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
) -> zarr.Array[Any]:
    """Make an empty ``(T, Y, X)`` uint16 array in a folder that is not there yet."""
    notes = {
        "pixel_size": list(scale) if scale else None,
        "pixel_unit": unit,
        "frame_interval_s": interval_s,
    }
    return zarr.create_array(
        folder,
        shape=shape,
        chunks=(1, *(n if n <= LARGEST_CHUNK else CHUNK for n in shape[1:])),
        dtype=np.uint16,
        fill_value=0,
        dimension_names=("t", "y", "x"),
        attributes={MARK: "label stack", **notes},
    )


def is_ours(folder: Path) -> bool:
    """Whether a folder is a zarr array made by this program, and nothing else."""
    try:
        node = zarr.open(folder, mode="r")
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not isinstance(node, zarr.Array) or MARK not in node.attrs:
        return False
    return {item.name for item in folder.iterdir()} <= {"zarr.json", "c"}


def check_free(folder: Path) -> None:
    """Raise `StoreError` if `folder` is taken by something we did not make."""
    if folder.is_file() or (folder.is_dir() and not is_ours(folder)):
        raise StoreError(
            f"'{folder}' is there already and was not made by this program, so it is"
            " left alone. Choose another name."
        )


def write_zarr(
    path: str | os.PathLike[str],
    labels: LabelStore,
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
) -> Path:
    """Write a zarr array; an earlier one of ours is replaced when all is done."""
    target = checked_target(path)
    check_free(target)
    shape = (int(labels.shape[0]), int(labels.shape[1]), int(labels.shape[2]))
    try:
        work = Path(tempfile.mkdtemp(".part", ".", target.parent))
    except OSError as error:
        raise cannot_save(target, error) from error
    try:
        array = create_array(
            work / "new", shape, scale=scale, unit=unit, interval_s=interval_s
        )
        for frame, plane in enumerate(planes_of(labels)):
            array[frame] = plane
        if target.exists():
            target.rename(work / "old")
        (work / "new").rename(target)
    except OSError as error:
        if (work / "old").exists() and not target.exists():
            (work / "old").rename(target)
        raise cannot_save(target, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target
