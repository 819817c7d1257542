"""``sam2-ivos models``: which models there are, and getting one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam2_ivos.cli.screen import error_console, remark, say

if TYPE_CHECKING:
    from napari_sam2_ivos.engine.catalogue import ModelEntry


def models(
    download: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Get this model onto this machine."),
    ] = None,
) -> None:
    """List the models, which are installed, their sizes and licences."""
    from napari_sam2_ivos.engine import catalogue
    from napari_sam2_ivos.engine.installed import installed_path, misfit, model_folders

    if download is not None:
        _download(catalogue.find(download))
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("name", "installed", "size", "licence", "good for"):
        table.add_column(column, no_wrap=column != "good for")
    for entry in catalogue.entries():
        installed = installed_path(entry) is not None
        size = f"{entry.size_bytes / 1e6:.0f} MB" if entry.size_bytes else "-"
        table.add_row(
            entry.name, "yes" if installed else "no", size, entry.licence, entry.note
        )
    say(table)
    say(f"Used if no --model is given: {_default()}")
    folders = ", ".join(str(folder) for folder in model_folders())
    say(f"Downloaded models are looked for in {folders}")
    for entry in catalogue.entries():
        if misfit(entry):
            remark(misfit(entry))


def _default() -> str:
    """Return which model runs here if none is named, and why."""
    from napari_sam2_ivos.engine.choice import AUTOMATIC, choose
    from napari_sam2_ivos.engine.device import choose_device

    device = choose_device()
    choice = choose(AUTOMATIC, device)
    return f"{choice.entry.name} on {device} ({choice.reason})"


def _download(entry: ModelEntry) -> None:
    import pooch
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    from napari_sam2_ivos.engine.download import download

    pooch.get_logger().setLevel("WARNING")  # its lines would cut the bar
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=error_console()) as bar:
        task = bar.add_task(entry.name, total=entry.size_bytes)
        path = download(
            entry,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    say(f"{entry.name}: {path}")
