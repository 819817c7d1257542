"""The timeline: a row for each object and a column for each frame, to click on."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtWidgets import QToolTip

from napari_sam2_ivos.core.review import LEVELS
from napari_sam2_ivos.widgets.timeline_parts import RULER_PX, Row, legend
from napari_sam2_ivos.widgets.timeline_picture import ROW_PX, worst_of
from napari_sam2_ivos.widgets.timeline_view import TimelineView

HIT_PX = 4
"""A click this near to a mark means the mark."""
DRAG_PX = 3
"""A mouse that moves less has not been dragged."""
ZOOM = 1.25


class Timeline(TimelineView):
    """A click goes to an object and a frame, a drag goes along the frames.

    The wheel scrolls the rows; with Ctrl it shows fewer or more frames, with Shift
    earlier or later ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pressed: QPoint | None = None
        self._is_dragged = False

    def wheelEvent(self, event: Any) -> None:
        """Scroll rows; with Ctrl show fewer or more frames, with Shift other ones."""
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            x = event.position().x() - self._left
            self.axis.zoom(ZOOM ** ((turn.y() or turn.x()) / 120), x)
            self._lay_out()
            self.viewport().update()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.axis.show_from(
                self.axis.first - (turn.y() or turn.x()) / 1200 * self.axis.shown
            )
            self._lay_out()
            self.viewport().update()
        else:
            super().wheelEvent(event)

    def mousePressEvent(self, event: Any) -> None:
        """Choose the object and go to the frame that was clicked on."""
        c, place = self.controller, event.position().toPoint()
        if c is None or not self.rows or event.button() != Qt.MouseButton.LeftButton:
            return
        row, x = self._row_at(place), place.x() - self._left
        if row is not None:
            c.select(row.track_id)
            self.viewport().update()
        if x >= 0:
            self._pressed = place
            self._go_to(
                self.axis.frame_at(x) if row is None else self._meant(row.track_id, x)
            )

    def mouseMoveEvent(self, event: Any) -> None:
        """Go along with the mouse while it is pressed."""
        place = event.position().toPoint()
        if self._pressed is None:
            return
        self._is_dragged |= abs(place.x() - self._pressed.x()) >= DRAG_PX
        if self._is_dragged:
            self._go_to(self.axis.frame_at(place.x() - self._left))

    def mouseReleaseEvent(self, event: Any) -> None:
        """Stay where the mouse was released."""
        self._pressed, self._is_dragged = None, False

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Show all frames again, on the ruler."""
        if event.position().y() < RULER_PX:
            self.axis.show_all()
            self._lay_out()
            self.viewport().update()

    def _go_to(self, frame: int) -> None:
        if self.controller is not None and frame != self.controller.frame:
            self.controller.go_to(frame)
            self.show_frame()

    def viewportEvent(self, event: Any) -> bool:
        """Explain what is under the mouse when it rests."""
        if event.type() != QEvent.Type.ToolTip:
            return bool(super().viewportEvent(event))
        QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self.viewport())
        return True

    def tip_at(self, place: QPoint) -> str:
        """Return what a place in the timeline shows, in words."""
        c, row, x = self.controller, self._row_at(place), place.x() - self._left
        if c is None or not self.rows or self._ink is None:
            return ""
        if row is None:
            is_corner = x < 0 and place.y() < RULER_PX
            return legend(self._ink) if is_corner else ""
        track = c.session.track(row.track_id)
        words = f"object {row.track_id}" + (f" ({track.name})" if track.name else "")
        if x < 0:
            return words
        frame = self._meant(row.track_id, x)
        reasons = [
            f.text for f in c.review.findings_of(row.track_id) if f.frame == frame
        ]
        if frame in track.prompts:
            reasons.append("accepted" if track.prompts[frame].is_locked else "prompted")
        if not reasons:
            reasons.append(str(LEVELS[c.review.level_row(row.track_id)[frame]]))
        return f"{words}, frame {frame}: {', '.join(reasons)}"

    # ---- inside ----------------------------------------------------------

    def _row_at(self, place: QPoint) -> Row | None:
        number = (place.y() - RULER_PX) // ROW_PX + self.verticalScrollBar().value()
        if self.controller is None or place.y() < RULER_PX or number >= len(self.rows):
            return None
        row = self.rows[number]
        is_there = row.track_id in self.controller.session.tracks
        return row if is_there else None

    def _meant(self, track_id: int, x: float) -> int:
        """Return the frame that is meant by a click on the row of an object.

        Where frames are too narrow to be hit: a mark that is near, or the worst of
        those that share a pixel.
        """
        assert self.controller is not None
        if self.axis.px_per_frame >= HIT_PX:
            return self.axis.frame_at(x)
        review = self.controller.review
        doubtful = [finding.frame for finding in review.findings_of(track_id)]
        for marks in (doubtful, self.controller.session.track(track_id).prompts):
            far = {frame: abs(self.axis.x_of(frame + 0.5) - x) for frame in marks}
            nearest = min(far, key=lambda frame: far[frame], default=None)
            if nearest is not None and far[nearest] <= HIT_PX:
                return nearest
        return worst_of(review.level_row(track_id), self.axis.frames_at(x))
