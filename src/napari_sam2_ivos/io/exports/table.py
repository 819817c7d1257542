"""One row per object and frame: where it is, its shape, brightness, motion, lineage."""

from __future__ import annotations

import csv
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.exports.columns import Column, columns_of
from napari_sam2_ivos.io.exports.measurements import measure, measure_channel
from napari_sam2_ivos.io.exports.motion import Motion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

    Rows = dict[str, np.ndarray]
    """Values of some rows by column, ``(N,)``."""
    Put = Callable[[Rows], None]

ROWS_PER_GROUP = 20_000
"""Rows that are held before they are written into a Parquet file."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write the table; rows are in order of frames, then of track IDs.

    Parameters
    ----------
    path : Path
        ``.parquet``; anything else becomes comma-separated text.
    annotated : AnnotatedMovie

    Raises
    ------
    FormatError
        If it is a Parquet file and pyarrow is not installed.
    """
    columns = columns_of(3 if annotated.movie.rgb else 1, annotated.channels)
    writer = _parquet if path.suffix.lower() == ".parquet" else _csv
    motion = Motion(_size(annotated), annotated.interval_s)
    origins = {i: _origin(annotated.tracks, i) for i in annotated.tracks}
    with writer(path, columns) as put:
        for frame, plane in annotated.planes():
            if not plane.any():
                continue
            rows = measure(plane, annotated.movie.plane(frame), _size(annotated))
            for name, channel in annotated.channels.items():
                rows |= measure_channel(plane, channel.plane(frame), name)
            track_ids = rows["track_id"].tolist()
            places = zip(
                rows["centroid_y"].tolist(), rows["centroid_x"].tolist(), strict=True
            )
            rows |= motion.at(frame, track_ids, list(places))
            rows |= _about(annotated, track_ids, frame, origins)
            put(rows)
    return []


def _size(annotated: AnnotatedMovie) -> tuple[float, float] | None:
    """Return the pixel size, None if its unit is unknown; mirrored axes have one."""
    if annotated.scale is None or not annotated.unit:
        return None
    return abs(annotated.scale[0]), abs(annotated.scale[1])


def _origin(tracks: Mapping[int, Track], track_id: int) -> tuple[int, int, int]:
    """Return parent (0 for none), founder of the lineage and number of divisions."""
    parent, root, generation = tracks[track_id].parent, track_id, 0
    while (above := tracks[root].parent) in tracks and above is not None:
        root, generation = above, generation + 1
    return parent or 0, root, generation


def _about(
    annotated: AnnotatedMovie,
    track_ids: list[int],
    frame: int,
    origins: Mapping[int, tuple[int, int, int]],
) -> Rows:
    """Return what is known of objects on a frame apart from its pixels."""
    n, unit = len(track_ids), annotated.unit if _size(annotated) else None
    tracks = [annotated.tracks[i] for i in track_ids]
    prompts = [track.prompts.get(frame) for track in tracks]
    parents, roots, generations = np.array([origins[i] for i in track_ids]).T
    seconds = np.nan if annotated.interval_s is None else frame * annotated.interval_s
    scores = (
        np.array([getattr(track, name)[frame] for track in tracks], np.float64)
        for name in ("object_score", "predicted_iou")
    )
    object_score, predicted_iou = (score.round(6) for score in scores)
    return {
        "frame": np.full(n, frame),
        "time_s": np.full(n, seconds),
        "name": np.array([track.name or None for track in tracks], object),
        "class": np.array([track.class_name or None for track in tracks], object),
        "parent_id": parents,
        "root_id": roots,
        "generation": generations,
        "area_unit": np.full(n, f"{unit}^2" if unit else None, object),
        "unit": np.full(n, unit, object),
        "prompted": np.array([given is not None for given in prompts]),
        "accepted": np.array([bool(given and given.is_locked) for given in prompts]),
        "object_score": object_score,
        "predicted_iou": predicted_iou,
    }


@contextmanager
def _csv(path: Path, columns: Mapping[str, Column]) -> Iterator[Put]:
    """Open a file of comma-separated text, UTF-8; booleans are 0 and 1."""
    with (
        replacing(path) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)

        def put(rows: Rows) -> None:
            n = len(rows["track_id"])
            texts = [
                _texts(rows[name], column) if name in rows else [""] * n
                for name, column in columns.items()
            ]
            table.writerows(zip(*texts, strict=True))

        yield put


def _texts(values: np.ndarray, column: Column) -> list[Any]:
    if column.kind == "float":
        return ["" if v != v else f"{v:.9g}" for v in values.tolist()]
    return (values.astype(int) if column.kind == "bool" else values).tolist()


@contextmanager
def _parquet(path: Path, columns: Mapping[str, Column]) -> Iterator[Put]:
    """Open a Parquet file; what each column means is noted in its schema."""
    try:
        import pyarrow as arrow
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise FormatError(
            f"'{path.name}' cannot be written without pyarrow. Install it with"
            " 'pip install pyarrow', or save the table as .csv."
        ) from error
    kinds = {
        "int": arrow.int64(),
        "float": arrow.float64(),
        "bool": arrow.bool_(),
        "text": arrow.string(),
    }
    schema = arrow.schema(
        [
            arrow.field(
                name,
                kinds[column.kind],
                column.kind in ("float", "text"),
                {"unit": column.unit, "description": column.text},
            )
            for name, column in columns.items()
        ]
    )
    held: list[Rows] = []

    def flush() -> None:
        n_rows = sum(len(rows["track_id"]) for rows in held)
        arrays = []
        for field in schema:
            parts = [rows[field.name] for rows in held if field.name in rows]
            values = np.concatenate(parts) if parts else np.full(n_rows, None)
            arrays.append(arrow.array(values, field.type, from_pandas=True))
        writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
        held.clear()

    def put(rows: Rows) -> None:
        held.append(rows)
        if sum(len(rows["track_id"]) for rows in held) >= ROWS_PER_GROUP:
            flush()

    with replacing(path) as part, closing(ParquetWriter(part, schema)) as writer:
        yield put
        if held:
            flush()
