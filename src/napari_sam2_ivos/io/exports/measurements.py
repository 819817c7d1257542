"""Measurements of every object on one frame, all objects at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from napari_sam2_ivos.io.exports.shape import convex_area, perimeter

STATISTICS = ("mean", "std", "min", "max", "sum")
"""What is said about the intensities of an object."""


class Pixels(NamedTuple):
    """The pixels of all objects on a frame, object by object in raster order.

    Parameters
    ----------
    ids : ndarray, (N,) int
        Track IDs, ascending.
    first : ndarray, (N,) int
        Where in `rows` and `columns` each object begins.
    sizes : ndarray, (N,) int
        Number of pixels of each.
    rows, columns : ndarray, (P,) int
    """

    ids: np.ndarray
    first: np.ndarray
    sizes: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def of_plane(cls, plane: np.ndarray) -> Pixels:
        """Gather the pixels of a ``(Y, X)`` label plane."""
        flat = np.flatnonzero(plane)
        labels = plane.ravel()[flat]
        order = np.argsort(labels, kind="stable")
        ids, first, sizes = np.unique(
            labels[order], return_index=True, return_counts=True
        )
        rows, columns = np.divmod(flat[order], plane.shape[1])
        return cls(ids.astype(np.int64), first, sizes, rows, columns)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Add up values of pixels ``(P,)``, object by object."""
        return np.add.reduceat(values, self.first)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Give each pixel the value of its object."""
        return np.repeat(values, self.sizes)


def measure(
    plane: np.ndarray,
    intensity: np.ndarray,
    scale: tuple[float, float] | None = None,
) -> dict[str, np.ndarray]:
    """Measure all objects on a frame.

    Parameters
    ----------
    plane : ndarray, (Y, X) unsigned int
        Track IDs.
    intensity : ndarray, (Y, X) or (Y, X, 3)
        The same frame of the movie.
    scale : tuple of float, optional
        Pixel size ``(y, x)``. What depends on it is measured on pixels of that size,
        which is not the same as to multiply afterwards unless they are square.

    Returns
    -------
    dict of str to ndarray, (N,)
        Columns of the table by name, one value per object in order of track IDs. Those
        in units are there only with `scale`.
    """
    pixels = Pixels.of_plane(plane)
    if not pixels.ids.size:
        return {}
    centre_y, centre_x = (
        pixels.sum(at) / pixels.sizes for at in (pixels.rows, pixels.columns)
    )
    y_min, y_max, x_min, x_max = (
        extreme.reduceat(at, pixels.first)
        for at in (pixels.rows, pixels.columns)
        for extreme in (np.minimum, np.maximum)
    )
    height, width = plane.shape
    touches = (y_min == 0) | (x_min == 0) | (y_max == height - 1) | (x_max == width - 1)
    measured = {
        "track_id": pixels.ids,
        "area_px": pixels.sizes,
        "centroid_y": centre_y,
        "centroid_x": centre_x,
        "y_min": y_min,
        "x_min": x_min,
        "y_max": y_max,
        "x_max": x_max,
        "touches_edge": touches,
        **_shape(plane, pixels, centre_y, centre_x, scale),
        **_intensities(pixels, intensity),
    }
    if scale is not None:
        measured["area"] = pixels.sizes * (scale[0] * scale[1])
        measured["position_y"] = centre_y * scale[0]
        measured["position_x"] = centre_x * scale[1]
    return measured


def _shape(
    plane: np.ndarray,
    pixels: Pixels,
    centre_y: np.ndarray,
    centre_x: np.ndarray,
    scale: tuple[float, float] | None,
) -> dict[str, np.ndarray]:
    dy = pixels.rows - pixels.spread(centre_y)
    dx = pixels.columns - pixels.spread(centre_x)
    moments = [pixels.sum(a) / pixels.sizes for a in (dy * dy, dx * dx, dy * dx)]
    size = (1.0, 1.0) if scale is None else scale
    length_px = perimeter(plane, pixels.ids, (1.0, 1.0))
    length = length_px if size == (1.0, 1.0) else perimeter(plane, pixels.ids, size)
    major_px, minor_px, _ = _ellipse(*moments)
    sy, sx = size
    yy, xx, yx = moments
    major, minor, orientation = _ellipse(yy * sy**2, xx * sx**2, yx * sy * sx)
    ratio = np.divide(minor, major, out=np.ones_like(major), where=major > 0)
    area = pixels.sizes * (sy * sx)
    shape = {
        "perimeter_px": length_px,
        "major_axis_px": major_px,
        "minor_axis_px": minor_px,
        "eccentricity": np.sqrt(1 - ratio**2),
        "orientation": orientation,
        "solidity": pixels.sizes
        / convex_area(pixels.rows, pixels.columns, pixels.first),
        "circularity": np.minimum(1.0, 4 * np.pi * area / length**2),
    }
    if scale is not None:
        shape |= {"perimeter": length, "major_axis": major, "minor_axis": minor}
    return shape


def _ellipse(
    yy: np.ndarray, xx: np.ndarray, yx: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return axes and orientation of the ellipse with the same second moments."""
    middle, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    major = 4 * np.sqrt(middle + spread)
    minor = 4 * np.sqrt(np.maximum(0.0, middle - spread))
    return major, minor, 0.5 * np.arctan2(2 * yx, yy - xx)


