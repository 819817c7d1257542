"""Results and truths of the Cell Tracking Challenge.

See `io.exports.ctc` for the format. A truth has ``TRA/man_trackTTT.tif`` with
``man_track.txt``, and ``SEG/man_segTTT.tif`` of some frames without a table. Tracking
truths of real movies mark every cell and show few outlines; labels in ``SEG`` need not
be those of tracks (https://celltrackingchallenge.net/annotations/).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.prompts import MAX_TRACK_ID
from napari_sam2_ivos.io.imports.imported import Imported
from napari_sam2_ivos.io.imports.pictures import FrameFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Lines = Mapping[int, tuple[int, int, int]]
    """First frame, last frame and parent by label."""

NAMES = re.compile(r"(?:mask|man_track|man_seg)(\d+)\.tiff?$", re.IGNORECASE)
TRUTH = "man_track.txt"
TABLES = ("res_track.txt", TRUTH)


def read_ctc(path: Path, *, plane_shape: tuple[int, int], n_frames: int) -> Imported:
    """Open a result or truth folder.

    A label that begins after a pause where the table says that another one, and nothing
    else, goes on in it is the same object after a gap: it gets the earlier label back.
    Masks count where the table says otherwise; a remark about it is added when the
    first such frame is read.

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
    folder, masks = _masks_in(path)
    if max(masks) >= n_frames:
        raise FormatError(
            f"'{path.name}' has a mask of frame {max(masks)}, but the movie has"
            f" frames 0 to {n_frames - 1}. Give the folder of this movie."
        )
    table = next((folder / n for n in TABLES if (folder / n).exists()), None)
    lines = {} if table is None else dict(_lines(table))
    if table is not None:
        _check_parents(table, lines)
    goes_on = _continuations(lines)
    parents = {
        _origin(label, goes_on): _origin(parent, goes_on)
        for label, (_, _, parent) in lines.items()
        if parent and label not in goes_on
    }
    remarks = list(_remarks(table, lines, len(goes_on), n_frames - len(masks)))
    end = max((last for _, last, _ in lines.values()), default=0)
    if table is not None and end >= n_frames:
        remarks.append(
            f"'{table.name}' goes on to frame {end}, but the movie has frames 0 to"
            f" {n_frames - 1}."
        )
    planes = FrameFiles(masks, plane_shape)
    differ: list[int] = []

    def plane_of(frame: int) -> np.ndarray:
        plane = planes(frame)
        if table is None or frame not in masks:
            return plane
        found = set(np.unique(plane[plane > 0]).tolist())
        odd = found ^ {i for i, (b, e, _) in lines.items() if b <= frame <= e}
        if odd and not differ:
            differ.append(frame)
            remarks.append(
                f"'{table.name}' does not fit the masks, which are taken as they are:"
                f" label {min(odd)} {'is' if min(odd) in found else 'is not'} in"
                f" '{masks[frame].name}'."
            )
        whose: dict[int, int] = {}
        for label in found:
            other = whose.setdefault(_origin(label, goes_on), label)
            if other != label:
                raise FormatError(
                    f"'{masks[frame].name}' holds labels {min(label, other)} and"
                    f" {max(label, other)}, which are one object after the other in"
                    f" '{table.name}'. Set their parents to 0 there, or take the table"
                    " away."
                )
        for label in found & goes_on.keys():
            plane[plane == label] = _origin(label, goes_on)
        return plane

    return Imported(plane_of, sorted(masks), parents=parents, remarks=remarks)


def _masks_in(path: Path) -> tuple[Path, dict[int, Path]]:
    """Return the folder that holds the masks, and these by frame."""
    for folder in (path / "TRA", path / "SEG", path):
        masks: dict[int, Path] = {}
        try:
            items = sorted(folder.iterdir()) if folder.is_dir() else []
        except OSError as error:
            raise FormatError(
                f"Folder '{folder}' cannot be read: {error}. See whether you may."
            ) from error
        for item in items:
            named = NAMES.match(item.name)
            if named and (other := masks.setdefault(int(named[1]), item)) != item:
                raise FormatError(
                    f"'{other.name}' and '{item.name}' are masks of the same frame."
                    " Keep one of them in a folder."
                )
        if masks:
            return folder, masks
    raise FormatError(
        f"'{path.name}' holds no masks of the Cell Tracking Challenge: maskTTT.tif,"
        " man_trackTTT.tif or man_segTTT.tif. Give the folder that does."
    )


def _lines(table: Path) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Yield label, and its first frame, last frame and parent, of every line."""
    try:
        text = table.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise FormatError(
            f"'{table.name}' cannot be read: {error}. Copy or export it again."
        ) from error
    known = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            label, first, last, parent = (int(part) for part in line.split())
        except ValueError as error:
            raise FormatError(
                f"'{table.name}' has '{line[:40]}' in line {number}, which are not four"
                " whole numbers: label, first frame, last frame, parent or 0."
            ) from error
        wrong = ""
        if label in known:
            wrong = f"gives label {label} twice"
        elif not 0 < label <= MAX_TRACK_ID:
            wrong = f"has label {label}, but labels are 1 to {MAX_TRACK_ID}"
        elif not 0 <= first <= last:
            wrong = f"ends label {label} before it begins"
        if wrong:
            raise FormatError(f"'{table.name}' {wrong}. Correct line {number}.")
        known.add(label)
        yield label, (first, last, parent)


def _check_parents(table: Path, lines: Lines) -> None:
    for label, (first, _, parent) in lines.items():
        if parent and (parent not in lines or lines[parent][1] >= first):
            raise FormatError(
                f"'{table.name}' says that {label} comes from {parent}, which is"
                f" there too late or not at all. Set the parent of {label} to 0."
            )


def _remarks(
    table: Path | None, lines: Lines, n_closed: int, n_missing: int
) -> Iterator[str]:
    if table is None:
        yield (
            "There is no table of tracks: masks with the same label are taken for one"
            " object, which they need not be in a folder 'SEG'."
        )
    elif table.name == TRUTH:
        yield "A truth of tracks marks where cells are, not always their outlines."
    if n_closed:
        yield f"Gaps closed: {n_closed}. The object after a gap has its first ID."
    if n_missing:
        yield f"Frames without a mask file, of which nothing is known: {n_missing}."


def _continuations(lines: Lines) -> dict[int, int]:
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
