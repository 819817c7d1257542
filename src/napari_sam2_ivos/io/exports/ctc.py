"""The result folder of the Cell Tracking Challenge.

One 16-bit ``maskTTT.tif`` per frame and ``res_track.txt`` with a line ``L B E P`` per
label: its first and last frame, and its parent or 0. A label is there on every frame
from B to E, so that a track with gaps is several labels, each the parent of the next.
(Naming and content of files, https://celltrackingchallenge.net/datasets/)
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
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

MOST_SAID = 8
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
        Which objects were split at gaps, and which parents were left out.

    Raises
    ------
    StoreError
        If splitting at gaps takes more labels than 16 bits hold.
    """
    n_digits = 3 if annotated.n_frames <= 1000 else len(str(annotated.n_frames - 1))
    stretches: dict[int, list[Stretch]] = {}
    free = max(annotated.tracks, default=0) + 1
    with replacing_folder(path) as folder:
        for frame, plane in annotated.planes():
            out = plane.astype(np.uint16)
            for track_id in np.unique(plane[plane > 0]).tolist():
                own = stretches.setdefault(track_id, [])
                if not own:
                    own.append(Stretch(track_id, frame, frame))
                elif own[-1].last < frame - 1:
                    own.append(Stretch(_checked(free), frame, frame, own[-1].label))
                    free += 1
                own[-1].last = frame
                if own[-1].label != track_id:
                    out[plane == track_id] = own[-1].label
            tifffile.imwrite(
                folder / f"mask{frame:0{n_digits}d}.tif", out, compression="zlib"
            )
        orphans = _set_parents(annotated, stretches)
        lines = sorted(
            (s.label, s.first, s.last, s.parent)
            for own in stretches.values()
            for s in own
        )
        text = "".join(f"{' '.join(map(str, line))}\n" for line in lines)
        (folder / "res_track.txt").write_text(text, encoding="ascii")
    return _remarks(stretches, orphans)


def _checked(label: int) -> int:
    if label > MAX_TRACK_ID:
        raise StoreError(
            "Tracks with gaps are split for the Cell Tracking Challenge, and that would"
            f" take labels above {MAX_TRACK_ID}. Fill the gaps, or give objects lower"
            " track IDs."
        )
    return label


def _set_parents(
    annotated: AnnotatedMovie, stretches: dict[int, list[Stretch]]
) -> list[int]:
    """Let daughters follow the last stretch of their mother; return those that cannot.

    A mother without any pixel is skipped: her own mother stands for her.
    """
    orphans = []
    for track_id, own in stretches.items():
        parent = annotated.tracks[track_id].parent
        if parent is None:
            continue
        while parent is not None and parent not in stretches:
            parent = annotated.tracks[parent].parent
        if parent is not None and stretches[parent][-1].last < own[0].first:
            own[0].parent = stretches[parent][-1].label
        else:
            orphans.append(track_id)
    return orphans


def _remarks(stretches: dict[int, list[Stretch]], orphans: list[int]) -> list[str]:
    split = {i: own for i, own in stretches.items() if len(own) > 1}
    remarks = [
        f"Object {track_id} was split at its gaps into"
        f" {', '.join(str(s.label) for s in own)}."
        for track_id, own in list(split.items())[:MOST_SAID]
    ]
    if len(split) > MOST_SAID:
        remarks.append(f"So were {len(split) - MOST_SAID} more objects.")
    if orphans:
        remarks.append(
            "Without their parent, which is there too late or not at all:"
            f" {', '.join(map(str, sorted(orphans)[:MOST_SAID]))}"
            f"{' …' if len(orphans) > MOST_SAID else ''}."
        )
    return remarks