def channels_of(n_channels: int) -> tuple[str, ...]:
    """Return what the names of columns about each channel end in."""
    return ("_r", "_g", "_b") if n_channels == 3 else ("",)


def _intensities(pixels: Pixels, intensity: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is known of the finite values of each channel; NaN if none is."""
    values = intensity[pixels.rows, pixels.columns].astype(np.float64)
    values = values.reshape(len(values), -1)
    measured = {}
    for i, suffix in enumerate(channels_of(values.shape[1])):
        for name, result in _statistics(pixels, values[:, i]).items():
            measured[f"intensity_{name}{suffix}"] = result
    means = [measured[f"intensity_mean{end}"] for end in channels_of(values.shape[1])]
    measured["mean_intensity"] = np.mean(means, axis=0)
    return measured


def measure_channel(
    plane: np.ndarray, intensity: np.ndarray, name: str
) -> dict[str, np.ndarray]:
    """Return statistics of every object in a further channel.

    Parameters
    ----------
    plane : ndarray, (Y, X) unsigned
    intensity : ndarray, (Y, X)
    name : str
        Of the channel, with which the columns end.
    """
    measured = _intensities(Pixels.of_plane(plane), intensity)
    return {f"intensity_{s}_{name}": measured[f"intensity_{s}"] for s in STATISTICS}


def _statistics(pixels: Pixels, values: np.ndarray) -> dict[str, np.ndarray]:
    finite = np.isfinite(values)
    known, n = np.where(finite, values, 0.0), pixels.sum(finite.astype(np.int64))
    some = n > 0
    nothing = np.full(len(n), np.nan)
    # The largest doubles add up to infinity; that is their sum.
    with np.errstate(over="ignore", invalid="ignore"):
        total = pixels.sum(known)
        mean = np.divide(total, n, out=nothing.copy(), where=some)
        away = np.where(finite, known - pixels.spread(mean), 0.0)
        variance = np.divide(pixels.sum(away * away), n, out=nothing.copy(), where=some)
    low, high = (
        extreme.reduceat(np.where(finite, values, beyond), pixels.first)
        for extreme, beyond in ((np.minimum, np.inf), (np.maximum, -np.inf))
    )
    return {
        "mean": mean,
        "std": np.sqrt(variance),
        "min": np.where(some, low, np.nan),
        "max": np.where(some, high, np.nan),
        "sum": np.where(some, total, np.nan),
    }
