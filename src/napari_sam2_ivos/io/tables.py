"""Measurements of every object on every frame, as a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from skimage.measure import regionprops

from napari_sam2_ivos.io.atomic import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.core.tracks import Track

COLUMNS = (
    "track_id", "frame", "time_s", "area_px", "area", "area_unit",
    "centroid_y", "centroid_x", "y_min", "x_min", "y_max", "x_max",
    "mean_intensity", "touches_edge", "prompted", "object_score", "predicted_iou",
    "centroid_step_px",
)  # fmt: skip
"""What the table holds; coordinates are pixels, ``y_max`` and ``x_max`` included."""


def write_table(
    path: str | os.PathLike[str],
    labels: LabelStore,
    movie: Movie,
    tracks: Mapping[int, Track] | None = None,
    *,
    scale: tuple[float, float] | None = None,
    unit: str | None = None,
    interval_s: float | None = None,
) -> Path:
    """Write one row per object and frame, in order of frames.

    Planes are read one by one. A cell is empty where nothing is known: scores
    of frames that no model computed, time without a frame interval.

    Parameters
    ----------
    path : path-like
        A ``.csv`` file.
    labels : array-like, (T, Y, X)
    movie : Movie
    tracks : mapping of int to Track, optional
        For the scores and which frames were prompted.
    scale, unit, interval_s
        Pixel size ``(y, x)``, its unit, seconds between frames.
    """
    with (
        replacing(path) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for frame in range(movie.n_frames):
            plane = np.asarray(labels[frame])
            if not plane.any():
                continue
            time = "" if interval_s is None else _short(frame * interval_s)
            regions = regionprops(  # type: ignore[no-untyped-call]
                plane, movie.plane(frame)
            )
            for region in regions:
                track = (tracks or {}).get(int(region.label))
                table.writerow(
                    (
                        region.label,
                        frame,
                        time,
                        *_geometry(region, plane.shape, scale, unit),
                        *_scores(track, frame),
                    )
                )
    return Path(path).expanduser()


def _grey(intensity: np.ndarray) -> np.ndarray:
    """Intensities as float64, the mean of the colours if RGB."""
    values = intensity.astype(np.float64)
    return values.mean(axis=-1) if values.ndim == 3 else values


def _geometry(
    region: Any,
    plane_shape: tuple[int, ...],
    scale: tuple[float, float] | None,
    unit: str | None,
) -> tuple[Any, ...]:
    area = int(region.area)
    centroid_y, centroid_x = region.centroid
    y0, x0, y1, x1 = region.bbox
    pixels = _grey(region.image_intensity)[region.image]
    finite = pixels[np.isfinite(pixels)]
    touches = y0 == 0 or x0 == 0 or y1 == plane_shape[0] or x1 == plane_shape[1]
    known = scale is not None and unit is not None
    return (
        area,
        _short(area * scale[0] * scale[1]) if known and scale else "",
        f"{unit}^2" if known else "",
        _short(centroid_y),
        _short(centroid_x),
        y0,
        x0,
        y1 - 1,
        x1 - 1,
        _short(finite.mean()) if finite.size else "",
        int(touches),
    )


def _scores(track: Track | None, frame: int) -> tuple[Any, ...]:
    if track is None:
        return ("",) * 4
    scores = (
        track.object_score[frame],
        track.predicted_iou[frame],
        track.centroid_step(frame),
    )
    return (
        int(frame in track.prompts),
        *(_short(score) if np.isfinite(score) else "" for score in scores),
    )


def _short(value: float) -> str:
    return f"{float(value):.6g}"
