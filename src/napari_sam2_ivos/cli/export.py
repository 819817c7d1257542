"""``sam2-ivos export``: a saved session in the format of another program."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from napari_sam2_ivos.cli.running import counting, stop_request
from napari_sam2_ivos.cli.saved import MoviePath, SessionPath, movie_of
from napari_sam2_ivos.cli.screen import remark, say
from napari_sam2_ivos.core.errors import Cancelled, StoreError


def export(
    session: SessionPath,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="One that 'sam2-ivos formats' lists.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="File or folder to write.", show_default=False),
    ],
    movie: MoviePath = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there already.")
    ] = False,
) -> None:
    """Write the labels and tracks of a session for another program."""
    from napari_sam2_ivos.io.exports.formats import check_name, format_of
    from napari_sam2_ivos.io.exports.formats import export as write
    from napari_sam2_ivos.io.sessions.annotated import read_annotated

    chosen = format_of(file_format)
    check_name(chosen, out)
    if out.exists() and not overwrite:
        raise StoreError(f"'{out}' is there already. Choose another name, or add"
                         " --overwrite.")  # fmt: skip
    opened = movie_of(movie, session)
    with stop_request() as stop, counting("Writing") as count:

        def on_frame(frame: int) -> None:
            if stop():
                raise Cancelled("Stopped; nothing was written.")
            count(frame, annotated.n_frames)

        annotated = read_annotated(
            session, opened, needs_movie=chosen.needs_movie, on_frame=on_frame
        )
        remarks = write(chosen.key, out, annotated)
    for sentence in remarks:
        remark(sentence)
    say(f"{chosen.title}: {out}")


def formats() -> None:
    """List the formats that a session can be exported to, and what each holds."""
    from rich.table import Table

    from napari_sam2_ivos.io.exports.formats import FORMATS, Trait

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("format", "name", "written as", "cannot hold"):
        table.add_column(heading)
    for key, chosen in FORMATS.items():
        missing = ", ".join(trait for trait in Trait if trait not in chosen.holds)
        endings = ", ".join(chosen.suffixes) or "folder"
        table.add_row(key, chosen.title, endings, missing or "–")
    say(table)
