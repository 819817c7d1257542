"""The keys, shown in the panel."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_sam2_ivos.viewer.keys import KEYS
from napari_sam2_ivos.widgets.pieces import hint


class KeyList(QWidget):
    """One line per key."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for i, key in enumerate(KEYS):
            name = QLabel(" or ".join(key.keys))
            grid.addWidget(name, i, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(hint(key.doc), i, 1)
        grid.addWidget(
            hint("The second key works while the clicks layer is active."),
            len(KEYS),
            0,
            1,
            2,
        )
