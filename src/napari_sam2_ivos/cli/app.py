"""The command and its options, one module per subcommand."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from napari_sam2_ivos import __version__
from napari_sam2_ivos.cli.demo import demo
from napari_sam2_ivos.cli.evaluate import evaluate
from napari_sam2_ivos.cli.export import export, formats
from napari_sam2_ivos.cli.import_ import import_
from napari_sam2_ivos.cli.info import info
from napari_sam2_ivos.cli.models import models
from napari_sam2_ivos.cli.resume import resume
from napari_sam2_ivos.cli.screen import complain, show_warnings_as_notes
from napari_sam2_ivos.cli.track import track
from napari_sam2_ivos.core.errors import IvosError

app = typer.Typer(
    name="sam2-ivos",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Track cells through a time-lapse from a click, a box or a mask each.",
)
app.command()(demo)
app.command()(track)
app.command()(resume)
app.command()(export)
app.command("import")(import_)
app.command()(formats)
app.command()(evaluate)
app.command()(models)
app.command()(info)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-sam2-ivos {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show it."),
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Run the command; a problem of the user's is one line, not a traceback."""
    show_warnings_as_notes()
    try:
        app()
    except IvosError as error:
        complain(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
