"""How fast the bundled model is: click to mask, and frames per second.

A synthetic movie of 512 x 512 pixels with 10 cells, on the CPU::

    python benchmarks/bundled_speed.py
"""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch

from napari_sam2_ivos.api import open_session
from napari_sam2_ivos.testing.movies import synthetic_movie
from napari_sam2_ivos.testing.population import Habits
from napari_sam2_ivos.testing.simulated_user import first_prompt

RESULTS = Path(__file__).parent / "results" / "bundled_speed.json"
N_FRAMES = 30


def main() -> None:
    """Measure and write the results."""
    sample = synthetic_movie(
        "nuclei",
        n_frames=N_FRAMES,
        shape=(512, 512),
        n_objects=10,
        seed=1,
        habits=Habits(radius=24.0, p_division=0.0, p_birth=0.0),
    )
    open_session(sample.movie[:1], model="bundled", device="cpu").segmenter.close()
    rows = {}
    for n_objects in (1, 10):
        session = open_session(sample.movie, model="bundled", device="cpu")
        for track_id in range(1, n_objects + 1):
            prompt = first_prompt(sample.labels[0] == track_id, "click")
            session.set_prompts(track_id, 0, prompt)
        session.preview(0)
        times = [time.perf_counter()]
        for _ in session.propagate():
            times.append(time.perf_counter())
        seconds = [b - a for a, b in pairwise(times[5:])]
        rows[f"frames/s, {n_objects} objects"] = round(1 / median(seconds), 2)
    fresh, again = [], []
    session = open_session(sample.movie, model="bundled", device="cpu")
    for frame in range(10, 20):
        for clicks in (fresh, again):
            track_id = session.next_track_id
            mask = sample.labels[frame] == 1 + track_id % 10
            start = time.perf_counter()
            session.set_prompts(track_id, frame, first_prompt(mask, "click"))
            session.preview(frame, [track_id])
            clicks.append(time.perf_counter() - start)
    rows["click to mask on a new frame, ms"] = round(1000 * median(fresh))
    rows["click to mask on a frame seen before, ms"] = round(1000 * median(again))
    report = {
        "movie": f"synthetic nuclei, {N_FRAMES} x 512 x 512",
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "results": rows,
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
