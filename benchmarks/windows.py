"""Windows that follow each object, against the whole frame at once.

From the root of the repository; the movie and its labels are optional::

    python -m benchmarks.windows --movie MOVIE.tif --labels LABELS.tif
    python -m benchmarks.windows --only small-cells --frames 4 --objects 10
    python -m benchmarks.windows --only look-alikes --ways windows --frames 8
    python -m benchmarks.windows --only look-alikes --pictures FOLDER

The first writes `results/windows.json`. A run that was made smaller by `--frames`,
`--objects` or `--ways`, as the second and third, is for looking into one case quickly:
each way prints its numbers as soon as it is done, and nothing is written.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console

from benchmarks.window_chunks import SIDE, LargeMovie
from benchmarks.window_pictures import side_by_side
from benchmarks.window_rows import (
    BETTER,
    FEWER,
    NOT_WORSE,
    Row,
    Target,
    at_most,
    save,
    table,
    times_better,
    times_less,
)
from benchmarks.window_scenes import (
    N_FRAMES,
    large_cells,
    look_alikes,
    real_movie,
    small_cells,
)
from benchmarks.window_scores import REACH_PX, try_scene
from benchmarks.window_speed import seconds_per_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from benchmarks.window_scenes import Scene
    from benchmarks.window_scores import Scores

WAYS = ("whole-frame", "windows", "automatic")
MEASURES = {
    "j": "mean J",
    "f": f"boundary F at {REACH_PX} px",
    "f_davis": "boundary F of DAVIS, 0.8 % of the diagonal",
    "found": "share of objects covered by their own ID",
    "switches": "identity switches",
    "seconds": "seconds in all",
}
# What each scene is for, by the names of `Scores`.
TARGETS: dict[str, dict[str, Target]] = {
    "small-cells": {"j": times_better(1.25), "f": times_better(1.5)},
    "large-cells": {"j": NOT_WORSE, "f": NOT_WORSE},
    "look-alikes": {"switches": FEWER},
    "real-movie": {"j": NOT_WORSE, "f": BETTER},
}
CROPS = {"small-cells": 300, "look-alikes": 160, "real-movie": 190}
"""Side in pixels of the part of a scene that pictures show."""
CASES = (*TARGETS, "bytes", "speed")

CHUNKS = (256, 512, 1024)
N_IN_LARGE_MOVIE = 10
MOST_READ = at_most(5, "%")

N_TIMED_OBJECTS = 50
WHOLE_INPUT, WINDOW_INPUTS = 1024, (256, 448)
FASTER = times_less(5)


def main() -> None:
    """Measure, show and write the results."""
    chosen = _arguments()
    if chosen.threads is not None:
        torch.set_num_threads(chosen.threads)
    console = Console()
    is_partial = bool(chosen.frames or chosen.objects) or set(chosen.ways) != set(WAYS)
    rows: list[Row] = []
    for case in chosen.only:
        if case == "real-movie" and chosen.movie is None:
            console.print("real-movie left out: give --movie and --labels")
            continue
        measured = list(_rows(case, chosen, console))
        if not is_partial:
            save(measured, chosen.device)  # at once: a run may be cut short
        rows += measured
    console.print(table(rows))
    if is_partial:
        console.print("Not written: not all frames, objects and ways.")


def _rows(case: str, chosen: argparse.Namespace, console: Console) -> Iterator[Row]:
    if case == "bytes":
        return _bytes(chosen)
    if case == "speed":
        return _speed(chosen)
    return _quality(case, _scene(case, chosen), chosen, console)


def _scene(case: str, chosen: argparse.Namespace) -> Scene:
    makers: dict[str, Any] = {
        "small-cells": partial(small_cells, N_FRAMES),
        "large-cells": partial(large_cells, N_FRAMES),
        "look-alikes": partial(look_alikes, N_FRAMES),
        "real-movie": partial(real_movie, chosen.movie, chosen.labels),
    }
    # Made in full, and cut then: a shorter movie would be another one.
    return makers[case]().first(chosen.objects, chosen.frames)


def _quality(
    case: str, scene: Scene, chosen: argparse.Namespace, console: Console
) -> Iterator[Row]:
    """Compare masks, for one scene."""
    scores: dict[str, Scores] = {}
    labels: dict[str, np.ndarray] = {}
    for way in chosen.ways:
        scores[way], labels[way] = try_scene(scene, way, device=chosen.device)
        console.print(f"{case}, {way}: {scores[way]}", style="dim", soft_wrap=True)
    if chosen.pictures and case in CROPS and len(labels) > 1:
        titles = {"whole-frame": "Whole frame", "windows": "Windows"}
        halves = {title: labels[way] for way, title in titles.items() if way in labels}
        path = chosen.pictures / f"{case}.png"
        side_by_side(path, scene, halves, len(scene.truth) - 1, CROPS[case])
    n_frames, height, width = scene.truth.shape
    begun = "a click" if scene.prompt == "click" else "a mask"
    note = (
        f"{n_frames} x {height} x {width}, {len(scene.track_ids)} objects, {begun} each"
    )
    for name, measure in MEASURES.items():
        found = {way: float(getattr(s, name)) for way, s in scores.items()}
        yield _row(
            f"{case}",
            measure,
            "s" if name == "seconds" else "",
            found,
            {way: s.looked_at for way, s in scores.items()},
            TARGETS[case].get(name),
            note,
        )


def _bytes(chosen: argparse.Namespace) -> Iterator[Row]:
    """Count what is read of a very large plane."""
    n_objects = chosen.objects or N_IN_LARGE_MOVIE
    for chunk in CHUNKS:
        movie = LargeMovie.of(n_objects, chunk)
        shares, looked_at = {}, {}
        for way in chosen.ways:
            share, looked_at[way] = movie.share_read(way, chosen.device)
            shares[way] = 100 * share
        yield _row(
            "bytes",
            f"read per frame, chunks of {chunk}",
            "%",
            shares,
            looked_at,
            MOST_READ if chunk == min(CHUNKS) else None,
            f"of a plane {SIDE} x {SIDE}, {n_objects} objects, tracked frames",
        )


def _speed(chosen: argparse.Namespace) -> Iterator[Row]:
    """Time the first tracked frames with random weights."""
    n_objects = chosen.objects or N_TIMED_OBJECTS
    sizes = {"windows": chosen.window_inputs, "automatic": chosen.window_inputs[:1]}
    sizes["whole-frame"] = [chosen.whole_input]
    with TemporaryDirectory() as folder:
        found = {
            (way, size): seconds_per_frame(
                Path(folder),
                size,
                way,
                n_objects,
                chosen.timed_frames,
                chosen.device,
            )
            for way in chosen.ways
            for size in sizes[way]
        }
    n = chosen.timed_frames
    frames = "frame 1" if n == 1 else f"mean of frames 1 to {n}"
    for size in chosen.window_inputs:
        inputs = {"whole-frame": chosen.whole_input, "windows": size, "automatic": size}
        timed = {way: found[way, n] for way, n in inputs.items() if (way, n) in found}
        yield _row(
            "speed",
            f"windows at input {size}, whole frame at {chosen.whole_input}",
            "s",
            {way: seconds for way, (seconds, _) in timed.items()},
            {way: looked_at for way, (_, looked_at) in timed.items()},
            FASTER,
            f"sam2.1_hiera_t, random weights; {n_objects} discs in 2048 x 2048;"
            f" masks on frame 0, {frames}",
        )


def _row(
    case: str,
    measure: str,
    unit: str,
    found: dict[str, float],
    looked_at: dict[str, str],
    target: Target | None,
    note: str,
) -> Row:
    windows = looked_at.get("windows")
    return Row(
        case,
        measure,
        unit,
        found.get("whole-frame"),
        found.get("windows"),
        found.get("automatic"),
        looked_at.get("automatic", ""),
        target,
        f"{note}; {windows}" if windows else note,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.windows",
        description="Compare windows that follow each object with whole frames.",
    )
    add = parser.add_argument
    add("--only", nargs="+", choices=CASES, default=CASES, metavar="CASE")
    add("--ways", nargs="+", choices=WAYS, default=WAYS, metavar="WAY")
    add("--frames", type=int, help="of each scene, the first ones")
    add("--objects", type=int, help="of each case, the first ones")
    add("--movie", type=Path, help="the real movie")
    add("--labels", type=Path, help="its reference labels")
    add("--pictures", type=Path, help="folder for pictures, side by side")
    add("--device", choices=["cpu", "cuda"], default="cpu")
    add("--threads", type=int, help="of torch")
    add("--timed-frames", type=int, default=2, help="of speed, from frame 1 on")
    add("--whole-input", type=int, default=WHOLE_INPUT, help="of speed, pixels")
    add("--window-inputs", type=int, nargs="+", default=WINDOW_INPUTS)
    chosen = parser.parse_args()
    if (chosen.movie is None) != (chosen.labels is None):
        parser.error("--movie and --labels go together")
    return chosen


if __name__ == "__main__":
    main()
