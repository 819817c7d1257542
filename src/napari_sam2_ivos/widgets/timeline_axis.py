"""Where frames lie on a line of pixels: all of them, or some that are zoomed in on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST = 8
"""Frames that can be zoomed in on."""
TICK_PX = 56
"""Labels of frames are at least this far apart."""


@dataclass
class Axis:
    """The frames of a movie from left to right.

    Attributes
    ----------
    n_frames : int
    width : int
        Pixels.
    first, shown : float
        The frame at the left edge, and how many there are up to the right edge.
    """

    n_frames: int = 1
    width: int = 1
    first: float = 0.0
    shown: float = 1.0

    def resize(self, n_frames: int, width: int) -> None:
        """Take another movie or another width; what was seen whole still is."""
        was_whole = self.is_whole or n_frames != self.n_frames
        self.n_frames, self.width = max(1, n_frames), max(1, width)
        if was_whole:
            self.show_all()

    @property
    def is_whole(self) -> bool:
        """Whether all frames are shown."""
        return self.shown >= self.n_frames

    @property
    def stop(self) -> int:
        """The frame after the last one that is in sight."""
        return min(self.n_frames, int(np.ceil(self.first + self.shown - 1e-9)))

    @property
    def px_per_frame(self) -> float:
        """How wide a frame is."""
        return self.width / self.shown

    def show_all(self) -> None:
        """Show all frames."""
        self.first, self.shown = 0.0, float(self.n_frames)

    def show_from(self, first: float) -> None:
        """Have another frame at the left edge."""
        self.first = float(np.clip(first, 0, self.n_frames - self.shown))

    def zoom(self, factor: float, x: float) -> None:
        """Show fewer frames, or more; what is at `x` stays there."""
        frame = self.first + x / self.px_per_frame
        fewest = min(FEWEST, self.n_frames)
        self.shown = float(np.clip(self.shown / factor, fewest, self.n_frames))
        self.show_from(frame - x / self.px_per_frame)

    def x_of(self, frame: float) -> float:
        """Return where a frame begins; its middle is half a frame later."""
        return (frame - self.first) * self.px_per_frame

    def frame_at(self, x: float) -> int:
        """Return the frame at a pixel, or the nearest one."""
        frame = int(np.floor(self.first + x / self.px_per_frame))
        return min(max(frame, 0), self.n_frames - 1)

    def columns(self) -> npt.NDArray[np.intp]:
        """Return the first frame of each column of pixels, ``(width,)``.

        Where there are more frames than pixels, a column has all from its first up
        to that of the next column.
        """
        edges = self.first + np.arange(self.width) / self.px_per_frame
        return np.minimum(edges + 1e-9, self.n_frames - 1).astype(np.intp)

    def frames_at(self, x: float) -> range:
        """Return the frames that share the column of pixels at `x`."""
        first = self.frame_at(np.floor(x))
        return range(first, max(first + 1, self.frame_at(np.floor(x) + 1)))

    def ticks(self) -> range:
        """Return the frames to label: every 1, 2 or 5, or ten times as many, ..."""
        least = TICK_PX / self.px_per_frame
        power = 1
        while 10 * power < least:
            power *= 10
        step = next(power * n for n in (1, 2, 5, 10) if power * n >= least)
        begin = int(np.ceil(self.first / step)) * step
        return range(begin, min(self.n_frames, int(self.first + self.shown) + 1), step)
