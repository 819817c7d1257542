"""Image layers, seen as a movie."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.viewer.axes import layer_to_layer, outer_axes, position
from napari_sam2_ivos.viewer.channels import N_COLOURS, Channel, ChannelStack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def pixels_of(layer: Any) -> Any:
    """Return the array of an image layer; level 0 if it has several resolutions."""
    return layer.data[0] if layer.multiscale else layer.data


def movie_of(
    layer: Any,
    time_axis: int | None,
    held: Mapping[int, int],
    others: Sequence[Any] = (),
) -> Movie:
    """Return the movie in an image layer, or in several as its colours.

    Nothing is read.

    Parameters
    ----------
    layer : napari.layers.Image
        The movie, or what the model sees in red.
    time_axis : int or None
    held : mapping of int to int
    others : sequence of napari.layers.Image
        What it sees in green and blue.

    Raises
    ------
    MovieError
        If the layer has no time axis, is empty or does not hold numbers, or if
        the others do not fit it.
    """
    if time_axis is None:
        raise MovieError(
            f"'{layer.name}' is a single picture. Choose a time-lapse: a stack whose"
            " first axis is time."
        )
    if not others:
        return _movie(layer, time_axis, held)
    _check_colours(layer, others)
    channels = [_channel(_movie(x, time_axis, held), x) for x in (layer, *others)]
    return Movie(ChannelStack(channels), time_axis, True, dict(held), layer.name)


def colours_for(layer: Any, layers: Iterable[Any]) -> list[Any]:
    """Return those of `layers` that can be a further colour of a movie in `layer`."""
    if layer.rgb or not outer_axes(layer):
        return []
    shape = pixels_of(layer).shape
    return [
        x for x in layers if x != layer and not x.rgb and pixels_of(x).shape == shape
    ]


def held_positions(viewer: Any, layer: Any, time_axis: int) -> dict[int, int]:
    """Return where the sliders hold every axis but time, Y and X."""
    shape = pixels_of(layer).shape
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
    not in memory, of the plane that was shown first. Colours of several layers
    are mapped already, each by limits or percentiles of its own.
    """
    if isinstance(movie.data, ChannelStack):
        return 0.0, 1.0
    if layer.rgb:
        return None
    limits = _limits_of(layer)
    if limits is None or _is_of_a_plane(limits, _coarsest(layer, movie)):
        return None
    return limits


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


def _movie(layer: Any, time_axis: int, held: Mapping[int, int]) -> Movie:
    return Movie(pixels_of(layer), time_axis, bool(layer.rgb), dict(held), layer.name)


def _coarsest(layer: Any, movie: Movie) -> Movie:
    """Return the movie of a layer as napari reads it before it knows the zoom."""
    if not layer.multiscale:
        return movie
    data = layer.data[-1]
    held = {axis: min(i, data.shape[axis] - 1) for axis, i in movie.held.items()}
    return replace(movie, data=data, held=held)


def _channel(movie: Movie, layer: Any) -> Channel:
    limits, coarsest = _limits_of(layer), _coarsest(layer, movie)

    def choose() -> IntensityMapping:
        if limits is None or _is_of_a_plane(limits, coarsest):
            return IntensityMapping.of_movie(movie)
        return IntensityMapping(*limits)

    return Channel(movie, choose)


def _limits_of(layer: Any) -> tuple[float, float] | None:
    """Return the contrast limits, None if they say nothing; reads no pixels."""
    low, high = (float(v) for v in layer.contrast_limits)
    untouched = [tuple(float(v) for v in layer.contrast_limits_range)]
    dtype = np.dtype(layer.dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        untouched.append((float(info.min), float(info.max)))
    return None if (low, high) in untouched or high <= low else (low, high)


def _is_of_a_plane(limits: tuple[float, float], movie: Movie) -> bool:
    """Whether limits are the range of a plane that napari may have shown first.

    All sliders at their beginning or in their middle, or those other than time
    where they are held.
    """
    shape = movie.data.shape
    middles = ([(n - 1) // 2 for n in shape], [n // 2 for n in shape])
    tried = []
    for place in ([0] * len(shape), *middles):
        frame = place[movie.time_axis]
        for held in (movie.held, {axis: place[axis] for axis in movie.held}):
            if (frame, held) not in tried:
                tried.append((frame, held))
                if limits == _range_of(replace(movie, held=held).plane(frame)):
                    return True
    return False


def _range_of(plane: np.ndarray) -> tuple[float, float]:
    """Return the contrast limits that napari gives a plane."""
    low, high = float(np.nanmin(plane)), float(np.nanmax(plane))
    return (low, high) if low < high else (min(low, 0.0), max(high, 1.0))


def _check_colours(layer: Any, others: Sequence[Any]) -> None:
    """Raise if image layers cannot be the colours of one movie."""
    if 1 + len(others) > N_COLOURS:
        raise MovieError(
            f"The model sees {N_COLOURS} colours, but {1 + len(others)} images were"
            f" chosen. Leave out '{others[N_COLOURS - 1].name}' and what follows."
        )
    shape = tuple(pixels_of(layer).shape)
    for image in (layer, *others):
        if image.rgb:
            raise MovieError(
                f"'{image.name}' is in colour already. Choose it alone as the movie, or"
                " split it into its channels first."
            )
    for other in others:
        if tuple(pixels_of(other).shape) != shape:
            raise MovieError(
                f"'{other.name}' has shape {tuple(pixels_of(other).shape)} and"
                f" '{layer.name}' {shape}. Colours of one movie have the same shape:"
                " choose another."
            )
        if not _lies_over(other, layer):
            raise MovieError(
                f"'{other.name}' does not lie over '{layer.name}'. Give both the same"
                " scale, translation and units, or choose another."
            )


def _lies_over(other: Any, layer: Any) -> bool:
    """Whether the pixels of two layers of one shape lie in the same places."""
    corners = np.vstack([np.zeros(layer.ndim), np.diag(_last_pixel(layer))])
    placed = layer_to_layer(other, corners, layer)
    return bool(np.allclose(placed, corners, rtol=0, atol=0.5))


def _last_pixel(layer: Any) -> np.ndarray:
    return np.array(pixels_of(layer).shape[: layer.ndim], dtype=float) - 1
