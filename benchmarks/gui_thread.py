"""How long the thread of the window is blocked while 20 objects are tracked.

A synthetic movie of 1024 x 1024 pixels in the real window with the real panel. A Qt
timer of 5 ms notes when it is late. Needs a display (or xvfb-run)::

    xvfb-run -a python benchmarks/gui_thread.py
    xvfb-run -a python benchmarks/gui_thread.py --fake

With ``--fake`` no model runs beside it: what is left is what the window does itself.
Every wait has a blame: what the window's thread worked on, as far as it is one of
`WATCHED`, and how long it had the processor at all. The rest of the time it waited, for
the processor or for Python's lock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from functools import wraps
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import napari
import numpy as np
import torch
from qtpy.QtCore import QEventLoop, QTimer

from napari_sam2_ivos.core.history import History
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.testing.movies import SyntheticMovie, synthetic_movie
from napari_sam2_ivos.testing.population import Habits
from napari_sam2_ivos.testing.sample_job import one_prompt_each
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.label_writer import LabelWriter
from napari_sam2_ivos.viewer.requests import TrackRequest
from napari_sam2_ivos.viewer.schedule import Schedule
from napari_sam2_ivos.widgets.dock import IvosDock
from napari_sam2_ivos.widgets.model_choice import segmenter_factory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESULTS = Path(__file__).parent / "results" / "gui_thread.json"
N_FRAMES = 30
N_OBJECTS = 20
SIDE = 1024
TICK_MS = 5
STEP_MS = 250
LIMIT_MS = 50
"""The window's thread may not be blocked for longer."""

WATCHED = {
    "Schedule._on_result, all that a result brings about": (Schedule, "_on_result"),
    "Session.apply": (Session, "apply"),
    "History.note_part": (History, "note_part"),
    "LabelWriter.flush": (LabelWriter, "flush"),
    "IvosDock.refresh": (IvosDock, "refresh"),
    "IvosDock._refresh_rows": (IvosDock, "_refresh_rows"),
}
"""What may be to blame, beside drawing the canvas; one may be inside another."""


@dataclass(frozen=True)
class Tick:
    """A tick of the timer: when, and processor time of its thread; seconds."""

    at: float
    cpu: float


