"""MOTS: a text file with a mask per object and frame.

A line is ``time_frame id class_id img_height img_width rle``, with the frame counted
from 0 as in KITTI MOTS, and run lengths as in COCO. The id is the class times 1000
plus the track ID. (https://www.vision.rwth-aachen.de/page/mots)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.exports.rle import encode

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

IGNORED_CLASS = 10
"""Readers take it for a region where nothing is judged."""

FACTOR = 1000
"""The id of an object is its class times this, plus its track ID."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write a line per object and frame.

    Parameters
    ----------
    path : Path
        A ``.txt`` file.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Which number each class has, and how ids are made if they are not as usual.
    """
    factor = FACTOR
    while max(annotated.tracks, default=0) >= factor:
        factor *= 10
    free = [i for i in range(1, len(annotated.classes) + 2) if i != IGNORED_CLASS]
    numbers = dict(zip(annotated.classes, free, strict=False))
    height, width = annotated.plane_shape
    with replacing(path) as part, part.open("w", encoding="ascii", newline="\n") as out:
        for frame, masks in annotated.masks():
            for track_id, mask in masks.items():
                number = numbers[annotated.class_of(track_id)]
                rle = encode(mask, annotated.plane_shape)["counts"]
                name = number * factor + track_id
                out.write(f"{frame} {name} {number} {height} {width} {rle}\n")
    return _remarks(numbers, factor)


def _remarks(numbers: dict[str, int], factor: int) -> list[str]:
    remarks = []
    if len(numbers) > 1:
        listed = [f"{number} is '{name}'" for name, number in numbers.items()]
        more = "" if len(listed) <= 12 else ", …"
        remarks.append(f"Classes are numbers: {', '.join(listed[:12])}{more}.")
    if factor != FACTOR:
        remarks.append(
            f"There are track IDs above {FACTOR - 1}: ids in the file are the class"
            f" times {factor}, plus the track ID, instead of times {FACTOR}."
        )
    return remarks
