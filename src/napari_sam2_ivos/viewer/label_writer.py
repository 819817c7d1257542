"""Written label planes reach the screen, at most ten times a second."""

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
    need nothing, since moving the slider reads them again.

    Parameters
    ----------
    viewer : ViewerModel
    layer : napari.layers.Labels
    time_axis : int
    clock : callable, optional
        Seconds, for tests.
    """

    def __init__(
        self,
        viewer: Any,
        layer: Any,
        time_axis: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.viewer = viewer
        self.layer = layer
        self.time_axis = time_axis
        self._clock = clock
        self._last = -MIN_INTERVAL_S
        self._waiting = False

    def on_written(self, frame: int) -> None:
        """Take note that the plane of `frame` was written."""
        if self._is_on_screen(frame):
            self._waiting = True
            if self._clock() - self._last >= MIN_INTERVAL_S:
                self.flush()

    def flush(self) -> None:
        """Refresh now if anything on screen was written since the last time."""
        if not self._waiting:
            return
        self._waiting = False
        self._last = self._clock()
        self.layer.refresh(extent=False, thumbnail=False, highlight=False)

    def _is_on_screen(self, frame: int) -> bool:
        offset = self.viewer.dims.ndim - self.layer.ndim
        if offset < 0 or offset + self.time_axis in self.viewer.dims.displayed:
            return True
        return current_frame(self.viewer, self.layer, self.time_axis) == frame
