"""``sam2-ivos info``: what a movie is, as this program reads it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from napari_sam2_ivos.cli.screen import say
from napari_sam2_ivos.core.tracks import STALE
from napari_sam2_ivos.io.sessions.layout import SESSION

AXES = {
    "T": "time", "Z": "depth", "C": "channel", "S": "colour", "Q": "unknown",
    "Y": "y", "X": "x",
}  # fmt: skip


def info(
    movie: Annotated[
        Path,
        typer.Argument(
            metavar="MOVIE",
            help="TIFF stack, zarr, .npy, video, or a folder of frames; or a saved"
            " session, NAME.ivos.",
            show_default=False,
        ),
    ],
) -> None:
    """Show how a movie is read: axes, frames, pixel size; or what is in a session."""
    if (movie / SESSION).exists():
        _show(_session_rows(movie))
        return
    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.io.sources import open_source

    source = open_source(movie)
    opened = Movie(source.data, source.time_axis, source.rgb, name=source.name)
    contrast = IntensityMapping.of_movie(opened)
    axes = [AXES.get(letter, letter) for letter in source.axes]
    axes[source.time_axis] = "time"
    height, width = opened.plane_shape
    n_bytes = opened.n_frames * height * width * 2

    rows = {
        "movie": source.name,
        "axes": ", ".join(
            f"{name} {n}" for name, n in zip(axes, source.data.shape, strict=True)
        ),
        "frames": str(opened.n_frames),
        "plane": f"{height} x {width} pixels{', RGB' if source.rgb else ''}",
        "pixel type": str(source.data.dtype),
        "pixel size": _pixel_size(source.scale, source.unit),
        "interval": f"{source.interval_s:g} s" if source.interval_s else "not given",
        "contrast": f"{contrast.low:g} to {contrast.high:g}",
        "label stack": f"{n_bytes / 1e6:.3g} MB before compression",
    }
    _show(rows)


def _session_rows(path: Path) -> dict[str, str]:
    from napari_sam2_ivos.core.edits.cells import has_mask
    from napari_sam2_ivos.io.sessions.opening import open_folder

    saved = open_folder(path, to_write=False)
    about, tracks = saved.about, saved.tracks.values()
    n_frames, height, width = about.movie.shape
    model = about.model.get("model")
    classes = sorted({track.class_name for track in tracks if track.class_name})
    n_masks = sum(int(has_mask(track).sum()) for track in tracks)
    n_stale = sum(int((track.state & STALE != 0).sum()) for track in tracks)
    rows = {
        "session": path.name,
        "movie": str(about.movie.path or about.movie.name),
        "frames": str(n_frames),
        "plane": f"{height} x {width} pixels",
        "pixel size": _pixel_size(about.scale, about.unit),
        "objects": str(len(saved.tracks)),
        "classes": ", ".join(classes) or "none given",
        "divisions": str(len({t.parent for t in tracks if t.parent is not None})),
        "prompted": f"{sum(len(track.prompts) for track in tracks)} frames of objects",
        "masks": f"{n_masks}, of which {n_stale} are out of date",
        "model": str(model) if model else "none yet",
        "saved by": about.program,
    }
    if saved.remarks:
        rows["damage"] = " ".join(saved.remarks)
    return rows


def _show(rows: dict[str, str]) -> None:
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(name, value)
    say(table)


def _pixel_size(scale: tuple[float, float] | None, unit: str | None) -> str:
    if scale is None:
        return "not given"
    y, x = scale
    return f"{y:g} {unit}" if y == x else f"{y:g} x {x:g} {unit} (y, x)"
