"""Movies in zarr arrays and OME-Zarr images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zarr

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.lazy_array import READ_ERRORS, GuardedArray
from napari_sam2_ivos.io.sources import Source, guess_axes, time_axis_of

if TYPE_CHECKING:
    from pathlib import Path

UNITS = {"micrometer": "um", "nanometer": "nm", "millimeter": "mm", "meter": "m"}
SECONDS = {"millisecond": 1e-3, "second": 1.0, "minute": 60.0, "hour": 3600.0}


def open_zarr(path: Path) -> Source:
    """Open a zarr array, or the full resolution of an OME-Zarr image (0.4, 0.5)."""
    try:
        node = zarr.open(path, mode="r")
    except (*READ_ERRORS, TypeError) as error:
        raise FormatError(
            f"'{path.name}' is not a zarr array or image: {error}. Give the folder that"
            " holds its zarr.json, .zarray or .zgroup."
        ) from error
    if isinstance(node, zarr.Array):
        return _plain(node, path)
    attributes = dict(node.attrs)
    image: Any = attributes.get("ome", attributes)
    if "multiscales" in image:
        return _multiscale(node, image["multiscales"][0], path)
    arrays = sorted(node.arrays(), key=lambda pair: str(pair[0]))
    if len(arrays) == 1:
        return _plain(arrays[0][1], path)
    names = ", ".join(name for name, _ in arrays) or "no array"
    raise FormatError(
        f"'{path.name}' is a zarr group with {names}. Give the array to use, such as"
        f" '{path.name}/{arrays[0][0] if arrays else 'array'}'."
    )


def _plain(array: zarr.Array[Any], path: Path) -> Source:
    names = getattr(array.metadata, "dimension_names", None)
    axes = guess_axes(array.shape)
    if names and all(isinstance(n, str) and len(n) == 1 for n in names):
        axes = "".join(names).upper()
    notes: Any = array.attrs
    scale = notes.get("pixel_size")
    return Source(
        GuardedArray(array, path),
        time_axis_of(axes),
        rgb=axes.endswith("S"),
        scale=(float(scale[0]), float(scale[1])) if scale else None,
        unit=notes.get("pixel_unit"),
        interval_s=notes.get("frame_interval_s"),
        axes=axes,
    )


def _multiscale(group: zarr.Group, image: Any, path: Path) -> Source:
    """Level 0, with the scale of its own and of the whole image multiplied."""
    try:
        level = image["datasets"][0]
        array = group[level["path"]]
        axes = [a if isinstance(a, dict) else {"name": a} for a in image["axes"]]
    except (KeyError, IndexError, TypeError) as error:
        raise FormatError(
            f"'{path.name}' has damaged OME-Zarr metadata: {error} is missing. Export"
            " it again, or give one of its arrays."
        ) from error
    if not isinstance(array, zarr.Array) or len(axes) != array.ndim:
        raise FormatError(
            f"'{path.name}' has OME-Zarr metadata that does not fit its arrays. Export"
            " it again, or give one of its arrays."
        )
    factors = [1.0] * len(axes)
    found = False
    for transforms in (level, image):
        for step in transforms.get("coordinateTransformations") or ():
            if step.get("type") == "scale":
                found = True
                pairs = zip(factors, step["scale"], strict=True)
                factors = [a * float(b) for a, b in pairs]
    letters = "".join(str(a["name"])[0].upper() for a in axes)
    time = letters.find("T")
    seconds = SECONDS.get(axes[time].get("unit", "")) if time >= 0 else None
    unit = axes[-1].get("unit")
    return Source(
        GuardedArray(array, path),
        time_axis_of(letters),
        scale=(factors[-2], factors[-1]) if found and unit else None,
        unit=UNITS.get(unit, unit) if unit else None,
        interval_s=factors[time] * seconds if found and seconds else None,
        axes=letters,
    )
