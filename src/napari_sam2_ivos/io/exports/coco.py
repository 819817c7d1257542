"""COCO instances: one JSON file with a mask per object and frame.

Beside what COCO has (https://cocodataset.org/#format-data) there is what others have
added to it for video: ``videos``, ``tracks`` and ``track_id`` as in TAO, ``frame_id``
and ``instance_id`` as in CocoVID. Names, parents, pixel size and frame interval are
fields of ours, which other readers pass over.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos import __version__
from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.exports.frame_names import frame_names
from napari_sam2_ivos.io.exports.rle import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from napari_sam2_ivos.core.prompts import Mask
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

VIDEO_ID = 1
"""There is one movie in a file."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write an annotation per object and frame, as the frames are read.

    IDs of images are the frame plus 1, those of annotations count from 1: readers
    take 0 for "none".

    Parameters
    ----------
    path : Path
        A ``.json`` file.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Empty: everything fits.
    """
    with replacing(path) as part, open_json(part) as file:
        write_head(file, annotated, [video(annotated)])
        write_list(file, "tracks", _tracks(annotated))
        write_list(file, "images", _images(annotated))
        write_list(file, "annotations", _annotations(annotated))
        file.write("\n}\n")
    return []


def open_json(part: Path) -> TextIO:
    """Open a file to write JSON to.

    It is ASCII, all else escaped: pycocotools opens it in the encoding of the system.
    """
    return part.open("w", encoding="ascii", newline="\n")


def write_head(
    file: TextIO, annotated: AnnotatedMovie, videos: list[dict[str, Any]]
) -> None:
    """Begin the file with what made it, the movie and the classes."""
    info = {
        "description": annotated.path.name if annotated.path else annotated.movie.name,
        "version": "1.0",
        "contributor": f"napari-sam2-ivos {__version__}",
        "model": annotated.model,
    }
    file.write(f'{{\n"info": {json.dumps(info)}')
    write_list(file, "licenses", [])
    write_list(file, "videos", videos)
    write_list(
        file,
        "categories",
        (
            {"id": number, "name": name, "supercategory": ""}
            for number, name in enumerate(annotated.classes, 1)
        ),
    )


def write_list(file: TextIO, name: str, items: Iterable[Any]) -> None:
    """Write a list, one item a line, as the items come."""
    file.write(f',\n"{name}": [')
    separator = "\n"
    for item in items:
        file.write(separator + json.dumps(item, allow_nan=False))
        separator = ",\n"
    file.write("]")


def video(annotated: AnnotatedMovie) -> dict[str, Any]:
    """Return what is known of the movie."""
    height, width = annotated.plane_shape
    known: dict[str, Any] = {
        "id": VIDEO_ID,
        "name": annotated.path.name if annotated.path else annotated.movie.name,
        "width": width,
        "height": height,
        "length": annotated.n_frames,
    }
    if annotated.scale is not None:
        known["pixel_size_yx"] = list(annotated.scale)
        known["pixel_unit"] = annotated.unit
    if annotated.interval_s is not None:
        known["frame_interval_s"] = annotated.interval_s
    return known


def class_numbers(annotated: AnnotatedMovie) -> dict[int, int]:
    """Return the number of the class of every object: from 1, in alphabetical order."""
    numbers = {name: number for number, name in enumerate(annotated.classes, 1)}
    return {i: numbers[annotated.class_of(i)] for i in annotated.tracks}


def score(annotated: AnnotatedMovie, track_id: int, frame: int) -> float | None:
    """Return the IoU that the model expects of a mask, None where none was asked."""
    value = float(annotated.tracks[track_id].predicted_iou[frame])
    return round(min(max(value, 0), 1), 4) if np.isfinite(value) else None


def bbox(mask: Mask) -> list[int]:
    """Return ``[x, y, width, height]``; x and y are the top left corner of a pixel."""
    height, width = mask.pixels.shape
    return [mask.left, mask.top, width, height]


def _tracks(annotated: AnnotatedMovie) -> Iterator[dict[str, Any]]:
    categories = class_numbers(annotated)
    for track_id, track in annotated.tracks.items():
        yield {
            "id": track_id,
            "category_id": categories[track_id],
            "video_id": VIDEO_ID,
            "name": track.name,
            "parent": track.parent,
        }


def _images(annotated: AnnotatedMovie) -> Iterator[dict[str, Any]]:
    height, width = annotated.plane_shape
    for frame, name in enumerate(frame_names(annotated)):
        yield {
            "id": frame + 1,
            "file_name": name,
            "width": width,
            "height": height,
            "video_id": VIDEO_ID,
            "frame_id": frame,
        }


def _annotations(annotated: AnnotatedMovie) -> Iterator[dict[str, Any]]:
    categories = class_numbers(annotated)
    number = 0
    for frame, masks in annotated.masks():
        for track_id, mask in masks.items():
            number += 1
            made = {
                "id": number,
                "image_id": frame + 1,
                "video_id": VIDEO_ID,
                "category_id": categories[track_id],
                "track_id": track_id,
                "instance_id": track_id,
                "iscrowd": 0,
                "area": int(np.count_nonzero(mask.pixels)),
                "bbox": bbox(mask),
                "segmentation": encode(mask, annotated.plane_shape),
            }
            known = score(annotated, track_id, frame)
            yield made if known is None else {**made, "score": known}
