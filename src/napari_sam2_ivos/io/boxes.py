"""Bounding boxes of every object on every frame, for detection and tracking."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.atomic import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.core.tracks import Track

COLUMNS = (
    "frame", "id", "left", "top", "width", "height",
    "confidence", "class", "visibility",
)  # fmt: skip
"""What a file holds, in the order of MOTChallenge."""


def bounding_boxes(plane: np.ndarray) -> dict[int, tuple[int, int, int, int]]:
    """Return the box around each object of a label plane.

    Parameters
    ----------
    plane : ndarray, (Y, X) unsigned
        0 is background.

    Returns
    -------
    dict of int to (int, int, int, int)
        By track ID, ``(y0, x0, y1, x1)`` in pixels, ends not included.
    """
    return {
        track_id: (rows.start, columns.start, rows.stop, columns.stop)
        for track_id, found in enumerate(ndimage.find_objects(plane), 1)
        if found is not None
        for rows, columns in (found,)
    }


def write_boxes(
    path: str | os.PathLike[str],
    labels: LabelStore,
    tracks: Mapping[int, Track] | None = None,
) -> Path:
    """Write one line per object and frame, in order of frames; reads plane by plane.

    Frames, `left` and `top` are counted from 1, as MOTChallenge does: the first
    pixel of the first frame is frame 1, left 1, top 1. `confidence` is the IoU
    that the model expects of its mask, 0 to 1; 1 where no model was asked. In a
    ``.txt`` it is always 1: there it says that the line counts, and the tools drop
    one with less.
    `visibility` is 1, as nothing is known of what hides an object.

    Parameters
    ----------
    path : path-like
        ``.csv`` begins with a line of names and gives `class` by its name;
        ``.txt`` is as the tools for MOTChallenge read it: no line of names, and
        classes numbered from 1 in alphabetical order, objects without one first.
    labels : array-like, (T, Y, X)
    tracks : mapping of int to Track, optional
        For the scores and classes.

    Raises
    ------
    FormatError
        If the suffix is neither of these.
    StoreError
        If the disk is full, or the place cannot be written.
    """
    suffix = check_suffix(path)
    tracks = tracks or {}
    names = sorted({track.class_name for track in tracks.values()})
    numbers = {name: i for i, name in enumerate(names, 1)}
    with (
        replacing(path) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        if suffix == ".csv":
            table.writerow(COLUMNS)
        for frame in range(labels.shape[0]):
            boxes = bounding_boxes(np.asarray(labels[frame]))
            for track_id, (y0, x0, y1, x1) in boxes.items():
                track = tracks.get(track_id)
                name = "" if track is None else track.class_name
                table.writerow(
                    (
                        frame + 1,
                        track_id,
                        x0 + 1,
                        y0 + 1,
                        x1 - x0,
                        y1 - y0,
                        _confidence(track, frame) if suffix == ".csv" else 1,
                        name if suffix == ".csv" else numbers.get(name, 1),
                        1,
                    )
                )
    return Path(path).expanduser()


def check_suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of `path` if boxes can be written so, or raise."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".csv", ".txt"):
        raise FormatError(
            f"'{Path(path).name}' ends in '{suffix or 'nothing'}'. Boxes are saved as"
            " .csv, or as .txt for MOTChallenge."
        )
    return suffix


def _confidence(track: Track | None, frame: int) -> str:
    score = np.nan if track is None else track.predicted_iou[frame]
    return f"{np.clip(score, 0, 1):.4g}" if np.isfinite(score) else "1"
