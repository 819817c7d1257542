"""Written label planes reach the screen, but not so often that they block it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.viewer.axes import current_frame

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_INTERVAL_S = 0.1


class LabelWriter:
    """Refreshes the Labels layer when the frame on screen was written.

    The session writes into the store that the layer shows; frames off screen
    need nothing, since moving the slider reads them again. It does so ten times a
    second at most, and half of the time at most, since napari reads the whole plane.

    Parameters
    ----------
    viewer : ViewerModel
    layer : napari.layers.Labels
    time_axis : int
    refresh : callable
        Has the layer read its plane again.
    clock : callable, optional
        Seconds, for tests.
    """

    def __init__(
        self,
        viewer: Any,
        layer: Any,
        time_axis: int,
        refresh: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.viewer = viewer
        self.layer = layer
        self.time_axis = time_axis
        self._refresh = refresh
        self._clock = clock
        self._next = float("-inf")
        self._waiting = False

    def on_written(self, frame: int) -> None:
        """Take note that the plane of `frame` was written."""
        self._waiting |= self._is_on_screen(frame)
        if self._clock() >= self._next:
            self.flush()

    def flush(self) -> None:
        """Refresh now if anything on screen was written since the last time."""
        if not self._waiting:
            return
        self._waiting = False
        began = self._clock()
        self._refresh()
        ended = self._clock()
        self._next = ended + max(MIN_INTERVAL_S, ended - began)

    def _is_on_screen(self, frame: int) -> bool:
        offset = self.viewer.dims.ndim - self.layer.ndim
        if offset < 0 or offset + self.time_axis in self.viewer.dims.displayed:
            return True
        return current_frame(self.viewer, self.layer, self.time_axis) == frame
