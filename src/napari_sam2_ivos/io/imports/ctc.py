"""Results and truths of the Cell Tracking Challenge.

See `io.exports.ctc` for the format. A truth has ``TRA/man_trackTTT.tif`` and
``man_track.txt``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.imports.imported import Imported
from napari_sam2_ivos.io.imports.pictures import FrameFiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAMES = re.compile(r"(?:mask|man_track|man_seg)(\d+)\.tiff?$", re.IGNORECASE)
TABLES = ("res_track.txt", "man_track.txt")


def read_ctc(path: Path, *, plane_shape: tuple[int, int], n_frames: int) -> Imported:
    """Open a result or truth folder.

    A label that begins right where the table says that another one, and nothing else,
    goes on in it is the same object after a gap: it gets the earlier label back.

    Parameters
    ----------
    path : Path
        The folder with the masks, or the one above ``TRA`` or ``SEG``.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames : int

    Raises
    ------
    FormatError
        If there are no masks in it, they do not fit the movie, or the table is damaged.
    """
    folder = next((path / n for n in ("TRA", "SEG") if (path / n).is_dir()), path)
    numbered = {
        int(found.group(1)): item
        for item in folder.iterdir()
        if (found := NAMES.match(item.name))
    }
    if not numbered:
        raise FormatError(
            f"'{path.name}' holds no masks of the Cell Tracking Challenge: maskTTT.tif"
            " or man_trackTTT.tif. Give the folder that does."
        )
    if max(numbered) >= n_frames:
        raise FormatError(
            f"'{path.name}' has a mask of frame {max(numbered)}, but the movie has"
            f" frames 0 to {n_frames - 1}. Give the folder of this movie."
        )
    table = next((folder / n for n in TABLES if (folder / n).exists()), None)
    lines = {} if table is None else _lines(table)
    goes_on = _continuations(lines)
    parents = {
        _origin(label, goes_on): _origin(parent, goes_on)
        for label, (_, _, parent) in lines.items()
        if parent and label not in goes_on
    }
    files = FrameFiles(numbered, plane_shape)
    remarks = []
    if goes_on:
        remarks.append(f"{len(goes_on)} gaps were closed: the object keeps its ID.")
    if missing := n_frames - len(numbered):
        remarks.append(f"{missing} frames have no mask file; nothing is known of them.")
    return Imported(
        lambda frame: _relabelled(files(frame), goes_on),
        sorted(numbered),
        parents=parents,
        remarks=remarks,
    )


def _lines(table: Path) -> dict[int, tuple[int, int, int]]:
    """Return first frame, last frame and parent of every label in a table."""
    try:
        rows = [line.split() for line in table.read_text("utf-8").splitlines() if line]
        lines = {int(label): (int(b), int(e), int(p)) for label, b, e, p in rows}
    except (OSError, ValueError) as error:
        raise FormatError(
            f"'{table.name}' is not a table of tracks: {error}. Every line has four"
            " whole numbers: label, first frame, last frame, parent or 0."
        ) from error
    for label, (first, last, parent) in lines.items():
        if parent and (parent not in lines or lines[parent][1] >= first):
            raise FormatError(
                f"'{table.name}' says that {label} comes from {parent}, which is"
                " there too late or not at all."
            )
        if last < first:
            raise FormatError(f"'{table.name}' ends label {label} before it begins.")
    return lines


def _continuations(lines: Mapping[int, tuple[int, int, int]]) -> dict[int, int]:
    """Return the labels that go on with another one after a gap, and with which."""
    children: dict[int, list[int]] = {}
    for label, (_, _, parent) in lines.items():
        if parent:
            children.setdefault(parent, []).append(label)
    return {
        only[0]: parent
        for parent, only in children.items()
        if len(only) == 1 and lines[only[0]][0] > lines[parent][1] + 1
    }


def _origin(label: int, goes_on: Mapping[int, int]) -> int:
    while label in goes_on:
        label = goes_on[label]
    return label


def _relabelled(plane: np.ndarray, goes_on: Mapping[int, int]) -> np.ndarray:
    for label in set(np.unique(plane).tolist()) & goes_on.keys():
        plane[plane == label] = _origin(label, goes_on)
    return plane
