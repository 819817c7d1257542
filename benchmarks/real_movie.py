"""A real movie from first-frame masks and from clicks: in the window and headless.

Measures the mean IoU with reference labels, frames per second, the longest
waits of the window's thread while it tracks, and whether both give the same
labels. Needs a display (or xvfb-run)::

    xvfb-run -a python benchmarks/real_movie.py MOVIE.tif REFERENCE.tif
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from qtpy.QtCore import QTimer
from qtpy.QtTest import QTest

from napari_sam2_ivos.api import open_movie, open_session
from napari_sam2_ivos.cli.demo import mean_iou
from napari_sam2_ivos.core.prompts import FramePrompts, Mask
from napari_sam2_ivos.io.labels import read_labels
from napari_sam2_ivos.testing.sample_job import one_prompt_each
from napari_sam2_ivos.viewer.requests import TrackRequest
from napari_sam2_ivos.widgets.demo import show

if TYPE_CHECKING:
    from napari_sam2_ivos.core.movie import Movie

RESULTS = Path(__file__).parent / "results" / "real_movie.json"
SCORED = slice(1, 10)
"""Frames that the mean IoU is over, the prompted one not counted."""

Prompts = dict[int, dict[int, FramePrompts]]


def masks_of(plane: np.ndarray) -> Prompts:
    """Return every object of a ``(Y, X)`` label plane as a mask prompt."""
    ids = (int(i) for i in np.unique(plane) if i)
    return {i: {0: FramePrompts(mask=Mask.from_plane(plane == i))} for i in ids}


def headless(movie: Movie, prompts: Prompts) -> tuple[np.ndarray, float]:
    """Return the labels and the seconds of tracking."""
    session = open_session(movie)
    for track_id, by_frame in prompts.items():
        for frame, given in by_frame.items():
            session.set_prompts(track_id, frame, given)
    session.preview(0)
    start = time.perf_counter()
    for _ in session.propagate():
        pass
    return np.asarray(session.labels), time.perf_counter() - start


def in_window(movie: Movie, prompts: Prompts) -> tuple[np.ndarray, float, float]:
    """Return labels, seconds of tracking, and the longest wait of the window."""
    viewer, dock = show(movie, prompts, block=False)
    controller: Any = dock.controller

    def wait() -> None:
        while controller.schedule.is_busy:
            QTest.qWait(10)

    wait()
    ticks: list[float] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(1)
    start = time.perf_counter()
    controller.track(TrackRequest("forward"))
    wait()
    seconds = time.perf_counter() - start
    timer.stop()
    labels = np.array(controller.session.labels)
    viewer.close()
    return labels, seconds, float(np.diff(ticks).max())


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("movie", type=Path)
    parser.add_argument("reference", type=Path)
    arguments = parser.parse_args()
    movie = open_movie(arguments.movie)
    reference = np.asarray(read_labels(arguments.reference))
    rows = {}
    for name, prompts in (
        ("masks", masks_of(reference[0])),
        ("one click each", one_prompt_each(reference[0])),
    ):
        labels, seconds = headless(movie, prompts)
        shown, shown_seconds, longest = in_window(movie, prompts)
        rows[name] = {
            "objects": len(prompts),
            "mean IoU, frames 1 to 9": round(
                mean_iou(labels[SCORED], reference[SCORED], list(prompts)), 3
            ),
            "frames/s headless": round(movie.n_frames / seconds, 2),
            "frames/s in the window": round(movie.n_frames / shown_seconds, 2),
            "longest wait of the window, ms": round(1000 * longest),
            "pixels that differ": int((shown != labels).sum()),
        }
    report = {
        "movie": f"{movie.name}, {' x '.join(map(str, movie.shape))}",
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "torch": torch.__version__,
        "results": rows,
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
