"""Rows of results: on the terminal and in a JSON file that keeps earlier ones."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Target:
    """What a ratio should be.

    Parameters
    ----------
    sign : {">=", "<="}
    limit : float
    """

    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}"

    def is_met(self, ratio: float) -> bool:
        """Whether a ratio is as it should be."""
        return ratio >= self.limit if self.sign == ">=" else ratio <= self.limit


@dataclass(frozen=True)
class Row:
    """One result.

    Parameters
    ----------
    model, case : str
        Together they name the row.
    unit : str
        Of `ours` and `upstream`.
    ours, upstream : float or None
    ratio : float or None
        What the target is about: how many times better ours is, or where ours is
        compared with itself how many times worse it gets.
    target : Target or None
    note : str
    """

    model: str
    case: str
    unit: str
    ours: float | None
    upstream: float | None
    ratio: float | None
    target: Target | None = None
    note: str = ""

    def entry(self) -> dict[str, Any]:
        """Return the row for the file."""
        entry = asdict(self)
        for name in ("ours", "upstream", "ratio"):
            if entry[name] is not None:
                entry[name] = float(f"{entry[name]:.4g}")
        target, ratio = self.target, self.ratio
        entry["target"] = None if target is None else str(target)
        met = None
        if target is not None and ratio is not None:
            met = target.is_met(ratio)
        return {**entry, "met": met, "date": date.today().isoformat()}


def setup(device: str) -> dict[str, Any]:
    """Return what the numbers depend on, besides the code."""
    found: dict[str, Any] = {"cpu": _cpu_name(), "cores": os.cpu_count()}
    if device == "cuda":
        found["gpu"] = torch.cuda.get_device_name()
    versions = {name: version(name) for name in ("torch", "sam2")}
    found |= {**versions, "python": platform.python_version()}
    return {**found, "threads": torch.get_num_threads()}


def save(rows: list[Row], device: str) -> Path:
    """Write rows into the file of a device, in the place of earlier ones of their name.

    Others stay. A row that was measured with another setup than the one that the
    file now names says so itself.
    """
    path = RESULTS / f"versus_upstream_{device}.json"
    now = setup(device)
    entries = {}
    if path.exists():
        report = json.loads(path.read_text(encoding="utf-8"))
        for entry in report["rows"]:
            own = entry.pop("setup", report["setup"])
            kept = entry if own == now else {**entry, "setup": own}
            entries[entry["model"], entry["case"]] = kept
    entries |= {(row.model, row.case): row.entry() for row in rows}
    report = {
        "setup": now,
        "date": date.today().isoformat(),
        "rows": list(entries.values()),
    }
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return path


def table(rows: list[Row]) -> Table:
    """Return rows as a table, one part per model."""
    shown = Table("case", title="Ours against upstream")
    for name in ("ours", "upstream", "ratio", "target", "met"):
        shown.add_column(name, justify="right")
    model = None
    for row in rows:
        if row.model != model:
            model = row.model
            shown.add_section()
            shown.add_row(f"[bold]{model}")
        entry = row.entry()
        met = {True: "[green]yes", False: "[red]no", None: ""}[entry["met"]]
        case = f"{row.case}\n[dim]{row.note}" if row.note else row.case
        shown.add_row(
            case,
            _shown(row.ours, row.unit),
            _shown(row.upstream, row.unit),
            _shown(row.ratio, ""),
            entry["target"] or "",
            met,
        )
    return shown


def objects(n: int) -> str:
    """Return a number of objects in words."""
    return "1 object" if n == 1 else f"{n} objects"


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits} {unit}".strip()


def _cpu_name() -> str:
    known = Path("/proc/cpuinfo")
    if known.exists():
        for line in known.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
