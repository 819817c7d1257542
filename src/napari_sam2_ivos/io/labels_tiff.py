"""Label stacks as TIFF that ImageJ and napari open as T, Y, X."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.labels import planes_of

if TYPE_CHECKING:
    import os

    from napari_sam2_ivos.core.ports import LabelStore

LARGEST_IMAGEJ = 2**32 - 2**25
"""Bytes of planes that fit a classic TIFF file even if nothing compresses."""

OME_SUFFIXES = (".ome.tif", ".ome.tiff")


def write_tiff(
    path: str | os.PathLike[str],
    labels: LabelStore,
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
    dtype: np.dtype[Any] | type = np.uint16,
) -> Path:
    """Write an ImageJ hyperstack, or an OME-TIFF.

    An OME-TIFF where the name ends in ``.ome.tif``, and where ImageJ's own format has
    no room: it cannot grow beyond 4 GB and has no pixels of 32 bits. Fiji opens both
    with the same axes and calibration, an OME-TIFF through Bio-Formats.

    Parameters
    ----------
    path : path-like
    labels : array-like, (T, Y, X)
    scale, unit, interval_s
        Pixel size ``(y, x)``, its unit, seconds between frames.
    dtype : dtype
        uint8, uint16 or uint32, large enough for every label.
    """
    kind = np.dtype(dtype)
    n_bytes = np.prod(labels.shape, dtype=np.int64) * kind.itemsize
    is_ome = str(path).lower().endswith(OME_SUFFIXES) or kind.itemsize > 2
    with replacing(path) as part:
        if is_ome or n_bytes >= LARGEST_IMAGEJ:
            flavour = _ome(scale, unit, interval_s)
        else:
            flavour = _imagej(scale, unit, interval_s)
        form, page = flavour
        with tifffile.TiffWriter(part, **form) as tiff:
            tiff.write(
                planes_of(labels, kind),
                shape=tuple(labels.shape),
                dtype=kind,
                photometric="minisblack",
                compression="zlib",
                rowsperstrip=labels.shape[1],
                **page,
            )
    return Path(path).expanduser()


def type_of(labels: LabelStore) -> np.dtype[Any]:
    """Return uint16, or uint32 where labels need it; reads wide labels to find out."""
    if np.dtype(labels.dtype).itemsize <= np.dtype(np.uint16).itemsize:
        return np.dtype(np.uint16)
    planes = (np.asarray(labels[frame]) for frame in range(labels.shape[0]))
    largest = max((int(plane.max()) for plane in planes if plane.size), default=0)
    return np.dtype(np.uint16 if largest <= np.iinfo(np.uint16).max else np.uint32)


def _imagej(
    scale: tuple[float, float] | None, unit: str | None, interval_s: float | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    meta: dict[str, Any] = {"axes": "TYX"}
    page: dict[str, Any] = {"metadata": meta}
    if interval_s:
        meta["finterval"] = float(interval_s)
        meta["tunit"] = "sec"
    if scale and unit:
        meta["unit"] = unit
        page["resolution"] = (1 / scale[1], 1 / scale[0])
    return {"imagej": True}, page


def _ome(
    scale: tuple[float, float] | None, unit: str | None, interval_s: float | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    meta: dict[str, Any] = {"axes": "TYX"}
    if interval_s:
        meta |= {"TimeIncrement": float(interval_s), "TimeIncrementUnit": "s"}
    if scale and unit:
        name = "µm" if unit == "um" else unit
        meta |= {"PhysicalSizeY": scale[0], "PhysicalSizeYUnit": name}
        meta |= {"PhysicalSizeX": scale[1], "PhysicalSizeXUnit": name}
    return {"ome": True, "bigtiff": True}, {"metadata": meta}
