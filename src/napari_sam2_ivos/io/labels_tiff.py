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

OME_UNITS = {
    "um": "µm", "\u03bcm": "µm", "micron": "µm", "microns": "µm", "micrometer": "µm",
    "picometer": "pm", "nanometer": "nm", "millimeter": "mm", "centimeter": "cm",
    "meter": "m", "angstrom": "Å", "inch": "in", "foot": "ft",
}  # fmt: skip
"""Units as the OME schema lists them, by what others call them."""

IMAGEJ_UNITS = {"µm": "um", "Å": "angstrom"}
"""Units as they are spelled in ASCII, by what OME calls them."""


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
    no room: it cannot grow beyond 4 GB and has no pixels of 32 bits (and no reader
    knows it with frames that are one pixel wide). Fiji opens both
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
    n_frames, height, width = labels.shape
    if becomes_ome(path, labels, kind):
        shape: tuple[int, ...] = (n_frames, height, width)
        form, page = _ome(scale, unit, interval_s)
    else:  # with all axes of ImageJ: tifffile takes a last one of length 1 for samples
        shape = (n_frames, 1, 1, height, width, 1)
        form, page = _imagej(scale, unit, interval_s)
    with replacing(path) as part, tifffile.TiffWriter(part, **form) as tiff:
        tiff.write(
            planes_of(labels, kind),
            shape=shape,
            dtype=kind,
            photometric="minisblack",
            compression="zlib",
            rowsperstrip=height,
            **page,
        )
    return Path(path).expanduser()


def becomes_ome(
    path: str | os.PathLike[str], labels: LabelStore, dtype: np.dtype[Any] | type
) -> bool:
    """Whether labels are written as OME-TIFF, see `write_tiff`."""
    size = np.dtype(dtype).itemsize
    n_bytes = np.prod(labels.shape, dtype=np.int64) * size
    is_named_so = str(path).lower().endswith(OME_SUFFIXES)
    return bool(is_named_so or size > 2 or n_bytes >= LARGEST_IMAGEJ)


def ome_unit(unit: str | None) -> str | None:
    """Return a unit as the OME schema has it, ``None`` if it has no such unit."""
    symbol = OME_UNITS.get(unit or "", unit)
    return symbol if symbol in OME_UNITS.values() else None


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
    meta: dict[str, Any] = {"axes": "TZCYXS"}
    page: dict[str, Any] = {"metadata": meta}
    if interval_s:
        meta["finterval"] = float(interval_s)
        meta["tunit"] = "sec"
    if scale and unit:
        meta["unit"] = _imagej_unit(unit)
        page["resolution"] = (1 / scale[1], 1 / scale[0])
    return {"imagej": True}, page


def _imagej_unit(unit: str) -> str:
    """Spell a unit in ASCII: ImageJ's description is a file of Java properties."""
    if unit.isascii():
        return unit
    known = IMAGEJ_UNITS.get(ome_unit(unit) or "")
    return known or "".join(c if c.isascii() else f"\\u{ord(c):04X}" for c in unit)


def _ome(
    scale: tuple[float, float] | None, unit: str | None, interval_s: float | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    meta: dict[str, Any] = {"axes": "TYX"}
    if interval_s:
        meta |= {"TimeIncrement": float(interval_s), "TimeIncrementUnit": "s"}
    name = ome_unit(unit)
    if scale and name:
        meta |= {"PhysicalSizeY": scale[0], "PhysicalSizeYUnit": name}
        meta |= {"PhysicalSizeX": scale[1], "PhysicalSizeXUnit": name}
    return {"ome": True, "bigtiff": True}, {"metadata": meta}
