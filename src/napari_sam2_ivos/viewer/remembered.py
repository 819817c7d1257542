"""The label plane on screen as it was, kept where there is anything in it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.regions import common, is_empty, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_sam2_ivos.core.regions import Window
    from napari_sam2_ivos.core.session import Session

SIDE = 512
"""Rows and columns of a tile."""


class RememberedPlane:
    """A copy of one label plane, in tiles; where no object is there is no tile.

    So remembering a large plane with small objects, and taking note of what was
    written into it, costs as much as the objects do.

    Parameters
    ----------
    session : Session

    Attributes
    ----------
    frame : int
        Which plane it is; -1 for none.
    """

    def __init__(self, session: Session) -> None:
        self.frame = -1
        self._session = session
        self._tiles: dict[tuple[int, int], np.ndarray] = {}

    def look(self, frame: int) -> None:
        """Remember a plane as it is now; nothing if there is no such frame."""
        is_there = 0 <= frame < self._session.movie.n_frames
        self.frame = frame if is_there else -1
        self._tiles.clear()
        if is_there:
            tracks = self._session.tracks.values()
            self.update(track.window_on(frame) for track in tracks)

    def update(self, windows: Iterable[Window]) -> None:
        """Remember parts of the plane as they are now."""
        for at in {at for window in windows for at in self._tiles_of(window)}:
            self._tiles[at] = self._session.part(self.frame, *self._window(at)).copy()

    def part(self, window: Window) -> np.ndarray:
        """Return a part of the plane as it was, ``(h, w)``."""
        rows, columns = window
        size = rows.stop - rows.start, columns.stop - columns.start
        out = np.zeros(size, self._session.labels.dtype)
        for at in self._tiles_of(window):
            if at in self._tiles:
                tile = self._window(at)
                shared = common(window, tile)
                out[within(shared, window)] = self._tiles[at][within(shared, tile)]
        return out

    def changed(self) -> list[Window]:
        """Return where the plane differs from what it was; reads all of it."""
        n_rows, n_columns = self._session.movie.plane_shape
        found = []
        for i in range(-(-n_rows // SIDE)):
            rows, _ = self._window((i, 0))
            band = self._session.part(self.frame, rows, slice(0, n_columns))
            for j in range(-(-n_columns // SIDE)):
                window = self._window((i, j))
                now, before = band[:, window[1]], self._tiles.get((i, j))
                is_same = (
                    not now.any() if before is None else np.array_equal(now, before)
                )
                if not is_same:
                    found.append(window)
        return found

    def _tiles_of(self, window: Window) -> Iterator[tuple[int, int]]:
        """Yield the tiles that a window touches."""
        if not is_empty(window):
            rows, columns = (range(s.start // SIDE, -(-s.stop // SIDE)) for s in window)
            yield from product(rows, columns)

    def _window(self, tile: tuple[int, int]) -> Window:
        """Return where a tile lies."""
        rows, columns = (
            slice(i * SIDE, min((i + 1) * SIDE, n))
            for i, n in zip(tile, self._session.movie.plane_shape, strict=True)
        )
        return rows, columns
