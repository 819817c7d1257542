"""MOTChallenge: a folder with the boxes of all objects, as its tools read them.

``gt/gt.txt`` has a line ``frame, id, left, top, width, height, flag, class,
visibility`` per object and frame; frames and pixels are counted from 1
(https://motchallenge.net/instructions/). ``seqinfo.ini`` describes the movie. The
names of the classes are in ``gt/labels.txt``, where CVAT and Datumaro look for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.atomic import replacing_folder
from napari_sam2_ivos.io.boxes import bounding_boxes
from napari_sam2_ivos.io.exports.coco import class_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

CONSIDERED = 1
"""In a ground truth this is a flag and no score: its readers drop the line if the whole
part of it is 0."""

VISIBLE = 1
"""Nothing is known of what hides an object."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write the boxes of all objects into a folder; pictures are not written.

    Parameters
    ----------
    path : Path
        A folder, named as the sequence is to be called.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        What tools will make of its classes and of its frame interval.
    """
    classes = class_numbers(annotated)
    with replacing_folder(path) as folder:
        (folder / "gt").mkdir()
        with (folder / "gt" / "gt.txt").open("w", encoding="ascii", newline="\n") as gt:
            for frame, plane in annotated.planes():
                for track_id, (y0, x0, y1, x1) in bounding_boxes(plane).items():
                    box = (x0 + 1, y0 + 1, x1 - x0, y1 - y0)
                    ends = (CONSIDERED, classes[track_id], VISIBLE)
                    line = ",".join(map(str, (frame + 1, track_id, *box, *ends)))
                    gt.write(f"{line}\n")
        names = "".join(f"{' '.join(name.split())}\n" for name in annotated.classes)
        (folder / "gt" / "labels.txt").write_text(names, encoding="utf-8")
        (folder / "seqinfo.ini").write_text(
            _seqinfo(path.name, annotated), encoding="utf-8"
        )
    return _remarks(annotated)


def _seqinfo(name: str, annotated: AnnotatedMovie) -> str:
    """Return the text of ``seqinfo.ini``.

    Some readers look for the texts between these keys: their order counts, and that
    there is no blank.
    """
    height, width = annotated.plane_shape
    rate = 1 / annotated.interval_s if annotated.interval_s else 1
    return (
        "[Sequence]\n"
        f"name={name.replace('%', '%%')}\n"  # as Python's configparser reads it
        "imDir=img1\n"
        f"frameRate={rate:.6g}\n"
        f"seqLength={annotated.n_frames}\n"
        f"imWidth={width}\n"
        f"imHeight={height}\n"
        "imExt=.png\n"
    )


def _remarks(annotated: AnnotatedMovie) -> list[str]:
    remarks = []
    if len(annotated.classes) > 1:
        remarks.append(
            "Tools of the MOTChallenge judge class 1 only, here"
            f" '{annotated.classes[0]}'; the others are in gt/labels.txt."
        )
    if not annotated.interval_s:
        remarks.append(
            "The time between frames is not known: seqinfo.ini says 1 frame a second."
        )
    return remarks
