"""Choosing how far to track, and which objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QSpinBox, QWidget

from napari_sam2_ivos.viewer.extents import Extent, Reach
from napari_sam2_ivos.widgets.pieces import row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam2_ivos.viewer.controller import Controller

REACHES = (
    ("Whole movie", Reach.MOVIE, "As far as the direction says, wherever you look"),
    (
        "To the next prompt",
        Reach.PROMPT,
        "From the frame on screen to the next prompt of each object, or to the end",
    ),
    (
        "Next frames",
        Reach.SOME,
        "So many frames from the one on screen; with Both, before and after it",
    ),
    ("One frame", Reach.ONE, "The frame next to the one on screen"),
    ("From frame to frame", Reach.RANGE, "From one frame to another, both included"),
)

OBJECTS = (
    ("All objects", "all", "Those too that you make while it runs"),
    ("Selected objects", "selected", "Those that are selected in the list"),
    ("This object", "current", "The one that clicks belong to"),
)

RANGE_ROW = 1

N_FRAMES = 20
"""How many the next frames are, to begin with."""


class ExtentChoice(QWidget):
    """How far, with the numbers that belong to it, and which objects."""

    changed = Signal()
    """Emitted when the user chose something else."""

    def __init__(self) -> None:
        super().__init__()
        self.reach, self.objects = _combo(REACHES), _combo(OBJECTS)
        self.n_frames, self.first, self.last = QSpinBox(), QSpinBox(), QSpinBox()
        for box, tip in (
            (self.n_frames, "How many frames"),
            (self.first, "First frame to track"),
            (self.last, "Last frame to track"),
        ):
            quiet(box).setToolTip(tip)
            box.valueChanged.connect(self.changed)
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setSpacing(4)
        self.form.addRow("How far", row(self.reach, self.n_frames, stretch=(0,)))
        ends = row(self.first, QLabel("to"), self.last, stretch=(0, 2))
        self.form.addRow("Frames", ends)
        self.form.addRow("Which", self.objects)
        self.reach.currentIndexChanged.connect(self._show_numbers)
        for combo in (self.reach, self.objects):
            combo.currentIndexChanged.connect(self.changed)
        self._show_numbers()

    @property
    def extent(self) -> Extent:
        """How far to track."""
        return Extent(
            self.reach.currentData(),
            self.n_frames.value(),
            self.first.value(),
            self.last.value(),
        )

    def track_ids(self, controller: Controller) -> tuple[int, ...] | None:
        """Return which objects to track; None for all."""
        which = self.objects.currentData()
        if which == "all":
            return None
        current = () if controller.current is None else (controller.current,)
        chosen = current if which == "current" else controller.selected
        return tuple(i for i in chosen if i in controller.session.tracks)

    def fit(self, n_frames: int) -> None:
        """Offer the frames of a movie."""
        self.n_frames.setRange(1, n_frames)
        self.n_frames.setValue(min(N_FRAMES, n_frames))
        for box, value in ((self.first, 0), (self.last, n_frames - 1)):
            box.setRange(0, n_frames - 1)
            box.setValue(value)

    def _show_numbers(self, *_: Any) -> None:
        chosen = self.reach.currentData()
        self.n_frames.setVisible(chosen is Reach.SOME)
        self.form.setRowVisible(RANGE_ROW, chosen is Reach.RANGE)


def quiet(box: QSpinBox) -> QSpinBox:
    """Let a box have the keys only while a number is typed into it."""
    box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    box.editingFinished.connect(box.clearFocus)
    box.setKeyboardTracking(False)
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return box


def _combo(choices: Iterable[tuple[str, Any, str]]) -> QComboBox:
    """Return a combo box that leaves the keys to the canvas, with tips."""
    combo = QComboBox()
    combo.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    combo.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    combo.setMinimumContentsLength(8)
    for i, (text, data, tip) in enumerate(choices):
        combo.addItem(text, data)
        combo.setItemData(i, tip, Qt.ItemDataRole.ToolTipRole)
    return combo
