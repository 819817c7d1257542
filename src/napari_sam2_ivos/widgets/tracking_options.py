"""Choices of tracking that are seldom needed."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QSpinBox, QVBoxLayout, QWidget

from napari_sam2_ivos.widgets.extent_choice import quiet
from napari_sam2_ivos.widgets.pieces import row

MAX_STEP_PX = 9999


class TrackingOptions(QWidget):
    """Boxes to tick, and the largest step."""

    changed = Signal()
    """Emitted when a box was ticked or not any more."""

    def __init__(self) -> None:
        super().__init__()
        self.only_stale = self._box(
            "Only what has changed",
            "Compute again what prompts have changed; frames that were never tracked"
            " stay as they are",
        )
        self.skip = self._box(
            "Skip what would not change",
            "After a correction: an object whose masks have come out as before on 15"
            " frames in a row keeps those it had from there on",
        )
        self.skip.setChecked(True)
        self.stop_when_lost = self._box(
            "Stop where an object is lost",
            "An object that is not found on a frame is left alone from there to its"
            " next prompt; you are told where",
        )
        self.again = self._box("Redo all", "Compute frames again that are up to date")
        self.follow = self._box("Follow", "Show each frame as it is computed")
        self.step = quiet(QSpinBox())
        self.step.setRange(0, MAX_STEP_PX)
        self.step.setSpecialValueText("any")
        self.step.setSuffix(" px")
        self.step.setToolTip(
            "A mask that jumps further than this from one frame to the next is not"
            " trusted: the frame is left empty"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for box in (self.only_stale, self.skip, self.stop_when_lost):
            layout.addWidget(box)
        layout.addLayout(row(self.again, self.follow))
        layout.addLayout(row(QLabel("Largest step"), self.step, stretch=(1,)))

    def _box(self, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(tip)
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys belong to the canvas
        box.toggled.connect(self.changed)
        return box
