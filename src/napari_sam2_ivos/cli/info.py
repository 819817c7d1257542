"""``sam2-ivos info``: what a movie is, as this program reads it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from napari_sam2_ivos.cli.screen import say

AXES = {
    "T": "time", "Z": "depth", "C": "channel", "S": "colour", "Q": "unknown",
    "Y": "y", "X": "x",
}  # fmt: skip


def info(
    movie: Annotated[
        Path,
        typer.Argument(
            metavar="MOVIE",
            help="TIFF stack, zarr, .npy, video, or a folder of frames.",
            show_default=False,
        ),
    ],
) -> None:
    """Show how a movie is read: axes, frames, pixel size, intensities."""
    from rich.table import Table

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

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
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
    for name, value in rows.items():
        table.add_row(name, value)
    say(table)


def _pixel_size(scale: tuple[float, float] | None, unit: str | None) -> str:
    if scale is None:
        return "not given"
    y, x = scale
    return f"{y:g} {unit}" if y == x else f"{y:g} x {x:g} {unit} (y, x)"
