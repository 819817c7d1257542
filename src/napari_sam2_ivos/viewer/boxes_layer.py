"""A layer with the box around each object on the frame on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from napari_sam2_ivos.io.boxes import bounding_boxes
from napari_sam2_ivos.viewer.rectangles_layer import RectanglesLayer

if TYPE_CHECKING:
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.controller import Controller


Box: TypeAlias = "tuple[int, int, int, int]"
"""``(y0, x0, y1, x1)`` in pixels of the movie, ends not included."""


class BoxesLayer(RectanglesLayer):
    """Shows bounding boxes with track IDs.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._known: tuple[Any, dict[int, Box]] | None = None
        # Before the rectangles look, which they do at every change of anything.
        controller.session.labels_changed.connect(self._forget)
        super().__init__(controller, self._boxes, "bounding boxes", is_numbered=True)

    def close(self) -> None:
        """Take it away and follow nothing any more."""
        super().close()
        self.controller.session.labels_changed.disconnect(self._forget)

    def _forget(self) -> None:
        self._known = None

    def _boxes(self, frame: int) -> dict[int, Box]:
        session = self.controller.session
        tracks = session.tracks.values()
        state = frame, [(t.track_id, t.version, t.revision) for t in tracks]
        if self._known is None or self._known[0] != state:
            self._known = state, boxes_on(session, frame)
        return self._known[1]


def boxes_on(session: Session, frame: int) -> dict[int, Box]:
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
