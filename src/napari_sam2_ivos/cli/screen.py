"""Words on the terminal: results on stdout, everything else on stderr."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console

from napari_sam2_ivos.core.errors import IvosWarning

if TYPE_CHECKING:
    from rich.console import RenderableType


def say(what: RenderableType = "") -> None:
    """Show a result on stdout, unwrapped so that paths can be copied."""
    Console(highlight=False).print(what, soft_wrap=isinstance(what, str))


def remark(text: str) -> None:
    """Show a note on stderr."""
    error_console().print(f"[yellow]Note:[/] {_plain(text)}", soft_wrap=True)


def complain(text: str) -> None:
    """Show an error on stderr."""
    error_console().print(f"[bold red]Error:[/] {_plain(text)}", soft_wrap=True)


def error_console() -> Console:
    """Return the console of stderr as it is now."""
    return Console(stderr=True, highlight=False)


def show_warnings_as_notes() -> None:
    """Show our own warnings as one line each, and nobody else's.

    Warnings of torch and others are for developers, who ask for them with
    ``python -W``.
    """
    if sys.warnoptions:
        return
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", IvosWarning)
    warnings.showwarning = _show


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> Any:
    remark(str(message))


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
