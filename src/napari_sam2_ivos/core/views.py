"""Which part of a frame the model looks at."""

from __future__ import annotations

from typing import Literal, NamedTuple

LookAt = Literal["automatic", "windows", "whole-frame"]
"""What the model looks at: a window around each object, the whole frame, or what suits
the size of each object."""


class View(NamedTuple):
    """The part of a plane that the model looks at, in pixels of the movie.

    The whole plane, or a window: a square around one object, inside the plane. It is
    resized to the model's square input; masks come back on a grid over it.
    """

    top: int
    left: int
    height: int
    width: int

    @classmethod
    def whole(cls, plane_shape: tuple[int, int]) -> View:
        """Return the view of a whole plane ``(Y, X)``."""
        return cls(0, 0, *plane_shape)

    @property
    def rows(self) -> slice:
        """Rows of the plane that are seen."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Columns of the plane that are seen."""
        return slice(self.left, self.left + self.width)

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, ``(y, x)``."""
        return self.top + (self.height - 1) / 2, self.left + (self.width - 1) / 2

    def holds(self, y0: float, x0: float, y1: float, x1: float) -> bool:
        """Whether a box lies inside, up to the edges of its outermost pixels."""
        top, left = self.top - 0.5, self.left - 0.5
        bottom, right = top + self.height, left + self.width
        return top <= y0 and left <= x0 and y1 <= bottom and x1 <= right
