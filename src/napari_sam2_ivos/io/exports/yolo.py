"""YOLO segmentation, as Ultralytics trains on it.

A folder with ``images/NAME.png`` and ``labels/NAME.txt`` for every frame and
``data.yaml`` (https://docs.ultralytics.com/datasets/segment/). A line is one object:
``class x1 y1 x2 y2 …``, where x and y are parts of width and height, 0 and 1 being the
outer edges of the picture. ``classes.txt`` names the classes for X-AnyLabeling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.atomic import replacing_folder
from napari_sam2_ivos.io.exports.frame_pictures import FramePictures
from napari_sam2_ivos.io.exports.polygons import joined, outlines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_sam2_ivos.core.prompts import Mask
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

SMALLEST = 10
"""Pixels along a side that Ultralytics wants a picture to have."""

HEAD = """\
# Labels of a movie. All frames are for training and for validation alike: neighbouring
# frames look the same, so take another movie for 'val' before you trust its figures.
train: images
val: images
"""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write a polygon per object and frame.

    An object in parts is one line: its parts are joined by lines without area, as
    Ultralytics joins those of COCO. A hole is cut open, see `io.exports.polygons`.

    Parameters
    ----------
    path : Path
        A folder.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        What a user should know.
    """
    n_in_parts = 0

    def numbers(mask: Mask) -> list[float]:
        nonlocal n_in_parts
        polygons = outlines(mask)
        n_in_parts += len(polygons) > 1
        points: list[float] = joined(polygons).ravel().tolist()
        return points

    remarks = write_dataset(path, annotated, numbers)
    if n_in_parts:
        remarks.append(
            f"{n_in_parts} masks are in parts: a thin line joins them, as YOLO has one"
            " outline per object."
        )
    return remarks


def write_dataset(
    path: Path, annotated: AnnotatedMovie, numbers: Callable[[Mask], Sequence[float]]
) -> list[str]:
    """Write the folder; frames without objects have an empty file of labels.

    Parameters
    ----------
    path : Path
    annotated : AnnotatedMovie
    numbers : callable, (mask) -> sequence of float
        What follows the class in a line, in pixels: x, y, x, y, …
    """
    height, width = annotated.plane_shape
    classes = annotated.classes
    class_numbers = {name: number for number, name in enumerate(classes)}
    pictures = FramePictures(annotated)
    with replacing_folder(path) as folder:
        for name in ("images", "labels"):
            (folder / name).mkdir()
        for frame, masks in annotated.masks():
            pictures.save(frame, folder / "images")
            with (folder / "labels" / f"{pictures.names[frame]}.txt").open(
                "w", encoding="ascii", newline="\n"
            ) as file:
                for track_id, mask in masks.items():
                    parts = (
                        f"{value / (height if i % 2 else width):.7g}"
                        for i, value in enumerate(numbers(mask))
                    )
                    number = class_numbers[annotated.class_of(track_id)]
                    file.write(f"{number} {' '.join(parts)}\n")
        names = [f"  {n}: {_quoted(name)}\n" for n, name in enumerate(classes)]
        listed = "names:\n" + "".join(names) if names else "names: {}\n"
        (folder / "data.yaml").write_text(HEAD + listed, "utf-8", newline="\n")
        lines = "".join(" ".join(name.splitlines()) + "\n" for name in classes)
        (folder / "classes.txt").write_text(lines, "utf-8", newline="\n")
    if min(height, width) < SMALLEST:
        return [
            f"Frames have {height} x {width} pixels; Ultralytics passes over pictures"
            f" of less than {SMALLEST} along a side."
        ]
    return []


def _quoted(name: str) -> str:
    """Return text as YAML in double quotes."""
    plain = (c.isprintable() and c not in '"\\' for c in name)
    shown = (c if p else f"\\U{ord(c):08X}" for c, p in zip(name, plain, strict=True))
    return f'"{"".join(shown)}"'
