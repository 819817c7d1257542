"""What the picture of each frame is called, for formats that name one per frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam2_ivos.io.sources import (
    PICTURE_SUFFIXES,
    TIFF_SUFFIXES,
    natural_key,
)

if TYPE_CHECKING:
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

KNOWN = TIFF_SUFFIXES + PICTURE_SUFFIXES


def frame_names(annotated: AnnotatedMovie) -> list[str]:
    """Return a file name for every frame.

    The names of its pictures, if the movie is a folder of these. Otherwise the frames
    have none of their own, and get the one that ffmpeg or ImageJ would give them if
    the movie were taken apart: ``cells_000012.tif`` is frame 12, counted from 0, of
    ``cells.tif``.
    """
    path = annotated.path or Path(annotated.movie.name.replace("/", "_"))
    if path.is_dir():
        files = [p.name for p in path.iterdir() if p.suffix.lower() in KNOWN]
        files = [name for name in files if not name.startswith(".")]
        if len(files) == annotated.n_frames:
            return sorted(files, key=natural_key)
    suffix = path.suffix if path.suffix.lower() in KNOWN else ".png"
    stem = path.stem.removesuffix(".ome")
    return [f"{stem}_{frame:06d}{suffix}" for frame in range(annotated.n_frames)]
