"""The state of objects on frames, as columns of a JSON file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.tracks import CELLS, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.io.sessions.json_files import Fields

TYPES = {name: getattr(Track(1, 1), name).dtype for name in CELLS}
WIDTHS = {name: getattr(Track(1, 1), name).shape[1:] for name in CELLS}


def known_frames(track: Track) -> np.ndarray:
    """Return the frames on which there is anything to say of an object."""
    return np.flatnonzero((track.state != 0) | track.window.any(axis=1))


def columns_of(track: Track, frames: np.ndarray) -> dict[str, list[Any]]:
    """Return cells of an object on some frames, one list per kind of cell."""
    return {name: _listed(getattr(track, name)[frames]) for name in CELLS}


def row_of(tracks: Sequence[Track], frame: int) -> dict[str, list[Any]]:
    """Return cells of some objects on one frame, one list per kind of cell."""
    cells = {n: [getattr(track, n)[frame] for track in tracks] for n in CELLS}
    return {
        name: _listed(np.array(values, TYPES[name])) for name, values in cells.items()
    }


def read_columns(
    fields: Fields, n: int, plane_shape: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Return the columns of a file as arrays of `n` values each, checked.

    Raises
    ------
    FormatError
        If a column is missing, of another length, or holds what cannot be.
    """
    columns = {}
    for name in CELLS:
        values, shape = fields.items(name), (n, *WIDTHS[name])
        try:
            column = np.array(values, np.float64).reshape(shape)
        except (ValueError, TypeError, OverflowError) as error:
            raise FormatError(
                f"'{fields.place}' is damaged: {name} are no {n} values."
            ) from error
        if TYPES[name].kind != "f" and not _fits(column, TYPES[name]):
            raise FormatError(f"'{fields.place}' is damaged: {name} out of range.")
        with np.errstate(over="ignore"):
            columns[name] = column.astype(TYPES[name])
    y0, x0, y1, x1 = columns["window"].T
    height, width = plane_shape
    inside = (y0 >= 0) & (x0 >= 0) & (y1 <= height) & (x1 <= width)
    if not (inside & (y0 <= y1) & (x0 <= x1)).all():
        raise FormatError(f"'{fields.place}' is damaged: a window is no part of it.")
    return columns


def put(track: Track, frames: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    """Write cells into an object."""
    for name, column in columns.items():
        getattr(track, name)[frames] = column


def _fits(column: np.ndarray, dtype: np.dtype[Any]) -> bool:
    """Whether numbers are whole and of the range of an integer type, or truths."""
    low, high = (
        (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    )
    return bool(
        ((column >= low) & (column <= high) & (column == np.floor(column))).all()
    )


def _listed(cells: np.ndarray) -> list[Any]:
    """Return numbers as JSON has them: null for NaN, floats no longer than needed."""
    if cells.dtype == bool:
        cells = cells.astype(np.uint8)
    if cells.dtype.kind != "f":
        return list(cells.tolist())
    if cells.ndim > 1:
        return [_listed(row) for row in cells]
    return [None if text == "nan" else float(text) for text in cells.astype("U32")]
