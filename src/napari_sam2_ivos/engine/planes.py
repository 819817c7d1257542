"""Pixels of a movie for the model: by plane, or by window where planes are large."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.views import View

LARGE = 1 << 24
"""Pixels of a plane, 4096 x 4096, from which on only what is looked at is read. Smaller
ones are read at once: most files can give no less than a plane."""


def are_large(plane_shape: tuple[int, int]) -> bool:
    """Whether planes ``(Y, X)`` are read by window, whole ones only if asked for."""
    return plane_shape[0] * plane_shape[1] > LARGE


class Planes:
    """Reads what a model looks at.

    Parameters
    ----------
    movie : Movie
    """

    def __init__(self, movie: Movie) -> None:
        self._movie = movie
        self._are_large = are_large(movie.plane_shape)
        self._reader = ThreadPoolExecutor(1, "ivos-read")
        self._coming: tuple[int, Future[np.ndarray]] | None = None
        self._plane: tuple[int, np.ndarray] | None = None

    def seen(self, frame: int, view: View) -> np.ndarray:
        """Return the part of a frame in a view, ``(h, w)`` or ``(h, w, 3)``."""
        if self._are_large:
            return self._movie.part(frame, view.rows, view.columns)
        if self._plane is None or self._plane[0] != frame:
            coming, self._coming = self._coming, None
            if coming is not None and coming[0] == frame:
                self._plane = frame, coming[1].result()
            else:
                self._plane = frame, self._movie.plane(frame)
        return self._plane[1][view.rows, view.columns]

    def expect(self, frame: int) -> None:
        """Begin to read a frame that will be needed next, on another thread.

        Only to read: two threads that compute would stand in each other's way.
        """
        is_here = self._plane is not None and self._plane[0] == frame
        is_coming = self._coming is not None and self._coming[0] == frame
        if not (self._are_large or is_here or is_coming):
            self._coming = frame, self._reader.submit(self._movie.plane, frame)

    def clear(self) -> None:
        """Let go of what was read."""
        self._plane = self._coming = None
