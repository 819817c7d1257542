"""A layer with a rectangle for each object on the frame on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes
from psygnal import Signal

from napari_sam2_ivos.viewer.axes import unit_factors
from napari_sam2_ivos.viewer.layers import PLACING, TRACK_ID, label_placement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.viewer.controller import Controller

    Rectangle = tuple[float, float, float, float]

THINNEST = 1.2
"""Width of a line on screen at least, pixels; at most it is twice as wide."""

_MARK = "rectangles of objects"


def is_rectangles_layer(layer: Any) -> bool:
    """Whether a Shapes layer shows where objects are, so that it holds no prompts."""
    return bool(layer.metadata.get(_MARK))


class RectanglesLayer:
    """Shows rectangles in the colours of objects; follows frame, masks and colours.

    Parameters
    ----------
    controller : Controller
    find : callable, (int) -> mapping of int to (float, float, float, float)
        Returns the rectangles of a frame by track ID, ``(y0, x0, y1, x1)`` in pixels
        of the movie, ends not included. Hidden objects are left out later.
    title : str
        What the layer is called, after the name of the image.
    is_numbered : bool
        Whether each rectangle carries its track ID.
    """

    toggled = Signal(bool)
    """Emitted when it was turned on or off, also by deleting the layer."""

    def __init__(
        self,
        controller: Controller,
        find: Callable[[int], Mapping[int, Rectangle]],
        title: str,
        *,
        is_numbered: bool,
    ) -> None:
        self.controller = controller
        self.layer: Shapes | None = None
        self._find = find
        self._title = title
        self._is_numbered = is_numbered
        self._shown: dict[int, tuple[Any, ...]] = {}
        self._shown_width = 0.0
        c = controller
        c.changed.connect(self.refresh)
        c.session.labels_changed.connect(self._on_written)
        c.schedule.applied.connect(self._on_applied)
        c.viewer.dims.events.current_step.connect(self.refresh)
        c.viewer.scene.camera.events.zoom.connect(self._on_zoom)
        c.viewer.layers.events.removed.connect(self._on_removed)
        for name in PLACING:
            getattr(c.image.events, name).connect(self._on_image_moved)

    @property
    def line_width(self) -> float:
        """Width of the lines, pixels of the movie.

        It follows the zoom, in steps, since napari leaves out parts of lines that are
        thinner than a pixel of the screen, and thick ones hide small objects.
        """
        c = self.controller
        size = abs(c.image.scale[-1])
        units = c.viewer.dims.units
        if units is not None:
            size *= unit_factors(c.image.units, units[-c.image.ndim :])[-1]
        wanted = THINNEST / (size * c.viewer.scene.camera.zoom)
        return float(2 ** np.ceil(np.log2(wanted)))

    def toggle(self, on: bool) -> None:
        """Show the layer or take it away."""
        if on == (self.layer is not None):
            return
        if on:
            self._add()
        else:
            layer, self.layer = self.layer, None
            self.controller.viewer.layers.remove(layer)
        self.toggled.emit(on)

    def close(self) -> None:
        """Take it away and follow nothing any more."""
        self.toggle(False)
        c = self.controller
        c.changed.disconnect(self.refresh)
        c.session.labels_changed.disconnect(self._on_written)
        c.schedule.applied.disconnect(self._on_applied)
        c.viewer.dims.events.current_step.disconnect(self.refresh)
        c.viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
        c.viewer.layers.events.removed.disconnect(self._on_removed)
        for name in PLACING:
            getattr(c.image.events, name).disconnect(self._on_image_moved)

    def refresh(self, event: Any = None) -> None:
        """Draw the rectangles of the frame on screen, if they are not drawn already."""
        c, layer = self.controller, self.layer
        if layer is None or c.is_image_missing:
            return
        frame = c.frame
        rows = {}
        if 0 <= frame < c.movie.n_frames:
            rows = {
                i: (frame, *rectangle, *map(float, c.layers.color_of(i)))
                for i, rectangle in self._find(frame).items()
                if i not in c.editing.hidden
            }
        width = self.line_width
        if (rows, width) == (self._shown, self._shown_width):
            return
        self._shown, self._shown_width = rows, width
        layer.data = []
        if not rows:
            return
        values = np.array(list(rows.values()))
        colours = values[:, 5:]
        layer.add_rectangles(
            [self._corners(row) for row in values],
            edge_color=colours,
            face_color="transparent",
            edge_width=width,
        )
        if self._is_numbered:
            layer.text = {
                "string": [str(track_id) for track_id in rows],
                "color": colours,
                "anchor": "upper_left",
                "size": 9,
            }
        layer.features = {TRACK_ID: list(rows)}

    def _corners(self, row: np.ndarray) -> np.ndarray:
        """Return corners on the edges of pixels, not in their centres."""
        frame, y0, x0, y1, x1 = row[:5]
        target = self.controller.target
        corners = np.zeros((4, target.image.ndim))
        corners[:, target.time_axis] = frame
        corners[:, -2:] = [(y0, x0), (y0, x1), (y1, x1), (y1, x0)]
        corners[:, -2:] -= 0.5
        return corners

    def _add(self) -> None:
        c = self.controller
        self._shown = {}
        self.layer = Shapes(
            ndim=c.image.ndim,
            name=f"{c.image.name} {self._title}",
            metadata={_MARK: True},
            **label_placement(c.image, c.held),
        )
        layers = c.viewer.layers
        before = set(layers.selection)
        layers.append(self.layer)
        layers.selection = before  # napari selects what is added
        self.refresh()

    def _on_zoom(self, event: Any = None) -> None:
        if self.layer is not None and self.line_width != self._shown_width:
            self.refresh()

    def _on_written(self, frame: int) -> None:
        if frame == self.controller.frame:
            self.refresh()

    def _on_applied(self, result: FrameResult) -> None:
        """Show what is noted of a result, which is after its pixels were written."""
        self._on_written(result.frame)

    def _on_image_moved(self, event: Any = None) -> None:
        if self.layer is not None:
            place = label_placement(self.controller.image, self.controller.held)
            for name, value in place.items():
                setattr(self.layer, name, value)
            self.refresh()

    def _on_removed(self, event: Any) -> None:
        if event.value == self.layer:
            self.layer = None
            self.toggled.emit(False)
        elif event.value == self.controller.image:
            self.toggle(False)
