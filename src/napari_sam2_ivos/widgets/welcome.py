"""What the panel shows while there is no movie."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_sam2_ivos.widgets.pieces import button, hint


class Welcome(QWidget):
    """First steps."""

    sample_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = QLabel("Click a cell, get a track")
        title.setObjectName("title")
        title.setWordWrap(True)
        text = hint(
            "Open a time-lapse: drag a file onto the window, or use File > Open. TIFF,"
            " zarr, video and folders of frames all work."
        )
        sample = button(
            "Open the sample movie",
            self.sample_wanted.emit,
            "Made-up cells with known tracks; needs no download",
            name="main",
        )
        steps = hint(
            "1.  Press New object and click on a cell: its mask appears.\n"
            "2.  Press New object for the next cell, and so on.\n"
            "3.  Press Track: the cells are followed through the movie.\n"
            "4.  Where one goes wrong, click there and press Track again.\n"
            "5.  Save the label stack."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 16, 10, 4)
        layout.setSpacing(12)
        for widget in (title, text, sample, steps):
            layout.addWidget(widget)
        layout.addStretch(1)
