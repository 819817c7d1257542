"""How far a run is, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

N_RECENT = 12


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


def in_words(seconds: float) -> str:
    """Return a duration such as "40 s", "3 min" or "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
