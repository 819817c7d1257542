"""An image layer, seen as a movie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.viewer.axes import outer_axes, position

if TYPE_CHECKING:
    from collections.abc import Mapping


def movie_of(layer: Any, time_axis: int | None, held: Mapping[int, int]) -> Movie:
    """Return the movie in an image layer; level 0 if it has several resolutions.

    Raises
    ------
    MovieError
        If the layer has no time axis, is empty or does not hold numbers.
    """
    if time_axis is None:
        raise MovieError(
            f"'{layer.name}' is a single picture. Choose a time-lapse: a stack whose"
            " first axis is time."
        )
    data = layer.data[0] if layer.multiscale else layer.data
    return Movie(data, time_axis, bool(layer.rgb), dict(held), layer.name)


def held_positions(viewer: Any, layer: Any, time_axis: int) -> dict[int, int]:
    """Return where the sliders hold every axis but time, Y and X."""
    shape = (layer.data[0] if layer.multiscale else layer.data).shape
    at = position(viewer, layer)
    return {
        axis: int(np.clip(round(float(at[axis])), 0, shape[axis] - 1))
        for axis in outer_axes(layer)
        if axis != time_axis
    }


def contrast_of(layer: Any, movie: Movie) -> tuple[float, float] | None:
    """Return the contrast limits of a layer if the user chose them.

    None, that is percentiles over the movie, if they are still what napari
    set by itself: the range of the data, of its dtype or, where the data are
    not in memory, of the plane that was shown first.
    """
    if layer.rgb:
        return None
    low, high = (float(v) for v in layer.contrast_limits)
    untouched = [tuple(float(v) for v in layer.contrast_limits_range)]
    dtype = np.dtype(layer.dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        untouched.append((float(info.min), float(info.max)))
    if (low, high) in untouched or high <= low:
        return None
    for frame in {0, (movie.n_frames - 1) // 2, movie.n_frames // 2}:
        plane = movie.plane(frame)
        if (low, high) == (float(np.nanmin(plane)), float(np.nanmax(plane))):
            return None
    return low, high


def calibration_of(layer: Any, time_axis: int) -> dict[str, Any]:
    """Return pixel size, unit and frame interval of a layer, None where unknown.

    Returns
    -------
    dict
        `scale` ``(y, x)``, `unit` and `interval_s`, as the writers of files
        want them.
    """
    units, scale = layer.units, layer.scale
    known = str(units[-1]) != "pixel" and units[-1] == units[-2]
    interval = 1 * units[time_axis]
    return {
        "scale": (float(scale[-2]), float(scale[-1])) if known else None,
        "unit": str(units[-1]) if known else None,
        "interval_s": float(scale[time_axis] * interval.to("second").magnitude)
        if interval.check("second")
        else None,
    }
