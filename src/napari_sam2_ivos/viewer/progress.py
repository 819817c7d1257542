"""How far a run is, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

N_RECENT = 12

N_MEASURED = 60
"""Steps that an estimate is made from."""

MIN_MEASURED = 3
"""With fewer steps nobody can know: the first may have waited for the model."""

OBJECTS_LIKE_A_FRAME = 2.0
"""How many objects take as long as the frame itself, until it was measured."""

TRUST = 5.0
"""How much the number of objects must have varied for that to be measured."""


@dataclass(frozen=True)
class Progress:
    """State of a run.

    Attributes
    ----------
    done, total : int
        Frames; `total` can change when prompts are edited meanwhile.
    frame : int or None
        The frame computed last.
    fps : float or None
        Frames per second of late; None until two are done.
    """

    done: int
    total: int
    frame: int | None = None
    fps: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Expected time to the end; None if nobody can know yet."""
        return (self.total - self.done) / self.fps if self.fps else None

    def __str__(self) -> str:
        """Return it in words, for a progress bar."""
        parts = [f"{self.done} of {self.total} frames"]
        if self.fps is not None:
            parts.append(f"{self.fps:.1f} frames/s")
        if self.seconds_left is not None:
            parts.append(f"{in_words(self.seconds_left)} left")
        return "  ·  ".join(parts)


class Meter:
    """Measures a run; pauses for previews do not count.

    Parameters
    ----------
    clock : callable, optional
        Seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=N_RECENT)
        self.done = 0
        self.total = 0
        self._frame: int | None = None

    def start(self, n_steps: int) -> None:
        """Take up work again, with `n_steps` frames still to do."""
        self._times.clear()
        self.total = self.done + n_steps

    def count(self, frame: int) -> Progress:
        """Note that a frame was done."""
        self.done += 1
        self.total = max(self.total, self.done)
        self._frame = frame
        self._times.append(self._clock())
        return self.progress

    @property
    def progress(self) -> Progress:
        """How far it is."""
        fps = None
        if len(self._times) > 1 and self._times[-1] > self._times[0]:
            fps = (len(self._times) - 1) / (self._times[-1] - self._times[0])
        return Progress(self.done, self.total, self._frame, fps)


class Speed:
    """What a frame costs, and each object on it, as it was measured lately.

    Parameters
    ----------
    clock : callable, optional
        Seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._measured: deque[tuple[int, float]] = deque(maxlen=N_MEASURED)
        self._last = 0.0

    def start(self) -> None:
        """Note that the next step begins."""
        self._last = self._clock()

    def note(self, n_objects: int) -> None:
        """Note that a step with so many objects was done, and the next begins."""
        now = self._clock()
        if n_objects:  # nothing was computed on others
            self._measured.append((n_objects, now - self._last))
        self._last = now

    def seconds(self, n_steps: int, n_cells: int) -> float | None:
        """Return how long steps with so many objects in all take; None if unknown.

        A straight line through the medians for each number of objects. As long as
        that number has hardly varied, its slope is what is usual.
        """
        if len(self._measured) < MIN_MEASURED:
            return None
        groups: defaultdict[int, list[float]] = defaultdict(list)
        for n, seconds in self._measured:
            groups[n].append(seconds)
        points = [(n, median(all_), len(all_)) for n, all_ in groups.items()]
        total = len(self._measured)
        n_mean = sum(weight * n for n, _, weight in points) / total
        s_mean = sum(weight * s for _, s, weight in points) / total
        spread = sum(w * (n - n_mean) ** 2 for n, _, w in points)
        slope = sum(w * (n - n_mean) * (s - s_mean) for n, s, w in points)
        usual = s_mean / (OBJECTS_LIKE_A_FRAME + n_mean)
        per_cell = (slope + TRUST * usual) / (spread + TRUST)
        per_cell = min(max(per_cell, 0.0), s_mean / n_mean)
        return (s_mean - per_cell * n_mean) * n_steps + per_cell * n_cells


def in_words(seconds: float) -> str:
    """Return a duration such as "40 s", "3 min" or "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
