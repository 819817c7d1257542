"""Which axis is time, and where a layer stands on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

TIME_LABELS = ("t", "time", "frame", "frames", "tp", "timepoint")


def outer_axes(layer: Any) -> list[int]:
    """Return the axes of an image layer that can be time: all but Y and X."""
    return list(range(layer.ndim - 2))


def choose_time_axis(layer: Any, displayed: Sequence[int] = ()) -> int | None:
    """Guess which axis of an image layer is time.

    The axis that is labelled so; otherwise the first one that is not on
    screen; otherwise the first. None if the layer has no axis beside Y and X.

    Parameters
    ----------
    layer : napari.layers.Image
    displayed : sequence of int
        Axes of the layer that are on screen.
    """
    candidates = outer_axes(layer)
    for axis in candidates:
        if str(layer.axis_labels[axis]).strip().lower() in TIME_LABELS:
            return axis
    hidden = [axis for axis in candidates if axis not in displayed]
    return next(iter(hidden or candidates), None)


def axis_name(layer: Any, axis: int) -> str:
    """Return what to call an axis of a layer in a message."""
    label = str(layer.axis_labels[axis])
    return f"axis {axis}" if label.startswith(("-", "axis")) else label


def position(viewer: Any, layer: Any) -> npt.NDArray[Any]:
    """Return where the sliders stand, in data coordinates of a layer.

    `dims.current_step` counts in steps of all layers together and
    `Layer.world_to_data` ignores units, so that neither tells the frame.

    Returns
    -------
    ndarray, (layer.ndim,) float
    """
    dims, n = viewer.dims, layer.ndim
    if dims.ndim < n:  # the layer was removed and the others have fewer axes
        return np.zeros(n)
    point = np.array(dims.point[-n:], dtype=float)
    if dims.units is not None:
        point *= unit_factors(dims.units[-n:], layer.units)
    return np.asarray(layer.world_to_data(point), dtype=float)


def current_frame(viewer: Any, layer: Any, time_axis: int) -> int:
    """Return the index on `time_axis` of a layer that the sliders stand on.

    It can lie outside the layer, where another layer is longer.
    """
    return round(float(position(viewer, layer)[time_axis]))


def go_to_frame(viewer: Any, layer: Any, time_axis: int, frame: int) -> None:
    """Move the time slider so that `layer` shows `frame`."""
    data = position(viewer, layer)
    data[time_axis] = frame
    world = np.asarray(layer.data_to_world(data), dtype=float)
    if viewer.dims.units is not None:
        shared = viewer.dims.units[-layer.ndim :]
        world *= unit_factors(layer.units, shared)
    axis = viewer.dims.ndim - layer.ndim + time_axis
    viewer.dims.set_point(axis, float(world[time_axis]))


def unit_factors(source: Sequence[Any], target: Sequence[Any]) -> npt.NDArray[Any]:
    """Return what to multiply coordinates in `source` units by, 1 if unlike."""
    factors = np.ones(len(source))
    for i, (have, want) in enumerate(zip(source, target, strict=True)):
        if have != want and (1 * have).check(want):
            factors[i] = (1 * have).to(want).magnitude
    return factors


def layer_to_layer(
    source: Any, rows: npt.ArrayLike, target: Any
) -> npt.NDArray[np.float64]:
    """Convert data coordinates of one layer to those of another, via the world.

    Parameters
    ----------
    source, target : napari layers
        `source` has at least as many axes as `target`; layers share their
        last axes, as napari draws them.
    rows : array-like, (N, source.ndim)

    Returns
    -------
    ndarray, (N, target.ndim)
    """
    given = np.asarray(rows, dtype=float).reshape(-1, source.ndim)
    n = target.ndim
    factors = unit_factors(source.units[-n:], target.units)

    def convert(row: npt.NDArray[Any]) -> npt.NDArray[Any]:
        world = np.asarray(source.data_to_world(row), dtype=float)[-n:]
        return np.asarray(target.world_to_data(world * factors), dtype=float)

    if len(given) <= source.ndim:
        return np.array([convert(row) for row in given]).reshape(-1, n)
    origin = convert(np.zeros(source.ndim))  # all of it is affine: probe, then multiply
    matrix = np.array([convert(unit) - origin for unit in np.eye(source.ndim)])
    return np.asarray(given @ matrix + origin)
