"""One row of the timeline as a picture: what is known of an object on each frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from napari_sam2_ivos.core.review import LEVELS, Level
from napari_sam2_ivos.widgets.icons import colour_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.widgets.theme import Colours
    from napari_sam2_ivos.widgets.timeline_axis import Axis

ROW_PX = 14
BAR = slice(4, 13)
"""Rows of pixels of the bar; above it is room for dots."""
LINE = slice(8, 9)
"""Where the line of an object that is not there runs."""
APART_PX = 12
"""From this width on, frames are drawn apart."""
HATCH = 4
"""Pixels from one stripe to the next."""
PAD_PX = 5
"""Room for marks on the first and the last frame."""
DOT_Y, DOT_PX = 2, 2
"""Middle and radius of the dot of a suspicious place."""

_WORST_LAST = (
    Level.NONE,
    Level.GOOD,
    Level.OLD,
    Level.FAIR,
    Level.LOW,
    Level.EMPTY,
)
_RANK = np.array([_WORST_LAST.index(level) for level in LEVELS], np.uint8)
_LEVEL = np.array([LEVELS.index(level) for level in _WORST_LAST], np.uint8)
NOWHERE = len(LEVELS)
"""Takes the place of a level where an object may not exist."""


@dataclass(frozen=True)
class Ink:
    """The colours of the timeline, in a dark or a light theme.

    Bars go from blue over amber to red, and differ in brightness too, so that they
    can be told apart whatever colours one sees.
    """

    background: QColor
    strip: QColor
    current: QColor
    rule: QColor
    text: QColor
    muted: QColor
    accent: QColor
    on_accent: QColor
    good: QColor
    fair: QColor
    low: QColor
    dot: QColor

    @classmethod
    def of(cls, colours: Colours) -> Ink:
        """Return the colours that go with a theme."""
        background = colour_of(colours.background)
        is_dark = background.lightness() < 128
        bars = ("#5d86a9", "#bfa765", "#e8602c", "#ff8ac4")
        if not is_dark:
            bars = ("#8aa9c4", "#d3b35c", "#cb4312", "#b0186b")
        return cls(
            background,
            _mix(background, colour_of(colours.text), 0.06),
            _mix(background, colour_of(colours.text), 0.16),
            _mix(background, colour_of(colours.text), 0.2),
            colour_of(colours.text),
            colour_of(colours.muted),
            colour_of(colours.accent),
            colour_of(colours.on_accent),
            *map(QColor, bars),
        )

    def of_level(self, level: Level) -> QColor:
        """Return the colour of a level, as a legend shows it."""
        return {
            Level.NONE: self.strip,
            Level.EMPTY: self.muted,
            Level.LOW: self.low,
            Level.FAIR: self.fair,
            Level.GOOD: self.good,
            Level.OLD: _mix(self.background, self.good, 0.65),
        }[level]

    @cached_property
    def patterns(self) -> npt.NDArray[np.uint32]:
        """Return what a column of pixels of each level looks like.

        Returns
        -------
        ndarray, (ROW_PX, HATCH, levels + 1) uint32
            ARGB; which of the `HATCH` columns goes by the position.
        """
        out = np.zeros((ROW_PX, HATCH, NOWHERE + 1), np.uint32)
        for i, level in enumerate(LEVELS):
            out[BAR, :, i] = self.of_level(level).rgba()
        empty, old = LEVELS.index(Level.EMPTY), LEVELS.index(Level.OLD)
        out[BAR, :, empty] = self.strip.rgba()
        out[LINE, :, empty] = self.of_level(Level.EMPTY).rgba()
        y, x = np.mgrid[BAR, :HATCH]
        gaps = (x + y) % HATCH >= HATCH // 2
        out[BAR, :, old][gaps] = _mix(self.background, self.good, 0.3).rgba()
        return out


def row_picture(
    track: Track,
    levels: npt.NDArray[np.uint8],
    doubtful: Iterable[int],
    axis: Axis,
    ink: Ink,
    scale: int = 1,
) -> QImage:
    """Draw the bar of an object, its prompts and where it looks suspicious.

    The axis begins `PAD_PX` from the left edge.

    Parameters
    ----------
    track : Track
    levels : ndarray, (T,) uint8
        See `core.review.levels`. Of frames that share a column of pixels the worst
        is seen.
    doubtful : iterable of int
        Frames of suspicious places.
    axis : Axis
    ink : Ink
    scale : int
        Pixels of the screen in one of ours, for marks that are sharp.
    """
    columns, life = axis.columns(), track.lifespan
    seen = np.full(columns.size + 2 * PAD_PX, NOWHERE)
    bar = seen[PAD_PX:-PAD_PX]
    bar[:] = _LEVEL[np.maximum.reduceat(_RANK[levels[: axis.stop]], columns)]
    bar[(columns < life.start) | (columns >= life.stop)] = NOWHERE
    if axis.px_per_frame >= APART_PX:
        bar[np.flatnonzero(np.diff(columns))] = NOWHERE
    pixels = ink.patterns[:, np.arange(seen.size) % HATCH, seen]
    image = QImage(
        pixels.tobytes(),
        seen.size,
        ROW_PX,
        pixels.itemsize * seen.size,
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    # A copy in either case: the picture outlives the bytes.
    image = image.copy() if scale == 1 else image.scaled(image.size() * scale)
    image.setDevicePixelRatio(scale)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(PAD_PX, 0)
    _draw_ends(painter, life, axis, ink)
    painter.setPen(QPen(ink.background, 1))
    painter.setBrush(ink.text)
    for frame in _apart(track.prompts, axis):
        x, is_locked = _middle(frame, axis), track.prompts[frame].is_locked
        draw_anchor(painter, x, (BAR.start + BAR.stop) / 2, is_locked)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.dot)
    for frame in _apart(doubtful, axis):
        painter.drawEllipse(QPointF(_middle(frame, axis), DOT_Y), DOT_PX, DOT_PX)
    painter.end()
    return image


def worst_of(levels: npt.NDArray[np.uint8], frames: range) -> int:
    """Return the worst of some frames, the first of those."""
    return frames.start + int(_RANK[levels[frames.start : frames.stop]].argmax())


def draw_anchor(painter: QPainter, x: float, y: float, is_locked: bool) -> None:
    """Draw a diamond for prompts, a padlock for a mask that was accepted."""
    if not is_locked:
        corners = ((x, y - 4), (x + 4, y), (x, y + 4), (x - 4, y))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        return
    pen, brush = painter.pen(), painter.brush()
    for colour, width in ((pen.color(), 3.5), (brush.color(), 1.5)):
        painter.setPen(QPen(colour, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(QRectF(x - 2, y - 4, 4, 6), 0, 180 * 16)
    painter.setPen(pen)
    painter.setBrush(brush)
    painter.drawRect(QRectF(x - 3.5, y - 1, 7, 5.5))


def _draw_ends(painter: QPainter, life: range, axis: Axis, ink: Ink) -> None:
    """Draw brackets where an object begins and ends to exist."""
    painter.setPen(QPen(ink.muted, 1))
    for frame, inwards in ((life.start, 1), (life.stop, -1)):
        if 0 < frame < axis.n_frames and life:
            x = axis.x_of(frame) + inwards / 2
            corners = (
                (x + 2 * inwards, BAR.start),
                (x, BAR.start),
                (x, BAR.stop),
                (x + 2 * inwards, BAR.stop),
            )
            painter.drawPolyline(QPolygonF([QPointF(*c) for c in corners]))


def _apart(frames: Iterable[int], axis: Axis) -> list[int]:
    """Return frames that are in sight, of those at almost the same place one."""
    places = {
        round(_middle(frame, axis) / 4): frame
        for frame in frames
        if axis.first - 1 <= frame < axis.stop
    }
    return list(places.values())


def _middle(frame: int, axis: Axis) -> float:
    return axis.x_of(frame + 0.5)


def _mix(a: QColor, b: QColor, share: float) -> QColor:
    """Return `a` with a share of `b` in it."""
    pairs = zip(a.getRgb()[:3], b.getRgb()[:3], strict=True)
    return QColor(*(round((1 - share) * m + share * n) for m, n in pairs))
