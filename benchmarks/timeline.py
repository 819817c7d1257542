"""What the timeline and the review cost with many objects and frames.

Needs no model and no display; prints milliseconds, the median of some tries::

    QT_QPA_PLATFORM=offscreen python -m benchmarks.timeline
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from napari_sam2_ivos.core.prompts import FramePrompts, Point
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, Track
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.controller import Controller
from napari_sam2_ivos.viewer.jobs import SynchronousRunner
from napari_sam2_ivos.viewer.movies import movie_of
from napari_sam2_ivos.widgets.review_panel import ReviewPanel
from napari_sam2_ivos.widgets.theme import Colours
from napari_sam2_ivos.widgets.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SIZE = 1400, 400
"""Pixels of the timeline."""


def tracked(track_id: int, n_frames: int, rng: np.random.Generator) -> Track:
    """Return an object as after tracking: unsure, touching or lost here and there."""
    track = Track(track_id, n_frames)
    frames = np.arange(n_frames)
    track.state[:] = COMPUTED
    track.predicted_iou[:] = 0.87 + 0.1 * np.sin(frames / 300 + track_id)
    track.predicted_iou[rng.integers(0, n_frames, n_frames // 500)] = 0.4
    track.area[:] = 400 + 20 * np.sin(frames / 50)
    track.centroid[:] = np.cumsum(rng.normal(0, 1, (n_frames, 2)), axis=0)
    for begin in rng.integers(1, n_frames, 3):
        track.area[begin : begin + 3] = 0
        track.centroid[begin : begin + 3] = np.nan
        track.neighbour[begin + 100 : begin + 140] = 1
    for frame in (0, n_frames // 2):
        track.prompts[frame] = FramePrompts(points=(Point(4, 4),))
        track.state[frame] |= ANCHOR
    return track


def milliseconds(act: Callable[[], object], tries: int = 20) -> float:
    """Return the median of the processor time, whatever else the machine does."""
    times = []
    for _ in range(tries):
        start = time.process_time()
        act()
        times.append(time.process_time() - start)
    return 1000 * median(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--frames", type=int, default=5000)
    arguments = parser.parse_args()
    app = QApplication.instance() or QApplication([])
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((arguments.frames, 8, 8), np.uint8))
    movie = movie_of(image, 0, {})
    store = np.zeros(movie.shape, np.uint16)
    c = Controller(viewer, image, movie, store, FakeSegmenter, SynchronousRunner())
    rng = np.random.default_rng(0)
    for track_id in range(1, arguments.objects + 1):
        c.session.put_track(tracked(track_id, arguments.frames, rng))
    timeline, panel = Timeline(), ReviewPanel()
    timeline.resize(*SIZE)
    timeline.show_theme(Colours.of(viewer))
    timeline.show()
    app.processEvents()

    def change(track_ids: Iterable[int]) -> None:
        for track_id in track_ids:
            c.session.tracks[track_id].revision += 1

    def refresh_and_paint() -> None:
        timeline.refresh()
        panel.refresh()
        timeline.viewport().repaint()

    def a_few() -> None:
        change(range(1, 6))
        refresh_and_paint()

    def a_few_elsewhere() -> None:
        change(range(arguments.objects - 4, arguments.objects + 1))
        timeline.refresh()
        panel.refresh()

    def all_of_them() -> None:
        change(c.session.tracks)
        refresh_and_paint()

    def another_frame() -> None:
        c.go_to((c.frame + 7) % arguments.frames)
        timeline.show_frame()
        app.processEvents()

    def other_rows() -> None:
        bar = timeline.verticalScrollBar()
        bar.setValue((bar.value() + 9) % max(1, bar.maximum()))
        timeline.viewport().repaint()

    def show() -> None:
        timeline.show_controller(c)
        panel.show_controller(c)
        timeline.viewport().repaint()

    print(f"{arguments.objects} objects x {arguments.frames} frames, {SIZE} pixels")
    print(f"shown for the first time   {milliseconds(show, 1):7.1f} ms")
    print(f"{panel.n_places} places to look at")
    rows = (
        ("refresh, nothing changed", timeline.refresh),
        ("repaint, nothing changed", timeline.viewport().repaint),
        ("refresh, 5 others changed", a_few_elsewhere),
        ("refresh + paint, 5 changed", a_few),
        ("refresh + paint, all changed", all_of_them),
        ("another frame", another_frame),
        ("other rows", other_rows),
    )
    for name, act in rows:
        print(f"{name:28} {milliseconds(act):7.1f} ms")


if __name__ == "__main__":
    main()
