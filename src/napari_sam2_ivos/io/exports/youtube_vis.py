"""YouTube-VIS: one JSON file with an annotation per object, a mask in it per frame.

(https://youtube-vos.org/dataset/vis/) Scores, names, parents, pixel size and frame
interval are fields of ours, which other readers pass over.
"""

from __future__ import annotations

import json
import tempfile
from array import array
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.exports.coco import (
    VIDEO_ID,
    bbox,
    class_numbers,
    open_json,
    score,
    video,
    write_head,
)
from napari_sam2_ivos.io.exports.frame_names import frame_names
from napari_sam2_ivos.io.exports.rle import encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO, TextIO

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

LISTS = ("segmentations", "bboxes", "areas", "scores")
"""What an annotation has for each frame: null where the object is absent."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write an annotation per object; its ID is the track ID.

    Parameters
    ----------
    path : Path
        A ``.json`` file.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Which objects are left out, as they are on no frame.
    """
    with (
        replacing(path) as part,
        tempfile.TemporaryFile(dir=part.parent) as spool,
        open_json(part) as file,
    ):
        cells = _Cells(spool, annotated)
        classes = class_numbers(annotated)
        write_head(
            file,
            annotated,
            [{**video(annotated), "file_names": frame_names(annotated)}],
        )
        file.write(',\n"annotations": [')
        for i, track_id in enumerate(cells.track_ids):
            file.write(",\n" if i else "\n")
            _write_annotation(file, annotated, cells, track_id, classes[track_id])
        file.write("]\n}\n")
    if absent := sorted(annotated.tracks.keys() - set(cells.track_ids)):
        return [
            "Objects without any mask were left out:"
            f" {', '.join(map(str, absent[:8]))}{' …' if len(absent) > 8 else ''}."
        ]
    return []


class _Cells:
    """What is known of every object on every frame, on the disk frame by frame.

    Frames are read once, but written object by object: in between, a temporary file
    has everything, and memory has 16 bytes per object and frame.

    Parameters
    ----------
    spool : file
        Open for writing and reading.
    annotated : AnnotatedMovie
    """

    def __init__(self, spool: BinaryIO, annotated: AnnotatedMovie) -> None:
        self._spool = spool
        self._n_frames = annotated.n_frames
        self._frames: dict[int, array[int]] = defaultdict(lambda: array("q"))
        self._offsets: dict[int, array[int]] = defaultdict(lambda: array("q"))
        offset = 0
        for frame, masks in annotated.masks():
            for track_id, mask in masks.items():
                values = (
                    encode(mask, annotated.plane_shape),
                    bbox(mask),
                    int(np.count_nonzero(mask.pixels)),
                    score(annotated, track_id, frame),
                )
                lines = "".join(f"{json.dumps(value)}\n" for value in values)
                self._frames[track_id].append(frame)
                self._offsets[track_id].append(offset)
                offset += spool.write(lines.encode("ascii"))

    @property
    def track_ids(self) -> list[int]:
        """Objects that are on any frame, ascending."""
        return sorted(self._frames)

    def values(self, track_id: int, name: str) -> Iterator[str]:
        """Yield what is in one of the `LISTS` on every frame, as JSON."""
        nth = LISTS.index(name)
        at = 0
        places = zip(self._frames[track_id], self._offsets[track_id], strict=True)
        for frame, offset in places:
            for _ in range(at, frame):
                yield "null"
            self._spool.seek(offset)
            lines = [self._spool.readline() for _ in range(nth + 1)]
            yield lines[nth].decode("ascii").rstrip()
            at = frame + 1
        for _ in range(at, self._n_frames):
            yield "null"


def _write_annotation(
    file: TextIO,
    annotated: AnnotatedMovie,
    cells: _Cells,
    track_id: int,
    category_id: int,
) -> None:
    height, width = annotated.plane_shape
    track = annotated.tracks[track_id]
    known: dict[str, Any] = {
        "id": track_id,
        "video_id": VIDEO_ID,
        "category_id": category_id,
        "iscrowd": 0,
        "width": width,
        "height": height,
        "length": annotated.n_frames,
        "name": track.name,
        "parent": track.parent,
    }
    file.write(json.dumps(known).removesuffix("}"))
    for name in LISTS:
        file.write(f', "{name}": [')
        for i, value in enumerate(cells.values(track_id, name)):
            file.write(f", {value}" if i else value)
        file.write("]")
    file.write("}")