class Watch:
    """Notes when the window's thread worked on what is watched.

    Parameters
    ----------
    canvas : type
        Class of the canvas's widget.
    """

    def __init__(self, canvas: type) -> None:
        self.calls: list[tuple[str, float, float, float]] = []
        self._patches = ExitStack()
        watched = WATCHED | {"drawing the canvas": (canvas, "paintGL")}
        for name, (owner, method) in watched.items():
            timed = self._timed(name, getattr(owner, method))
            self._patches.enter_context(patch.object(owner, method, timed))

    def close(self) -> None:
        """Watch no more."""
        self._patches.close()

    def _timed(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(act)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start, cpu = time.perf_counter(), time.thread_time()
            try:
                return act(*args, **kwargs)
            finally:
                if threading.current_thread() is threading.main_thread():
                    worked = time.thread_time() - cpu
                    self.calls.append((name, start, time.perf_counter(), worked))

        return timed

    def within(self, start: float, stop: float) -> Counter[str]:
        """Return how long each was worked on between two times, seconds."""
        spent: Counter[str] = Counter()
        for name, began, ended, _ in self.calls:
            shared = min(ended, stop) - max(began, start)
            if shared > 0:
                spent[name] += shared
        return spent

    def most(self) -> dict[str, dict[str, float]]:
        """Return the most that a call of each has taken, in ms."""
        found: dict[str, dict[str, float]] = {}
        for name, began, ended, worked in sorted(self.calls):
            most = found.setdefault(name, {"passed": 0.0, "had the processor": 0.0})
            for key, seconds in zip(most, (ended - began, worked), strict=True):
                most[key] = max(most[key], round(1000 * seconds, 1))
        return found


def movie() -> SyntheticMovie:
    """Make a movie of cells that neither divide nor come."""
    return synthetic_movie(
        "nuclei",
        n_frames=N_FRAMES,
        shape=(SIDE, SIDE),
        n_objects=N_OBJECTS,
        seed=1,
        habits=Habits(radius=40.0, p_division=0.0, p_birth=0.0),
    )


def ticks_while(is_running: Callable[[], bool]) -> list[Tick]:
    """Run the window's event loop, and note when the timer ticks."""
    ticks: list[Tick] = []
    loop, timer = QEventLoop(), QTimer()

    def tick() -> None:
        ticks.append(Tick(time.perf_counter(), time.thread_time()))
        if not is_running():
            loop.quit()

    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    loop.exec()  # not QTest.qWait, which sleeps for 10 ms in between
    timer.stop()
    return ticks


def for_seconds(seconds: float) -> Callable[[], bool]:
    """Return whether so much time has not passed yet, from now on."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end


def figures(ticks: list[Tick]) -> dict[str, Any]:
    """Return what the gaps between ticks are."""
    gaps = 1000 * np.diff([tick.at for tick in ticks])
    return {
        "gaps": len(gaps),
        "median, ms": round(float(np.median(gaps)), 1),
        "99th percentile, ms": round(float(np.percentile(gaps, 99)), 1),
        "longest, ms": round(float(gaps.max()), 1),
        f"longer than {LIMIT_MS} ms": int((gaps > LIMIT_MS).sum()),
    }


def blame(ticks: list[Tick], watch: Watch, n: int = 5) -> Iterator[dict[str, Any]]:
    """Yield of the longest gaps what happened in them, all in ms."""
    pairs = sorted(pairwise(ticks), key=lambda pair: pair[0].at - pair[1].at)
    for before, after in pairs[:n]:
        spent = watch.within(before.at, after.at)
        yield {
            "gap": round(1000 * (after.at - before.at), 1),
            "had the processor": round(1000 * (after.cpu - before.cpu), 1),
            **{name: round(1000 * s, 1) for name, s in spent.most_common()},
        }


def measure(sample: SyntheticMovie, *, fake: bool, follow: bool) -> dict[str, Any]:
    """Track everything once in a new window.

    Parameters
    ----------
    sample : SyntheticMovie
    fake : bool
        Follow bright blobs instead of running the bundled model.
    follow : bool
        Show each frame as it is computed.
    """

    def loader(choice: Any, contrast: Any) -> Any:
        if fake:
            return FakeSegmenter
        return segmenter_factory(replace(choice, model="bundled"), contrast)

    viewer = napari.Viewer()
    watch = Watch(type(viewer.window._qt_viewer.canvas.native))
    viewer.window.resize(1400, 900)
    viewer.add_image(sample.movie, name="cells")
    viewer.dims.set_point(0, 0)
    dock = IvosDock(viewer, loader)
    viewer.window.add_dock_widget(dock, name="Segment and track", area="right")
    dock.tracking.follow.setChecked(follow)
    controller: Any = dock.ensure_controller()
    schedule = controller.schedule
    prompts = one_prompt_each(sample.labels[0])
    for track_id, by_frame in prompts.items():
        controller.session.set_prompts(track_id, 0, by_frame[0])
    controller.show_prompts()
    ticks_while(lambda: schedule.is_busy)
    schedule.cancel()  # nothing in spare time, so that every frame is encoded later
    stepping = QTimer()
    stepping.timeout.connect(
        lambda: controller.go_to((controller.frame + 1) % N_FRAMES)
    )
    if follow:
        stepping.start(STEP_MS)
    idle = ticks_while(for_seconds(5))
    stepping.stop()
    watch.calls.clear()
    start = time.perf_counter()
    controller.track(TrackRequest("both"))
    ticks = ticks_while(lambda: schedule.is_busy)
    seconds = time.perf_counter() - start
    watch.close()
    viewer.close()
    return {
        "objects": len(prompts),
        "frames/s": round((N_FRAMES - 1) / seconds, 2),
        **figures(ticks),
        f"while nothing ran{', stepping through frames' * follow}": figures(idle),
        "most that a call has taken, ms": watch.most(),
        "longest gaps, ms": list(blame(ticks, watch)),
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fake", action="store_true", help="without a model")
    fake = parser.parse_args().fake
    report = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    load_before = os.getloadavg()[0]
    sample = movie()
    rows = {}
    with TemporaryDirectory() as folder:
        os.environ["NAPARI_SAM2_IVOS_FEATURES"] = folder
        for follow in (False, True):
            name = "following each frame" if follow else "looking at the first frame"
            rows[name] = measure(sample, fake=fake, follow=follow)
    report["fake segmenter" if fake else "bundled model"] = {
        "movie": f"synthetic nuclei, {N_FRAMES} x {SIDE} x {SIDE}",
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "load of the machine before and after": [
            round(load_before, 1),
            round(os.getloadavg()[0], 1),
        ],
        "torch": torch.__version__,
        "threads of torch": torch.get_num_threads(),
        "results": rows,
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
