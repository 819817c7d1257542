"""OME-Zarr 0.5 (NGFF): images and label images, in chunks of one frame.

The format: https://ngff.openmicroscopy.org/0.5/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.labels_zarr import CHUNK, LARGEST_CHUNK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

VERSION = "0.5"

UNITS = {
    "m": "meter", "cm": "centimeter", "mm": "millimeter", "um": "micrometer",
    "µm": "micrometer", "μm": "micrometer", "micron": "micrometer",
    "nm": "nanometer", "pm": "picometer", "Å": "angstrom", "in": "inch", "ft": "foot",
}  # fmt: skip
"""Names of units as OME-Zarr has them, by what others call them."""


def create_labels(
    folder: Path,
    shape: tuple[int, int, int],
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
    properties: Sequence[Mapping[str, Any]] = (),
    source: str | None = None,
) -> zarr.Array[Any]:
    """Make an empty label image in a new or empty folder.

    Parameters
    ----------
    folder : Path
    shape : tuple of int
        ``(T, Y, X)``.
    scale, unit, interval_s
        Pixel size ``(y, x)``, its unit, seconds between frames.
    properties : sequence of mapping, optional
        What is known of objects: ``label-value`` and anything else.
    source : str, optional
        The image that it belongs to, as seen from the folder.

    Returns
    -------
    zarr.Array, (T, Y, X) uint16
    """
    about: dict[str, Any] = {}
    if properties:
        about["properties"] = [dict(one) for one in properties]
    if source is not None:
        about["source"] = {"image": source}
    return create_image(
        folder,
        shape,
        np.uint16,
        "tyx",
        name="tracks",
        scale=scale,
        unit=unit,
        interval_s=interval_s,
        more={"image-label": about},
    )


def create_image(
    folder: Path,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    axes: str,
    *,
    name: str,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
    more: Mapping[str, Any] | None = None,
) -> zarr.Array[Any]:
    """Make an empty image of one resolution in a new or empty folder.

    Parameters
    ----------
    folder : Path
    shape : tuple of int
    dtype : dtype
    axes : str
        ``"tyx"`` or ``"tcyx"``.
    name : str
    scale, unit, interval_s
        See `create_labels`.
    more : mapping, optional
        Further metadata beside ``multiscales``.
    """
    known_unit = UNITS.get(unit, unit) if unit and scale else None
    steps = {"t": interval_s or 1.0, "c": 1.0}
    steps |= dict(zip("yx", scale or (1.0, 1.0), strict=True))
    multiscales = {
        "name": name,
        "axes": [_axis(axis, known_unit, interval_s) for axis in axes],
        "datasets": [
            {
                "path": "0",
                "coordinateTransformations": [
                    {"type": "scale", "scale": [float(steps[axis]) for axis in axes]}
                ],
            }
        ],
    }
    ome = {"version": VERSION, "multiscales": [multiscales], **(more or {})}
    group = zarr.create_group(folder, zarr_format=3, attributes={"ome": ome})
    planes = [n if n <= LARGEST_CHUNK else CHUNK for n in shape[-2:]]
    return group.create_array(
        "0",
        shape=shape,
        chunks=(*[1] * (len(shape) - 2), *planes),
        dtype=dtype,
        fill_value=0,
        dimension_names=tuple(axes),
    )


def open_labels(folder: Path) -> zarr.Array[Any]:
    """Open the label image in a folder, to be read and written.

    Raises
    ------
    FormatError
        If there is none, or it is damaged.
    """
    try:
        array = zarr.open_array(folder / "0", mode="r+", zarr_format=3)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise FormatError(
            f"'{folder}' is no OME-Zarr label image, or damaged: {error}."
        ) from error
    if array.ndim != 3 or array.dtype != np.uint16:
        raise FormatError(
            f"'{folder}' holds {array.dtype} of shape {array.shape}, but a label image"
            " is uint16 with axes (T, Y, X)."
        )
    return array


def _axis(axis: str, unit: str | None, interval_s: float | None) -> dict[str, str]:
    kind = {"t": "time", "c": "channel"}.get(axis, "space")
    known = {"time": "second" if interval_s else None, "space": unit}.get(kind)
    found = {"name": axis, "type": kind}
    return {**found, "unit": known} if known else found
