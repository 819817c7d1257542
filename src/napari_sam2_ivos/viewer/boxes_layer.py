"""A layer with the box around each object on the frame on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.io.boxes import bounding_boxes
from napari_sam2_ivos.viewer.rectangles_layer import RectanglesLayer

if TYPE_CHECKING:
    from napari_sam2_ivos.core.session import Session
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
            lambda frame: boxes_on(controller.session, frame),
            "bounding boxes",
            is_numbered=True,
        )


def boxes_on(session: Session, frame: int) -> dict[int, tuple[int, int, int, int]]:
    """Return the box around each object of a frame, as `io.boxes.bounding_boxes`.

    Of the label plane only those parts are read in which objects can be.
    """
    windows = {i: t.window_on(frame) for i, t in session.tracks.items()}
    track_ids = list(windows)
    found = {}
    for region, members in session.gather(list(windows.values())):
        top, left = region[0].start, region[1].start
        boxes = bounding_boxes(session.part(frame, *region))
        for track_id in (track_ids[i] for i in members):
            if track_id in boxes:
                y0, x0, y1, x1 = boxes[track_id]
                found[track_id] = y0 + top, x0 + left, y1 + top, x1 + left
    return dict(sorted(found.items()))
