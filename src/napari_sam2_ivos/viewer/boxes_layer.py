"""A layer with the box around each object on the frame on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes
from psygnal import Signal

from napari_sam2_ivos.io.boxes import bounding_boxes
from napari_sam2_ivos.viewer.layers import (
    PLACING,
    TRACK_ID,
    label_placement,
    plane_size,
)

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller

_MARK = "bounding boxes of objects"


def is_boxes_layer(layer: Any) -> bool:
    """Whether a Shapes layer shows bounding boxes, so that it holds no prompts."""
    return bool(layer.metadata.get(_MARK))


class BoxesLayer:
    """Shows bounding boxes with track IDs; follows frame, masks and colours.

    Parameters
    ----------
    controller : Controller
    """

    toggled = Signal(bool)
    """Emitted when it was turned on or off, also by deleting the layer."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.layer: Shapes | None = None
        self._shown: dict[int, tuple[Any, ...]] = {}
        c = controller
        c.changed.connect(self.refresh)
        c.session.labels_changed.connect(self._on_written)
        c.viewer.dims.events.current_step.connect(self.refresh)
        c.viewer.layers.events.removed.connect(self._on_removed)
        for name in PLACING:
            getattr(c.image.events, name).connect(self._on_image_moved)

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
        c.viewer.dims.events.current_step.disconnect(self.refresh)
        c.viewer.layers.events.removed.disconnect(self._on_removed)
        for name in PLACING:
            getattr(c.image.events, name).disconnect(self._on_image_moved)

    def refresh(self, event: Any = None) -> None:
        """Draw the boxes of the frame on screen, if they are not drawn already."""
        c, layer = self.controller, self.layer
        if layer is None or c.is_image_missing:
            return
        frame = c.frame
        boxes = {}
        if 0 <= frame < c.movie.n_frames:
            found = bounding_boxes(c.session.plane(frame))
            boxes = {
                i: (frame, *box, *map(float, c.layers.color_of(i)))
                for i, box in found.items()
                if i not in c.editing.hidden
            }
        if boxes == self._shown:
            return
        self._shown = boxes
        layer.data = []
        if not boxes:
            return
        values = np.array(list(boxes.values()))
        colours = values[:, 5:]
        layer.add_rectangles(
            [self._corners(row) for row in values],
            edge_color=colours,
            face_color="transparent",
            edge_width=max(1.0, plane_size(c.image) / 400),
        )
        layer.text = {
            "string": [str(track_id) for track_id in boxes],
            "color": colours,
            "anchor": "upper_left",
            "size": 9,
        }
        layer.features = {TRACK_ID: list(boxes)}

    def _corners(self, row: np.ndarray) -> np.ndarray:
        """Return a box as corners on the edges of pixels, not in their centres."""
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
            name=f"{c.image.name} bounding boxes",
            metadata={_MARK: True},
            **label_placement(c.image, c.held),
        )
        layers = c.viewer.layers
        before = set(layers.selection)
        layers.append(self.layer)
        layers.selection = before  # napari selects what is added
        self.refresh()

    def _on_written(self, frame: int) -> None:
        if frame == self.controller.frame:
            self.refresh()

    def _on_image_moved(self, event: Any = None) -> None:
        if self.layer is not None:
            place = label_placement(self.controller.image, self.controller.held)
            for name, value in place.items():
                setattr(self.layer, name, value)

    def _on_removed(self, event: Any) -> None:
        if event.value == self.layer:
            self.layer = None
            self.toggled.emit(False)
        elif event.value == self.controller.image:
            self.toggle(False)
