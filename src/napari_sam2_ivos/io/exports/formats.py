"""The list of formats: what each can hold, and which module writes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import FormatError

if TYPE_CHECKING:
    import os

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


class Trait(StrEnum):
    """What an annotated movie can have that not every format can hold."""

    TRACK_IDS = "track IDs"
    DIVISIONS = "divisions"
    CLASSES = "classes"
    NAMES = "names"
    PIXEL_SIZE = "the pixel size"
    INTERVAL = "the frame interval"
    SCORES = "scores"
    EXACT_MASKS = "masks to the pixel"


@dataclass(frozen=True)
class Format:
    """A format that labels can be exported to.

    Parameters
    ----------
    key : str
        What the command line calls it.
    title : str
        What the window calls it.
    group : str
        Under which heading it is listed.
    suffixes : tuple of str
        How its files may end, the usual one first; empty for a folder.
    module : str
        In `io.exports`: its ``write(path, annotated)`` returns sentences about what
        did not fit, for the user to read.
    holds : frozenset of Trait
    needs_movie : bool
        Whether pixels of the movie are written too, or measured.
    """

    key: str
    title: str
    group: str
    suffixes: tuple[str, ...]
    module: str
    holds: frozenset[Trait]
    needs_movie: bool = False


SUMMARIES = ("Tables", "Pictures")
"""Groups of formats that show some of it, and are not read by a program."""

_PLACE = {Trait.PIXEL_SIZE, Trait.INTERVAL}
_NOTES = {Trait.CLASSES, Trait.NAMES}
_EVERYTHING = set(Trait)

FORMATS: dict[str, Format] = {
    one.key: one
    for one in (
        Format(
            "tiff",
            "Label stack, TIFF",
            "Images",
            (".tif", ".tiff"),
            "label_tiff",
            frozenset({Trait.TRACK_IDS, Trait.EXACT_MASKS, *_PLACE}),
        ),
        Format(
            "npy",
            "Label stack, numpy",
            "Images",
            (".npy",),
            "label_npy",
            frozenset({Trait.TRACK_IDS, Trait.EXACT_MASKS}),
        ),
        Format(
            "ome-zarr",
            "Label stack, OME-Zarr",
            "Images",
            (".zarr",),
            "ome_zarr",
            frozenset(_EVERYTHING - {Trait.SCORES}),
        ),
        Format(
            "ome-zarr-image",
            "Movie with labels, OME-Zarr",
            "Images",
            (".zarr",),
            "ome_zarr_image",
            frozenset(_EVERYTHING - {Trait.SCORES}),
            needs_movie=True,
        ),
        Format(
            "ctc",
            "Cell Tracking Challenge",
            "Tracks",
            (),
            "ctc",
            frozenset({Trait.TRACK_IDS, Trait.DIVISIONS, Trait.EXACT_MASKS}),
        ),
        Format(
            "geff",
            "GEFF",
            "Tracks",
            (".geff",),
            "geff",
            frozenset(_EVERYTHING),
        ),
        Format(
            "trackmate",
            "TrackMate",
            "Tracks",
            (".xml",),
            "trackmate",
            frozenset(_EVERYTHING - {Trait.EXACT_MASKS, Trait.CLASSES}),
        ),
        Format(
            "coco",
            "COCO",
            "Training data",
            (".json",),
            "coco",
            frozenset(Trait),
        ),
        Format(
            "youtube-vis",
            "YouTube-VIS",
            "Training data",
            (".json",),
            "youtube_vis",
            frozenset(Trait),
        ),
        Format(
            "mots",
            "MOTS",
            "Training data",
            (".txt",),
            "mots",
            frozenset({Trait.TRACK_IDS, Trait.CLASSES, Trait.EXACT_MASKS}),
        ),
        Format(
            "mot",
            "MOTChallenge",
            "Training data",
            (),
            "mot",
            frozenset({Trait.TRACK_IDS, Trait.CLASSES, Trait.INTERVAL}),
        ),
        Format(
            "yolo",
            "YOLO segmentation",
            "Training data",
            (),
            "yolo",
            frozenset({Trait.CLASSES}),
            needs_movie=True,
        ),
        Format(
            "yolo-boxes",
            "YOLO boxes",
            "Training data",
            (),
            "yolo_boxes",
            frozenset({Trait.CLASSES}),
            needs_movie=True,
        ),
        Format(
            "labelme",
            "LabelMe, X-AnyLabeling",
            "Training data",
            (),
            "anylabeling",
            frozenset(
                {
                    Trait.TRACK_IDS,
                    Trait.CLASSES,
                    Trait.DIVISIONS,
                    Trait.NAMES,
                    Trait.EXACT_MASKS,
                }
            ),
            needs_movie=True,
        ),
        Format(
            "table",
            "Table",
            "Tables",
            (".csv", ".parquet"),
            "table",
            frozenset(_EVERYTHING - {Trait.EXACT_MASKS}),
            needs_movie=True,
        ),
        Format(
            "boxes",
            "Boxes",
            "Tables",
            (".csv", ".txt"),
            "boxes",
            frozenset({Trait.TRACK_IDS, Trait.CLASSES, Trait.SCORES}),
        ),
        Format(
            "picture",
            "Picture with outlines",
            "Pictures",
            (".png",),
            "picture",
            frozenset({Trait.TRACK_IDS}),
            needs_movie=True,
        ),
        Format(
            "video",
            "Video with outlines",
            "Pictures",
            (".mp4",),
            "overlay_video",
            frozenset({Trait.TRACK_IDS}),
            needs_movie=True,
        ),
    )
}
"""By key, in the order in which they are listed."""


def export(
    key: str, path: str | os.PathLike[str], annotated: AnnotatedMovie
) -> list[str]:
    """Write an annotated movie; return what the format could not hold, in words.

    Parameters
    ----------
    key : str
        Of one of `FORMATS`.
    path : path-like
        A file or, where the format is one of folders, a folder that is new, empty, or
        was written by this program.
    annotated : AnnotatedMovie

    Raises
    ------
    FormatError
        If there is no such format, or the file name does not suit it.
    StoreError
        If it cannot be written; what was there before is as it was.
    Cancelled
        If `annotated.on_frame` raises it; nothing is left behind.
    """
    chosen = format_of(key)
    target = Path(path).expanduser()
    check_name(chosen, target)
    module = import_module(f"napari_sam2_ivos.io.exports.{chosen.module}")
    remarks: list[str] = module.write(target, annotated)
    missing = left_out(chosen, annotated)
    if missing:
        what = ", ".join(missing)
        remarks = [f"{chosen.title} cannot hold {what}: left out.", *remarks]
    return remarks


def format_of(key: str) -> Format:
    """Return a format by its key, or raise `FormatError`."""
    if key not in FORMATS:
        raise FormatError(
            f"There is no format '{key}'. Choose one of {', '.join(FORMATS)}."
        )
    return FORMATS[key]


def check_name(chosen: Format, path: Path) -> None:
    """Raise `FormatError` if a file of a format cannot have this name."""
    suffixes = chosen.suffixes
    if suffixes and not path.name.lower().endswith(suffixes):
        raise FormatError(
            f"'{path.name}' does not end in {' or '.join(suffixes)}, as"
            f" {chosen.title} does. Give it another name."
        )


def left_out(chosen: Format, annotated: AnnotatedMovie) -> list[Trait]:
    """Return what an annotated movie has that a format cannot hold.

    Nobody looks for all of it in a table or a picture.
    """
    if chosen.group in SUMMARIES:
        return []
    tracks = annotated.tracks.values()
    there = {
        Trait.TRACK_IDS: bool(annotated.tracks),
        Trait.DIVISIONS: any(t.parent is not None for t in tracks),
        Trait.CLASSES: any(t.class_name for t in tracks),
        Trait.NAMES: any(t.name for t in tracks),
        Trait.PIXEL_SIZE: annotated.scale is not None,
        Trait.INTERVAL: annotated.interval_s is not None,
        Trait.SCORES: any(np.isfinite(t.predicted_iou).any() for t in tracks),
        Trait.EXACT_MASKS: bool(annotated.tracks),
    }
    return [trait for trait in Trait if there[trait] and trait not in chosen.holds]
