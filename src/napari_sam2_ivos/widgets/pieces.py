"""Labels, buttons and rules as the panels use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

if TYPE_CHECKING:
    from collections.abc import Callable


def section(text: str) -> QLabel:
    """Return the heading of a part of the panel."""
    label = QLabel(text)
    label.setObjectName("section")
    return label


def hint(text: str = "") -> QLabel:
    """Return a line of explanation that wraps."""
    label = QLabel(text)
    label.setObjectName("hint")
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def rule() -> QFrame:
    """Return a thin line between parts."""
    line = QFrame()
    line.setObjectName("rule")
    line.setFixedHeight(1)
    return line


def button(
    text: str, act: Callable[[], object], tip: str = "", *, name: str = ""
) -> QPushButton:
    """Return a button that does `act`."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys belong to the canvas
    made.clicked.connect(lambda: act())
    return made


def row(*widgets: QWidget, stretch: tuple[int, ...] = ()) -> QHBoxLayout:
    """Return widgets side by side; those at `stretch`, or all, share the room."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for i, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if not stretch or i in stretch else 0)
    return layout


def stacked(*widgets: QWidget) -> QWidget:
    """Return widgets one below the other."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget)
    return made


def fold(title: str, content: QWidget) -> QCollapsible:
    """Return a part of the panel that is closed until wanted."""
    made = QCollapsible(title)
    made.setDuration(0)
    made.setCollapsedIcon("▸")
    made.setExpandedIcon("▾")
    made.addWidget(content)
    made.layout().setContentsMargins(0, 0, 0, 0)
    return made
