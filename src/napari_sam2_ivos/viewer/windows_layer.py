"""A layer with the window that the model looked through, for each object."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.viewer.rectangles_layer import RectanglesLayer

if TYPE_CHECKING:
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.viewer.rectangles_layer import Rectangle


class WindowsLayer(RectanglesLayer):
    """Shows windows in thin lines; none for an object seen in the whole frame.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller, self._windows, "windows", is_numbered=False)

    def _windows(self, frame: int) -> dict[int, Rectangle]:
        session, n_drawn = self.controller.session, Counter[View]()
        found: dict[int, Rectangle] = {}
        for track_id in session.tracks:
            window = window_on(session, track_id, frame)
            if window is None:
                continue
            # Objects that share a window are drawn one inside the other.
            inset = min(n_drawn[window] * self.line_width, window.height / 4)
            n_drawn[window] += 1
            found[track_id] = (
                window.top + inset,
                window.left + inset,
                window.top + window.height - inset,
                window.left + window.width - inset,
            )
        return found


def window_on(session: Session, track_id: int, frame: int) -> View | None:
    """Return the window in which the model saw an object on a frame.

    None if it saw the whole frame, or has not looked.
    """
    track = session.tracks.get(track_id)
    if track is None or not 0 <= frame < session.movie.n_frames:
        return None
    view = track.view_on(frame)
    return None if view == View.whole(session.movie.plane_shape) else view
