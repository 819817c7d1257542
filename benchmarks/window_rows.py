"""Rows of windows against whole frames: on the terminal and in a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from rich.table import Table

from benchmarks.report import RESULTS, setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATH = RESULTS / "windows.json"
SLACK = 0.005
"""What a mean may lose and still be no worse."""


@dataclass(frozen=True)
class Target:
    """What windows should be beside whole frames.

    Parameters
    ----------
    words : str
    is_met : callable
        Of the numbers of whole frames and of windows.
    """

    words: str
    is_met: Callable[[float, float], bool]


NOT_WORSE = Target("not worse", lambda whole, windows: windows >= whole - SLACK)
BETTER = Target("better", lambda whole, windows: windows > whole)
FEWER = Target("fewer", lambda whole, windows: windows < whole)


def times_better(factor: float) -> Target:
    """Return the target of a number that should be larger by a factor."""
    return Target(f">= {factor:g} x", lambda whole, windows: windows >= factor * whole)


def times_less(factor: float) -> Target:
    """Return the target of a number that should be smaller by a factor."""
    return Target(f"<= 1/{factor:g}", lambda whole, windows: factor * windows <= whole)


def at_most(limit: float, unit: str) -> Target:
    """Return the target of a number that has a limit, whatever whole frames do."""
    return Target(f"<= {limit:g} {unit}", lambda _, windows: windows <= limit)


@dataclass(frozen=True)
class Row:
    """One result.

    Parameters
    ----------
    case, measure : str
        Together they name the row.
    unit : str
    whole, windows, automatic : float or None
        Whole frames, windows, and what is chosen by default.
    looks_at : str
        What the default looked at.
    target : Target or None
        For windows.
    note : str
    """

    case: str
    measure: str
    unit: str
    whole: float | None
    windows: float | None
    automatic: float | None = None
    looks_at: str = ""
    target: Target | None = None
    note: str = ""

    def entry(self) -> dict[str, Any]:
        """Return the row for the file."""
        entry = asdict(self)
        for name in ("whole", "windows", "automatic"):
            if entry[name] is not None:
                entry[name] = float(f"{entry[name]:.4g}")
        entry["target"], met = None, None
        if self.target is not None:
            entry["target"] = self.target.words
            if self.whole is not None and self.windows is not None:
                met = bool(self.target.is_met(self.whole, self.windows))
        ratio = self.windows / self.whole if self.windows and self.whole else None
        ratio = None if ratio is None else float(f"{ratio:.4g}")
        return {**entry, "windows over whole": ratio, "met": met}


def save(rows: Iterable[Row], device: str) -> None:
    """Write rows into the file, in the place of earlier ones of their name."""
    entries = {}
    if PATH.exists():
        for entry in json.loads(PATH.read_text(encoding="utf-8"))["rows"]:
            entries[entry["case"], entry["measure"]] = entry
    for row in rows:
        entry = {**row.entry(), "date": date.today().isoformat()}
        entries[row.case, row.measure] = {**entry, "machine": setup(device)}
    text = json.dumps({"rows": list(entries.values())}, indent=2)
    PATH.write_text(text + "\n", encoding="utf-8")


def table(rows: Iterable[Row]) -> Table:
    """Return rows as a table, one part per case."""
    shown = Table("measure", title="Windows against whole frames")
    for name in ("whole frame", "windows", "target", "met", "automatic"):
        shown.add_column(name, justify="right")
    shown.add_column("automatic looks at")
    case = note = None
    for row in rows:
        if (row.case, row.note) != (case, note):
            case, note = row.case, row.note
            shown.add_section()
            shown.add_row(f"[bold]{case}[/]\n[dim]{note}")
        met = {True: "[green]yes", False: "[red]no", None: ""}[row.entry()["met"]]
        shown.add_row(
            row.measure,
            _shown(row.whole, row.unit),
            _shown(row.windows, row.unit),
            row.target.words if row.target else "",
            met,
            _shown(row.automatic, row.unit),
            row.looks_at,
        )
    return shown


def _shown(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}".strip()
