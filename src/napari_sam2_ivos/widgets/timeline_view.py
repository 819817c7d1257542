"""What the timeline looks like: a row for each object, a column for each frame."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QPointF, QRect, QRectF, QSignalBlocker, QSize, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QAbstractScrollArea, QFrame

from napari_sam2_ivos.widgets.timeline_axis import Axis
from napari_sam2_ivos.widgets.timeline_parts import (
    RULER_PX,
    Row,
    draw_family,
    draw_frame,
    draw_name,
    draw_ruler,
    font_of,
    rows_of,
)
from napari_sam2_ivos.widgets.timeline_picture import PAD_PX, ROW_PX, Ink, row_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qtpy.QtGui import QImage

    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.widgets.theme import Colours

NAMES_PX, LONG_NAMES_PX = 68, 130
"""Width of the column of IDs, without names and with them."""
MARGIN_PX = 8


class TimelineView(QAbstractScrollArea):
    """Shows all objects and frames.

    Only the rows that are in sight are drawn, and each is drawn again only when its
    object has changed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.axis = Axis()
        self.rows: list[Row] = []
        self._ink: Ink | None = None
        self._pictures: dict[int, tuple[Any, QImage]] = {}
        self._colours: dict[int, QColor] = {}
        self._left = NAMES_PX
        self._frame = 0
        self._current: int | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys belong to the canvas
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled)

    def sizeHint(self) -> QSize:
        """Return a good size."""
        return QSize(600, 160)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size that is of use: two rows."""
        return QSize(NAMES_PX + 100, RULER_PX + 2 * ROW_PX)

    # ---- showing -----------------------------------------------------------

    def show_controller(self, controller: Controller | None) -> None:
        """Show another session."""
        self.controller = controller
        self._pictures.clear()
        self._current = None
        self.axis.show_all()
        self.refresh()

    def show_theme(self, colours: Colours) -> None:
        """Draw in the colours of a theme."""
        self._ink = Ink.of(colours)
        self._pictures.clear()
        self.viewport().update()

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        tracks = {} if c is None else c.session.tracks
        self.rows = rows_of(tracks)
        self._colours.clear()
        self._left = LONG_NAMES_PX if any(t.name for t in tracks.values()) else NAMES_PX
        if c is not None:
            c.review.findings()
        self._lay_out()
        if c is not None and c.current != self._current:
            self._current = c.current
            self._scroll_to_current()
        self.show_frame()
        self.viewport().update()

    def show_frame(self) -> None:
        """Show which frame is on screen; nothing else is drawn again."""
        if self.controller is None:
            return
        before, self._frame = self._frame, self.controller.frame
        is_inside = 0 <= self._frame < self.axis.n_frames
        if before != self._frame and is_inside and not self._is_frame_in_sight:
            self.axis.show_from(self._frame - self.axis.shown / 2)
            self._lay_out()
            self.viewport().update()
            return
        for frame in (before, self._frame):
            x = self._left + self.axis.x_of(frame)
            strip = QRect(
                int(x) - 3, 0, ceil(self.axis.px_per_frame) + 6, self.height()
            )
            self.viewport().update(strip)
        self.viewport().update(0, 0, self.viewport().width(), RULER_PX)

    # ---- where things are ----------------------------------------------------

    def _lay_out(self) -> None:
        """Fit axis and scroll bars to the size and to what there is."""
        n_frames = 1 if self.controller is None else self.controller.movie.n_frames
        view = self.viewport()
        self.axis.resize(n_frames, view.width() - self._left - MARGIN_PX)
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        with QSignalBlocker(across):
            across.setRange(0, ceil(self.axis.n_frames - self.axis.shown))
            across.setPageStep(int(self.axis.shown))
            across.setValue(round(self.axis.first))
        fitting = max(1, (view.height() - RULER_PX) // ROW_PX)
        down.setRange(0, max(0, len(self.rows) - fitting))
        down.setPageStep(fitting)

    @property
    def _is_frame_in_sight(self) -> bool:
        return self.axis.first <= self._frame < self.axis.first + self.axis.shown

    def _scroll_to_current(self) -> None:
        numbers = [
            n for n, row in enumerate(self.rows) if row.track_id == self._current
        ]
        bar = self.verticalScrollBar()
        if numbers:
            last = numbers[0] - bar.pageStep() + 1
            bar.setValue(min(max(bar.value(), last), numbers[0]))

    def _middle_of(self, number: int) -> float:
        return RULER_PX + (number - self.verticalScrollBar().value() + 0.5) * ROW_PX

    def _in_sight(self) -> Iterator[tuple[int, Row]]:
        """Yield the rows that can be seen, with their numbers."""
        first = self.verticalScrollBar().value()
        n = max(0, ceil((self.viewport().height() - RULER_PX) / ROW_PX))
        yield from enumerate(self.rows[first : first + n], first)

    # ---- drawing -----------------------------------------------------------

    def paintEvent(self, event: Any) -> None:
        """Draw what is in sight."""
        if self._ink is None:
            return
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), self._ink.background)
        if self.controller is None or not self.rows:
            painter.setPen(self._ink.muted)
            text = "Objects and their frames appear here."
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        self._paint(painter, self.controller, self._ink)

    def _paint(self, painter: QPainter, c: Controller, ink: Ink) -> None:
        width, height = self.viewport().width(), self.viewport().height()
        plain, bold = font_of(self.font()), font_of(self.font(), bold=True)
        pictures = {}
        painter.setClipRect(QRect(0, RULER_PX, width, height))
        for number, row in self._in_sight():
            track = c.session.tracks.get(row.track_id)
            if track is None:  # deleted a moment ago
                continue
            line = QRectF(0, self._middle_of(number) - ROW_PX / 2, width, ROW_PX)
            if row.track_id in c.selected:
                painter.fillRect(line, ink.current)
            if row.track_id == c.current:
                painter.fillRect(QRectF(0, line.top(), 3, ROW_PX), ink.accent)
            painter.setFont(bold if row.track_id == c.current else plain)
            if row.track_id not in self._colours:
                rgba = map(float, c.layers.color_of(row.track_id))
                self._colours[row.track_id] = QColor.fromRgbF(*rgba)
            colour = self._colours[row.track_id]
            name = QRectF(0, line.top(), self._left, ROW_PX)
            draw_name(painter, name, row, track, colour, ink)
            pictures[row.track_id] = self._picture(c, track, ink)
            at = QPointF(self._left - PAD_PX, line.top())
            painter.drawImage(at, pictures[row.track_id][1])
        self._pictures = pictures
        plot = QRectF(self._left, 0, self.axis.width, height)
        painter.setClipRect(plot.adjusted(0, RULER_PX, MARGIN_PX, 0))
        self._paint_families(painter, c.session.tracks, ink)
        painter.setClipping(False)
        painter.setFont(plain)
        ruler = QRectF(self._left, 0, self.axis.width, RULER_PX)
        draw_ruler(painter, ruler, self.axis, ink)
        painter.setPen(ink.muted)
        painter.drawText(
            QRectF(8, 0, self._left, RULER_PX), Qt.AlignmentFlag.AlignVCenter, "Legend"
        )
        if self._is_frame_in_sight:
            draw_frame(painter, plot, self.axis, self._frame, ink)

    def _paint_families(
        self, painter: QPainter, tracks: Mapping[int, Track], ink: Ink
    ) -> None:
        """Draw lines from mothers to daughters, those that only pass by too."""
        numbers = {row.track_id: number for number, row in enumerate(self.rows)}
        in_sight = [number for number, _ in self._in_sight()]
        for number, row in enumerate(self.rows):
            if row.parent is None or not in_sight:
                continue
            mother = numbers[row.parent]
            is_seen = mother <= in_sight[-1] and number >= in_sight[0]
            if is_seen and row.track_id in tracks and row.parent in tracks:
                draw_family(
                    painter,
                    (tracks[row.parent], self._middle_of(mother)),
                    (tracks[row.track_id], self._middle_of(number)),
                    self._left,
                    self.axis,
                    ink,
                )

    def _picture(self, c: Controller, track: Track, ink: Ink) -> tuple[Any, QImage]:
        """Return the picture of a row, drawn again if anything in it has changed."""
        doubtful = [f.frame for f in c.review.findings_of(track.track_id)]
        scale = ceil(self.devicePixelRatioF())
        state = track.version, track.revision, track.lifespan, doubtful
        key = *state, replace(self.axis), scale
        kept = self._pictures.get(track.track_id)
        if kept is not None and kept[0] == key:
            return kept
        levels = c.review.level_row(track.track_id)
        return key, row_picture(track, levels, doubtful, self.axis, ink, scale)

    def resizeEvent(self, event: Any) -> None:
        """Fit to another size."""
        self._lay_out()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Show other rows or other frames."""
        self.viewport().update()

    def _on_scrolled(self, first: int) -> None:
        self.axis.show_from(first)
