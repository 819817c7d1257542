"""The result folder of the Cell Tracking Challenge.

One 16-bit ``maskTTT.tif`` per frame and ``res_track.txt`` with a line ``L B E P`` per
label: its first and last frame, and its parent or 0, all counted from 0 ("Naming and
file content conventions", https://celltrackingchallenge.net/submission-of-results/).
The challenge's checkers (py-ctcmetrics, traccuracy) want a label on every frame from B
to E and nowhere else, and E of a parent before B of its child. So a track with gaps is
several labels, each the parent of the next; two or more children are a division. They
sort the files by name, so all numbers have the same length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tifffile

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.core.prompts import MAX_TRACK_ID
from napari_sam2_ivos.io.atomic import replacing_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

MOST_SAID = 6
"""Objects that are named in a remark; the rest are counted."""


@dataclass
class Stretch:
    """Frames in a row on which an object is there, and the label it has on them."""

    label: int
    first: int
    last: int
    parent: int = 0


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write masks and the table of tracks into a folder, such as ``01_RES``.

    Parameters
    ----------
    path : Path
        A folder.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Which objects were split at gaps, and which parents were left out or replaced.

    Raises
    ------
    StoreError
        If splitting at gaps takes more labels than 16 bits hold.
    """
    n_digits = 3 if annotated.n_frames <= 1000 else len(str(annotated.n_frames - 1))
    stretches: dict[int, list[Stretch]] = {}
    free = _free_labels(annotated.tracks)
    label_now = np.arange(MAX_TRACK_ID + 1, dtype=np.uint16)
    with replacing_folder(path) as folder:
        for frame, plane in annotated.planes():
            for track_id in np.unique(plane[plane > 0]).tolist():
                own = stretches.setdefault(track_id, [])
                if not own:
                    own.append(Stretch(track_id, frame, frame))
                elif own[-1].last < frame - 1:
                    own.append(Stretch(_next(free), frame, frame, own[-1].label))
                    label_now[track_id] = own[-1].label
                own[-1].last = frame
            tifffile.imwrite(
                folder / f"mask{frame:0{n_digits}d}.tif",
                label_now[plane],
                compression="zlib",
            )
        remarks = [*_splits(stretches), *_set_parents(annotated, stretches)]
        lines = sorted(
            (s.label, s.first, s.last, s.parent)
            for own in stretches.values()
            for s in own
        )
        text = "".join(f"{' '.join(map(str, line))}\n" for line in lines)
        (folder / "res_track.txt").write_text(text, encoding="ascii")
    if not stretches:
        remarks.append("There is no mask, and the challenge's tools want at least one.")
    return remarks


def _free_labels(taken: Collection[int]) -> Iterator[int]:
    """Yield labels that no object has: above all of them, then between them."""
    highest = max(taken, default=0)
    yield from range(highest + 1, MAX_TRACK_ID + 1)
    yield from (label for label in range(1, highest) if label not in taken)


def _next(free: Iterator[int]) -> int:
    label = next(free, None)
    if label is None:
        raise StoreError(
            "Tracks with gaps are split for the Cell Tracking Challenge, and that takes"
            f" more than the {MAX_TRACK_ID} labels there are. Fill the gaps, or export"
            " to a format that has them, such as GEFF."
        )
    return label


def _set_parents(
    annotated: AnnotatedMovie, stretches: Mapping[int, list[Stretch]]
) -> list[str]:
    """Let daughters follow the last stretch of their mother; say what went otherwise.

    A mother without any pixel is skipped: her own mother stands for her.
    """
    orphans, skipped, children = [], [], dict[int, list[int]]()
    for track_id, own in stretches.items():
        given = parent = annotated.tracks[track_id].parent
        while parent is not None and parent not in stretches:
            parent = annotated.tracks[parent].parent
        if parent is not None and stretches[parent][-1].last < own[0].first:
            own[0].parent = stretches[parent][-1].label
            children.setdefault(parent, []).append(track_id)
            if parent != given:
                skipped.append(track_id)
        elif given is not None:
            orphans.append(track_id)
    alone = [
        only[0]
        for parent, only in children.items()
        if len(only) == 1
        and stretches[only[0]][0].first > stretches[parent][-1].last + 1
    ]
    return [
        f"{said}: {_listed(sorted(ids))}."
        for said, ids in (
            ("Without their parent, which is there too late or not at all", orphans),
            ("With an ancestor as parent, since the parent has no mask", skipped),
            (
                "Only children after a pause, as if their parent came back after a gap",
                alone,
            ),
        )
        if ids
    ]


def _splits(stretches: Mapping[int, list[Stretch]]) -> list[str]:
    split = {i: own for i, own in stretches.items() if len(own) > 1}
    remarks = [
        f"Object {track_id} was split at its gaps into"
        f" {_listed([s.label for s in own])}."
        for track_id, own in list(split.items())[:MOST_SAID]
    ]
    if len(split) > MOST_SAID:
        remarks.append(f"So were {len(split) - MOST_SAID} more objects.")
    return remarks


def _listed(numbers: list[int]) -> str:
    """Return numbers with commas; an ellipsis stands for all but the first few."""
    said = ", ".join(map(str, numbers[:MOST_SAID]))
    return f"{said} …" if len(numbers) > MOST_SAID else said
