"""A person at the window: real mouse and key events, and a count of what they did."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class User:
    """Uses a napari window.

    Parameters
    ----------
    window : napari.Viewer
    qtbot : pytestqt.qtbot.QtBot

    Attributes
    ----------
    actions : list of str
        What was done, one entry per click, drag or key.
    """

    def __init__(self, window: Any, qtbot: Any) -> None:
        self.window = window
        self.qtbot = qtbot
        self.actions: list[str] = []

    @property
    def canvas(self) -> Any:
        """The widget of the canvas."""
        return self.window.window._qt_viewer.canvas.native

    def place(self, y: float, x: float) -> QPoint:
        """Return where a position of the world is on the canvas."""
        canvas = self.window.window._qt_viewer.canvas
        transform = canvas.view.scene.node_transform(canvas._scene_canvas.scene)
        column, row = transform.map((x, y))[:2]
        return QPoint(round(column), round(row))

    def click(self, y: float, x: float) -> None:
        """Click on the canvas at (y, x) of the world."""
        self.actions.append("click")
        at = self.place(y, x)
        QTest.mouseMove(self.canvas, at)
        self.qtbot.wait(30)
        QTest.mousePress(self.canvas, _LEFT, _NONE, at)
        self.qtbot.wait(30)
        QTest.mouseRelease(self.canvas, _LEFT, _NONE, at)
        self.qtbot.wait(60)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag on the canvas from one position of the world to another."""
        self.actions.append("drag")
        QTest.mouseMove(self.canvas, self.place(*start))
        QTest.mousePress(self.canvas, _LEFT, _NONE, self.place(*start))
        for part in np.linspace(0, 1, 6):
            between = np.add(np.multiply(start, 1 - part), np.multiply(end, part))
            QTest.mouseMove(self.canvas, self.place(*between))
            self.qtbot.wait(30)
        QTest.mouseRelease(self.canvas, _LEFT, _NONE, self.place(*end))
        self.qtbot.wait(60)

    def press(self, key: Any, modifier: Any = _NONE) -> None:
        """Press a key on the canvas."""
        self.actions.append("key")
        self.canvas.setFocus()
        QTest.keyClick(self.canvas, key, modifier)
        self.qtbot.wait(60)

    def push(self, button: Any) -> None:
        """Press a button of the panel."""
        self.actions.append("button")
        QTest.mouseClick(button, _LEFT)
        self.qtbot.wait(60)

    def choose(self, menu: Any, text: str) -> None:
        """Open a menu of objects and choose the entry that begins with `text`."""
        self.actions.append("menu")
        menu.fill()
        entries = [a for a in menu.actions() if a.text().startswith(text)]
        assert entries, f"no '{text}' among {[a.text() for a in menu.actions()]}"
        assert entries[0].isEnabled(), entries[0].toolTip()
        entries[0].trigger()
        self.qtbot.wait(60)

    def fill_in(self, kind: Any, value: Any) -> None:
        """Answer the dialog that comes next: a value into its first field, Return."""
        self.actions.append("dialog")

        def answer() -> None:
            dialog = QApplication.activeModalWidget()
            field = dialog.findChildren(kind)[0]
            field.setFocus()
            field.selectAll()
            QTest.keyClicks(field, str(value))
            QTest.keyClick(field, Qt.Key.Key_Return)

        QTimer.singleShot(300, answer)

    def type(self, field: Any, text: str) -> None:
        """Type into a field, and press Return."""
        self.actions.append("typing")
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        self.qtbot.wait(60)
