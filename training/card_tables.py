"""Print the tables of the model card: card_tables.py SYNTHETIC T98G STILLS (JSON)."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean


def print_trials(path: Path) -> None:
    """Table of ``sam2-ivos evaluate --json``: rows are movies, columns prompts."""
    rows: dict[str, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    for trial in json.loads(path.read_text())["trials"]:
        rows[trial["data"]][trial["prompt"]].append(trial)
    prompts = list(next(iter(rows.values())))
    print("| data |", " | ".join(prompts), "|")
    print("|---|" + "---|" * len(prompts))
    if len(rows) > 1:
        rows["mean"] = {
            p: [t for data in list(rows) for t in rows[data][p]] for p in prompts
        }
    for data, of in rows.items():
        cells = []
        for prompt in prompts:
            values = [mean(t[m] for t in of[prompt]) for m in ("j", "f", "tra")]
            switches = sum(t["identity_switches"] for t in of[prompt])
            cells.append("{:.2f} · {:.2f} · {:.2f}".format(*values) + f" · {switches}")
        print(f"| {data} |", " | ".join(cells), "|")
    clicks = {
        p: mean(
            t["n_clicks"] / t["n_objects"] for data in list(rows) for t in rows[data][p]
        )
        for p in prompts
    }
    print("| clicks per object |", " | ".join(f"{n:.1f}" for n in clicks.values()), "|")


def main() -> None:
    """Print all tables."""
    synthetic, movie, stills = map(Path, sys.argv[1:])
    for path in (synthetic, movie):
        print_trials(path)
        print()
    for row in json.loads(stills.read_text()):
        print("| {side} px | {prompt} | {cells} | {j:.2f} |".format(**row))


if __name__ == "__main__":
    main()
