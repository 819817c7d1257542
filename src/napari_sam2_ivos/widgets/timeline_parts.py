"""What is around the bars of the timeline: names, ruler, families, the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPen, QPolygonF

from napari_sam2_ivos.core.review import LEVELS
from napari_sam2_ivos.core.tracks import COMPUTED
from napari_sam2_ivos.widgets.timeline_picture import draw_anchor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.widgets.timeline_axis import Axis
    from napari_sam2_ivos.widgets.timeline_picture import Ink

RULER_PX = 20
FONT_PX = 11
INDENT_PX = 8
DEEPEST = 4
"""Generations that are indented."""


class Row(NamedTuple):
    """An object in the timeline, its mother, and how many mothers are above it."""

    track_id: int
    parent: int | None
    depth: int


def rows_of(tracks: Mapping[int, Track]) -> list[Row]:
    """Return the objects by ID, daughters after their mothers."""
    daughters: dict[int | None, list[int]] = {}
    for track_id in sorted(tracks, reverse=True):
        parent = tracks[track_id].parent
        daughters.setdefault(parent if parent in tracks else None, []).append(track_id)
    rows = []
    waiting = [Row(track_id, None, 0) for track_id in daughters.get(None, ())]
    while waiting:
        row = waiting.pop()
        rows.append(row)
        below = daughters.get(row.track_id, ())
        waiting += [Row(i, row.track_id, row.depth + 1) for i in below]
    return rows


def font_of(base: QFont, *, bold: bool = False) -> QFont:
    """Return the font of names and numbers."""
    font = QFont(base)
    font.setPixelSize(FONT_PX)
    font.setBold(bold)
    return font


def draw_name(
    painter: QPainter,
    place: QRectF,
    row: Row,
    track: Track,
    colour: QColor,
    ink: Ink,
) -> None:
    """Draw a disc in the colour of an object, its ID, its name and if it is locked."""
    left = place.left() + 8 + INDENT_PX * min(row.depth, DEEPEST)
    middle = place.center().y()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(left + 4, middle), 4, 4)
    right = place.right() - 6
    if track.is_locked:
        painter.setPen(QPen(ink.background, 1))
        painter.setBrush(ink.muted)
        draw_anchor(painter, right - 4, middle, True)
        right -= 12
    painter.setPen(ink.text)
    text = QRectF(left + 13, place.top(), right - left - 13, place.height())
    words = f"{track.track_id}  {track.name}".rstrip()
    width = int(text.width())
    elided = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, width)
    painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, elided)


def draw_ruler(painter: QPainter, place: QRectF, axis: Axis, ink: Ink) -> None:
    """Draw numbers of frames above the bars."""
    painter.setPen(ink.rule)
    painter.drawLine(place.bottomLeft(), place.bottomRight())
    for frame in axis.ticks():
        x = place.left() + axis.x_of(frame + 0.5)
        painter.setPen(ink.rule)
        painter.drawLine(QPointF(x, place.bottom() - 4), QPointF(x, place.bottom()))
        painter.setPen(ink.muted)
        text = QRectF(x - 30, place.top(), 60, place.height() - 4)
        painter.drawText(text, Qt.AlignmentFlag.AlignCenter, str(frame))


def draw_frame(
    painter: QPainter, place: QRectF, axis: Axis, frame: int, ink: Ink
) -> None:
    """Draw where the frame on screen is: a line through all rows, and its number."""
    x, width = place.left() + axis.x_of(frame), axis.px_per_frame
    painter.setPen(Qt.PenStyle.NoPen)
    rows = QRectF(x, RULER_PX, width, place.bottom() - RULER_PX)
    if width >= 3:
        glow = QColor(ink.text)
        glow.setAlpha(50)
        painter.fillRect(rows, glow)
    line = QRectF(x + width / 2 - 0.75, RULER_PX - 1, 1.5, rows.height() + 1)
    painter.fillRect(line, ink.text)
    text = str(frame)
    wide = painter.fontMetrics().horizontalAdvance(text) + 10
    left = min(max(x + (width - wide) / 2, place.left()), place.right() - wide)
    tag = QRectF(left, 2, wide, RULER_PX - 4)
    painter.setBrush(ink.accent)
    painter.drawRoundedRect(tag, 3, 3)
    painter.setPen(ink.on_accent)
    painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)


def draw_family(
    painter: QPainter,
    mother: tuple[Track, float],
    daughter: tuple[Track, float],
    left: float,
    axis: Axis,
    ink: Ink,
) -> None:
    """Draw a line from the end of a mother to the beginning of a daughter.

    Parameters
    ----------
    painter : QPainter
    mother, daughter : (Track, float)
        With the middle of their rows, pixels from the top.
    left : float
        Where the axis begins.
    axis : Axis
    ink : Ink
    """
    (mother_track, top), (daughter_track, bottom) = mother, daughter
    begins = left + axis.x_of(_first(daughter_track))
    x = left + axis.x_of(_stop(mother_track))
    painter.setPen(QPen(ink.text, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    corners = ((x, top - 5), (x, bottom), (max(begins, x + 4), bottom))
    painter.drawPolyline(QPolygonF([QPointF(*corner) for corner in corners]))


def legend(ink: Ink) -> str:
    """Return what the colours and marks mean, as rich text."""
    lines = [
        f'<span style="color: {ink.of_level(level).name()}">■</span> {level}'
        for level in reversed(LEVELS)
    ]
    lines += (
        "◆ prompts",
        "padlock: the mask is accepted",
        f'<span style="color: {ink.dot.name()}">●</span> a place to look at',
        "[ ] the object exists on these frames only",
    )
    return "<br>".join(lines)


def _first(track: Track) -> int:
    """Return where an object begins, as far as it is known."""
    there = _there(track)
    return int(there.argmax()) if there.any() else track.lifespan.start


def _stop(track: Track) -> int:
    """Return the frame after the last one of an object, as far as it is known."""
    there, life = _there(track), track.lifespan
    if life.stop < there.size or not there.any():
        return life.stop
    return there.size - int(there[::-1].argmax())


def _there(track: Track) -> npt.NDArray[np.bool_]:
    return (track.state & COMPUTED != 0) & (track.area > 0)
