"""A viewer with a movie of square cells, and runners that a test can step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.axes import choose_time_axis
from napari_sam2_ivos.viewer.controller import Controller
from napari_sam2_ivos.viewer.jobs import SynchronousRunner
from napari_sam2_ivos.viewer.movies import held_positions, movie_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult, ObjectMask
    from napari_sam2_ivos.viewer.jobs import Job

A = (15, 15)
B = (45, 55)
"""Centres of two cells on frame 0, (y, x)."""


def cells(n_frames: int = 6) -> np.ndarray:
    """Return (T, 60, 80) uint16: two bright squares that drift apart slowly."""
    movie = np.zeros((n_frames, 60, 80), np.uint16)
    for t in range(n_frames):
        movie[t, 10 + t : 20 + t, 10:20] = 1000
        movie[t, 40:50, 50 - t : 60 - t] = 900
    return movie


def annotate(
    viewer: Any,
    image: Any,
    runner: Any = None,
    factory: Callable[..., Any] = FakeSegmenter,
    time_axis: int | None = None,
) -> Controller:
    """Return a controller that computes at once, with its messages in lists."""
    axis = choose_time_axis(image) if time_axis is None else time_axis
    movie = movie_of(image, axis, held_positions(viewer, image, axis))
    store = np.zeros(movie.shape, np.uint16)
    made = Controller(
        viewer, image, movie, store, factory, runner or SynchronousRunner()
    )
    made.spare.rest_s = 0.0
    made.messages = []  # type: ignore[attr-defined]
    made.errors = []  # type: ignore[attr-defined]
    made.said.connect(made.messages.append)  # type: ignore[attr-defined]
    made.failed.connect(made.errors.append)  # type: ignore[attr-defined]
    return made


def ids(plane: np.ndarray) -> list[int]:
    """Return the labels in a plane."""
    return [int(i) for i in np.unique(plane) if i]


class LookingSegmenter(FakeSegmenter):
    """Says that it looked at each object through a window, as a model does."""

    view = IntensityMapping(0, 1000), 64
    window_size = 48

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Compute a plan; every mask comes with its `window`."""
        for result in super().run(plan, should_stop):
            masks = (replace(mask, view=self.window(mask)) for mask in result)
            yield replace(result, objects=tuple(masks))

    def window(self, mask: ObjectMask) -> View:
        """Return 30 x 30 pixels with the object in the middle, inside the plane."""
        height, width = self.movie.plane_shape
        top, left = mask.top - 10, mask.left - 10
        return View(
            max(0, min(top, height - 30)), max(0, min(left, width - 30)), 30, 30
        )


class SteppedRunner:
    """Runs a job one result at a time, as a thread would, when the test says so."""

    has_spare_time = True

    def __init__(self) -> None:
        self.started: list[Job] = []
        self._results: Iterator[FrameResult] | None = None

    def start(
        self,
        job: Job,
        on_result: Callable[[FrameResult], None],
        on_end: Callable[[IvosError | None], None],
    ) -> None:
        """Begin, computing nothing yet."""
        self.started.append(job)
        self._results = job.results()
        self._on_result, self._on_end = on_result, on_end

    def step(self) -> bool:
        """Compute one frame or end; False if nothing runs."""
        results, self._results = self._results, None
        if results is None:
            return False
        try:
            result = next(results)
        except StopIteration:
            self._on_end(None)
        except IvosError as error:
            self._on_end(error)
        else:
            self._results = results
            self._on_result(result)
        return True

    def finish(self) -> None:
        """Step until nothing runs."""
        while self.step():
            pass
