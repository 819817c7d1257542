"""A layer with the box around each object on the frame on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.boxes import bounding_boxes
from napari_sam2_ivos.viewer.rectangles_layer import RectanglesLayer

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller


class BoxesLayer(RectanglesLayer):
    """Shows bounding boxes with track IDs.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__(
            controller,
            lambda frame: bounding_boxes(controller.session.plane(frame)),
            "bounding boxes",
            is_numbered=True,
        )
