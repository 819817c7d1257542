"""Measures of trials on the terminal and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.cli.screen import say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from napari_sam2_ivos.testing.trials import Trial

Row = tuple[str, "Trial"]
"""What was tried on, and the trial."""

HEADINGS = (
    ("data", "left"),
    ("prompt", "left"),
    ("objects", "right"),
    ("clicks", "right"),
    ("J", "right"),
    ("F", "right"),
    ("J&F", "right"),
    ("SEG", "right"),
    ("DET", "right"),
    ("TRA", "right"),
    ("switches", "right"),
)


def show(rows: Iterable[Row]) -> None:
    """Print a table of trials, and what its columns are."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading, justify in HEADINGS:
        # Where the terminal is narrow the name of the movie gives way, no number.
        least = None if heading == "data" else max(5, len(heading))
        table.add_column(heading, justify=justify, no_wrap=True, min_width=least)  # type: ignore[arg-type]
    for data, trial in rows:
        r = trial.result
        measures = (r.j, r.f, r.j_and_f, r.seg, r.det, r.tra)
        table.add_row(
            data,
            trial.prompt,
            str(r.n_objects),
            str(trial.n_clicks),
            *(f"{value:.2f}" for value in measures),
            str(r.identity_switches),
        )
    say(table)
    say(
        "J: overlap with the truth (IoU). F: agreement of outlines. SEG, DET, TRA: Cell"
        " Tracking Challenge."
    )


def write_json(path: Path, rows: Iterable[Row], about: dict[str, Any]) -> None:
    """Write all trials, with the values of each object and frame.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    from napari_sam2_ivos.io.atomic import replacing

    trials = [
        {
            "data": data,
            "prompt": trial.prompt,
            "n_clicks": trial.n_clicks,
            **trial.result.as_json(),
        }
        for data, trial in rows
    ]
    with replacing(path) as partial:
        partial.write_text(json.dumps({**about, "trials": trials}, indent=1))
