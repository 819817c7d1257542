"""Ours against upstream: speed, corrections, clicks and memory.

From the root of the repository::

    python -m benchmarks.versus_upstream
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from rich.console import Console

from benchmarks.clicks import click_rows
from benchmarks.memory import memory_rows
from benchmarks.models import LEGACY_PREDICTOR, PREDICTOR, find_model
from benchmarks.report import save, table
from benchmarks.speed import SECTIONS as SPEED_SECTIONS
from benchmarks.speed import Race

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from benchmarks.models import Model
    from benchmarks.report import Row

SECTIONS = (*SPEED_SECTIONS, "click", "memory")


def main() -> None:
    """Measure, show and write the results."""
    chosen = _arguments()
    if chosen.threads is not None:
        torch.set_num_threads(chosen.threads)
    console = Console()
    rows: list[Row] = []
    for row in _rows(chosen):
        rows.append(row)
        save([row], chosen.device)  # at once: a run takes long and may be cut short
        console.print(f"{row.model}: {row.case} done", style="dim")
    console.print(table(rows))


def _rows(chosen: argparse.Namespace) -> Iterator[Row]:
    sections = [s for s in chosen.only if s not in chosen.skip]
    for name in chosen.models:
        with TemporaryDirectory() as folder:
            yield from _rows_of(find_model(name, Path(folder)), sections, chosen)
    if "memory" in sections:
        short, long = chosen.memory_frames
        long_upstream = long if chosen.full else min(long, 3 * short)
        yield from memory_rows(
            chosen.memory_model, chosen.device, short, long, long_upstream
        )


def _rows_of(
    model: Model, sections: Collection[str], chosen: argparse.Namespace
) -> Iterator[Row]:
    device = chosen.device
    if set(sections) <= {"memory"}:
        return
    nets = {p: model.upstream(p, device) for p in (PREDICTOR, LEGACY_PREDICTOR)}
    for n in sorted(chosen.objects):
        if n > 16 and model.image_size >= 1024 and device == "cpu" and not chosen.full:
            continue  # two minutes per frame
        n_frames = chosen.frames or model.n_frames(n, device)
        yield from Race(model, device, n, n_frames, sections).run(nets)
    if "click" in sections:
        yield from click_rows(model, device, sorted(chosen.objects), nets)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.versus_upstream",
        description="Compare speed and memory with upstream's predictors.",
    )
    add = parser.add_argument
    models = ["tiny-512", "tiny-1024", "bundled"]
    add("--models", nargs="+", default=models, help="also tiny-SIZE for other sizes")
    add("--device", choices=["cpu", "cuda"], default="cpu")
    add("--objects", nargs="+", type=int, default=[1, 4, 16, 64])
    add("--frames", type=int, help="of every run, at least 3 (default: what fits)")
    add("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    add("--skip", nargs="+", choices=SECTIONS, default=())
    add("--threads", type=int, help="of torch")
    add("--memory-frames", nargs=2, type=int, default=[100, 1000])
    add("--memory-model", default="bundled")
    full = "64 objects at 1024 px on a CPU too; upstream's memory over the longer movie"
    add("--full", action="store_true", help=full)
    chosen = parser.parse_args()
    if chosen.frames is not None and chosen.frames < 3:
        parser.error("--frames: the first two are not timed, so 3 is the least")
    return chosen


if __name__ == "__main__":
    main()
