"""Small pictures of the tools, drawn in the colour of the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import (
    QColor,
    QIcon,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
)

from napari_sam2_ivos.viewer.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 20
_SCALE = 3  # drawn larger, so that it is sharp on any screen


def tool_icon(tool: Tool, colour: str, checked: str) -> QIcon:
    """Return the picture of a tool, in one colour when off and another when on."""
    icon = QIcon()
    icon.addPixmap(_draw(_PICTURES[tool], colour), QIcon.Mode.Normal, QIcon.State.Off)
    icon.addPixmap(_draw(_PICTURES[tool], checked), QIcon.Mode.Normal, QIcon.State.On)
    return icon


def swatch(rgba: tuple[float, float, float, float]) -> QIcon:
    """Return a disc in the colour of an object, the same when it is selected."""
    pixmap = QPixmap(QSize(12, 12) * _SCALE)
    pixmap.setDevicePixelRatio(_SCALE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor.fromRgbF(*(float(v) for v in rgba[:3])))
    painter.drawEllipse(QRectF(1, 1, 10, 10))
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Active):
        icon.addPixmap(pixmap, mode)
    return icon


def _draw(picture: Callable[[QPainter], None], colour: str) -> QPixmap:
    pixmap = QPixmap(QSize(SIZE, SIZE) * _SCALE)
    pixmap.setDevicePixelRatio(_SCALE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(colour_of(colour), 1.8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    picture(painter)
    painter.end()
    return pixmap


def colour_of(css: str) -> QColor:
    """Return a colour given as a name or as ``rgb(r, g, b)``, which Qt cannot read."""
    if css.startswith("rgb"):
        numbers = css[css.index("(") + 1 : -1].split(",")
        return QColor(*(int(float(v)) for v in numbers[:3]))
    return QColor(css)


def _positive(p: QPainter) -> None:
    p.drawEllipse(QRectF(2.5, 2.5, 15, 15))
    p.drawLine(QPointF(10, 6.5), QPointF(10, 13.5))
    p.drawLine(QPointF(6.5, 10), QPointF(13.5, 10))


def _negative(p: QPainter) -> None:
    p.drawEllipse(QRectF(2.5, 2.5, 15, 15))
    p.drawLine(QPointF(6.5, 10), QPointF(13.5, 10))


def _negative_scribble(p: QPainter) -> None:
    line = QPainterPath(QPointF(2.5, 15.5))
    line.cubicTo(QPointF(5, 3), QPointF(9, 3), QPointF(9, 10))
    line.cubicTo(QPointF(9, 17), QPointF(13, 17), QPointF(14, 12))
    p.drawPath(line)
    p.drawLine(QPointF(12, 5.5), QPointF(18, 5.5))


def _positive_scribble(p: QPainter) -> None:
    _negative_scribble(p)
    p.drawLine(QPointF(15, 2.5), QPointF(15, 8.5))


def _box(p: QPainter) -> None:
    p.drawRect(QRectF(3, 4.5, 14, 11))
    p.setBrush(p.pen().color())
    for x, y in ((3, 4.5), (17, 4.5), (3, 15.5), (17, 15.5)):
        p.drawRect(QRectF(x - 1, y - 1, 2, 2))


def _outline(p: QPainter) -> None:
    corners = [(4, 8), (10, 2.5), (17, 7), (14.5, 16.5), (6, 15.5)]
    p.drawPolygon(QPolygonF([QPointF(*c) for c in corners]))


def _paint(p: QPainter) -> None:
    p.drawLine(QPointF(17, 3), QPointF(9.5, 10.5))
    p.setBrush(p.pen().color())
    drop = [(8.5, 10.5), (10.5, 12.5), (8.5, 15.5), (3, 17), (5, 12.5)]
    p.drawPolygon(QPolygonF([QPointF(*c) for c in drop]))


def _erase(p: QPainter) -> None:
    body = [(3, 12.5), (11.5, 4), (17, 9.5), (10.5, 16), (6.5, 16)]
    p.drawPolygon(QPolygonF([QPointF(*c) for c in body]))
    p.drawLine(QPointF(7, 8.5), QPointF(12.5, 14))


_PICTURES = {
    Tool.POSITIVE: _positive,
    Tool.NEGATIVE: _negative,
    Tool.SCRIBBLE: _positive_scribble,
    Tool.NOT_SCRIBBLE: _negative_scribble,
    Tool.BOX: _box,
    Tool.OUTLINE: _outline,
    Tool.PAINT: _paint,
    Tool.ERASE: _erase,
}
