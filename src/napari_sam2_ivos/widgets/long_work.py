"""Something that takes long and cannot be done on another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QProgressDialog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qtpy.QtWidgets import QWidget


def drive(parent: QWidget, steps: Iterable[Any], n: int, words: str) -> None:
    """Go through `n` steps while a dialog shows how far it is and offers to stop.

    The rest of the window waits, but goes on being drawn.
    """
    dialog = QProgressDialog(f"{words} …", "Stop", 0, n, parent)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.setMinimumDuration(300)
    for done, _ in enumerate(steps):
        dialog.setValue(done)
        if dialog.wasCanceled():
            break
    dialog.setValue(n)
