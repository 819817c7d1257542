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


def write_tiff(
    path: str | os.PathLike[str],
    labels: LabelStore,
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
) -> Path:
    """Write an ImageJ hyperstack, or an OME-TIFF if it may outgrow 4 GB.

    ImageJ's own format cannot grow beyond 4 GB; Fiji opens the large one
    through Bio-Formats, with the same axes and calibration.
    """
    with replacing(path) as part:
        if np.prod(labels.shape, dtype=np.int64) * 2 < LARGEST_IMAGEJ:
            flavour = _imagej(scale, unit, interval_s)
        else:
            flavour = _ome(scale, unit, interval_s)
        form, page = flavour
        with tifffile.TiffWriter(part, **form) as tiff:
            tiff.write(
                planes_of(labels),
                shape=tuple(labels.shape),
                dtype=np.uint16,
                photometric="minisblack",
                compression="zlib",
                rowsperstrip=labels.shape[1],
                **page,
            )
    return Path(path).expanduser()


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
