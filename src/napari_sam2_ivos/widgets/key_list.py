"""The keys as they are set, shown in the panel."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_sam2_ivos.viewer.key_choice import key_choice, keys_of
from napari_sam2_ivos.viewer.keys import GROUPS, KEYS
from napari_sam2_ivos.widgets.connections import Connections
from napari_sam2_ivos.widgets.pieces import hint, section

TYPED_MS = 1200
"""How long nothing must have been typed before a key that is none is told of."""


class KeyList(QWidget):
    """Two columns, keys and what they do, under small headings."""

    refused = Signal(str)
    """Emitted with a sentence when keys in the settings cannot be used."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        width = self.fontMetrics().horizontalAdvance("Cmd+Shift+Z or")
        self.names: dict[str, QLabel] = {}
        for title, keys in GROUPS.items():
            heading = section(title)
            heading.setContentsMargins(0, 6, 0, 0)
            grid.addWidget(heading, grid.rowCount(), 0, 1, 2)
            for key in keys:
                name = self.names[key.action] = QLabel()
                name.setWordWrap(True)
                name.setFixedWidth(width)
                row = grid.rowCount()
                grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(hint(key.doc), row, 1, Qt.AlignmentFlag.AlignTop)
        note = hint(
            "The second key works while the image or one of its layers is active, the"
            " first one always. Change them in napari's Preferences, on the page SAM 2"
            " track cells."
        )
        note.setContentsMargins(0, 6, 0, 0)
        grid.addWidget(note, grid.rowCount(), 0, 1, 2)
        self._told = ""
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(TYPED_MS)
        self._typed.timeout.connect(self._tell)
        self._links = Connections()
        self._links.connect(key_choice().changed, self._show)
        self.destroyed.connect(self._links.close)
        self._show()

    def _show(self) -> None:
        for action, label in self.names.items():
            label.setText(" or ".join(keys_of(action)) or "–")
        self._typed.start()

    def _tell(self) -> None:
        problems = key_choice().problems
        said = " ".join(
            f"“{key.doc}” stays on {' or '.join(keys_of(key.action)) or 'no key'}:"
            f" {problems[key.action]}"
            for key in KEYS
            if key.action in problems
        )
        if said and said != self._told:
            self.refused.emit(said)
        self._told = said
