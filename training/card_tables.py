"""Put what was measured into the model card: card_tables.py CARD NAME=JSON ..."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

MEASURES = ("j", "f", "tra")


def trials_table(trials: list[dict]) -> str:
    """Table of ``sam2-ivos evaluate --json``: rows are movies, columns prompts."""
    rows: dict[str, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        rows[trial["data"]][trial["prompt"]].append(trial)
    prompts = list(next(iter(rows.values())))
    if len(rows) > 1:
        rows["mean"] = {
            p: [t for data in list(rows) for t in rows[data][p]] for p in prompts
        }
    lines = [["data", *prompts]]
    for data, of in rows.items():
        cells = []
        for prompt in prompts:
            values = [f"{mean(t[m] for t in of[prompt]):.2f}" for m in MEASURES]
            switches = sum(t["identity_switches"] for t in of[prompt])
            cells.append(" · ".join([*values, str(switches)]))
        lines.append([data, *cells])
    clicks = [
        mean(t["n_clicks"] / t["n_objects"] for t in trials if t["prompt"] == p)
        for p in prompts
    ]
    lines.append(["prompts per object", *(f"{n:.1f}" for n in clicks)])
    return markdown(lines)


def stills_table(rows: list[dict]) -> str:
    """Table of ``measure_stills.py --json``."""
    lines = [["side of the tiles, px", "prompt", "cells", "J"]]
    lines += [
        [str(r["side"]), r["prompt"], str(r["cells"]), f"{r['j']:.2f}"] for r in rows
    ]
    return markdown(lines)


def markdown(lines: list[list[str]]) -> str:
    """Join a heading and rows."""
    ruled = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in ruled)


def main() -> None:
    """Replace each table between its two marks."""
    card = Path(sys.argv[1])
    text = card.read_text(encoding="utf-8")
    for argument in sys.argv[2:]:
        name, path = argument.split("=")
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        table = (
            stills_table(found) if name == "stills" else trials_table(found["trials"])
        )
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        text = re.sub(pattern, f"{begin}\n{table}\n{end}", text, flags=re.DOTALL)
    card.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
