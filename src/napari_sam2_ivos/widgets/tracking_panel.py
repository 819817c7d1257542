"""Tracking: direction, range, go, and how far it is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.widgets.pieces import button, hint, row, section

if TYPE_CHECKING:
    from napari_sam2_ivos.core.tracks import Direction
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.viewer.progress import Progress

DIRECTIONS: tuple[tuple[Direction, str, str], ...] = (
    ("backward", "‹ Back", "From the last prompt of each object to earlier frames"),
    ("both", "‹ Both ›", "Every frame of the range"),
    ("forward", "Forward ›", "From the first prompt of each object to later frames"),
    (
        "nearest",
        "Nearest",
        "Every frame of the range, each from the nearer of the two prompts around it",
    ),
)

MAX_STEP_PX = 9999


class TrackingPanel(QWidget):
    """Starts and stops tracking."""

    toggled = Signal()
    """Emitted when the user presses Track or Stop."""

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.direction: Direction = "both"
        self.direction_buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        for name, text, tip in DIRECTIONS:
            made = button(text, partial(self._choose, name), tip, name="segment")
            made.setCheckable(True)
            made.setChecked(name == self.direction)
            group.addButton(made)
            self.direction_buttons[name] = made
        self.first, self.last = QSpinBox(), QSpinBox()
        for box, tip in ((self.first, "First frame"), (self.last, "Last frame")):
            box.setToolTip(f"{tip} to track")
            box.setKeyboardTracking(False)
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.whole = button("All", self._take_all, "The whole movie")
        self.only_current = QCheckBox("Selected only")
        self.again = QCheckBox("Redo all")
        self.again.setToolTip("Compute frames again that are up to date")
        self.only_current.setToolTip("Leave all other objects as they are")
        self.again.toggled.connect(self.refresh)
        self.skip = QCheckBox("Skip what would not change")
        self.skip.setChecked(True)
        self.skip.setToolTip(
            "After a correction: an object whose masks have come out as before on 15"
            " frames in a row\nkeeps the masks it has from there on, up to its next"
            " prompt. Saves time."
        )
        self.step = QSpinBox()
        self.step.setRange(0, MAX_STEP_PX)
        self.step.setSpecialValueText("any")
        self.step.setSuffix(" px")
        self.step.setKeyboardTracking(False)
        self.step.setToolTip(
            "How far an object may move from one frame to the next, in pixels of the"
            " image.\nA mask that jumps further is refused and the frame is left empty."
            " 0 lets anything pass."
        )
        self.step.valueChanged.connect(self._take_step)
        self.follow = QCheckBox("Follow")
        self.follow.setToolTip("Show each frame as it is computed")
        self.go = button("Track", self.toggled.emit, "Track (G)", name="main")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.words = hint()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(section("TRACK"))
        layout.addLayout(row(*self.direction_buttons.values()))
        layout.addLayout(
            row(
                QLabel("Frames"),
                self.first,
                QLabel("to"),
                self.last,
                self.whole,
                stretch=(1, 3),
            )
        )
        layout.addLayout(row(self.only_current, self.follow, self.again, stretch=(0,)))
        layout.addWidget(self.skip)
        layout.addLayout(row(QLabel("Largest step"), self.step, stretch=(1,)))
        layout.addWidget(self.go)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)

    @property
    def frames(self) -> range:
        """The range to track."""
        first, last = sorted((self.first.value(), self.last.value()))
        return range(first, last + 1)

    def show_controller(self, controller: Controller | None) -> None:
        """Show another session."""
        is_other = controller is not self.controller
        self.controller = controller
        if controller is not None and is_other:
            n = controller.movie.n_frames
            for box, value in ((self.first, 0), (self.last, n - 1)):
                box.setRange(0, n - 1)
                box.setValue(value)
            with QSignalBlocker(self.step):
                self.step.setValue(round(controller.session.guards.max_step_px or 0))
        self.refresh()

    def show_progress(self, progress: Progress) -> None:
        """Show how far tracking is."""
        self.bar.setRange(0, max(1, progress.total))
        self.bar.setValue(progress.done)
        c = self.controller
        if c is not None and progress.done == 0 and not c.segmenter.is_loaded:
            self.words.setText("Loading the model …")
            self.bar.setRange(0, 0)
        else:
            self.words.setText(str(progress))

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        running = c is not None and c.schedule.is_tracking
        busy = c is not None and c.schedule.is_busy
        ready = c is not None and bool(c.session.tracks)
        self.go.setText("Stop" if running else "Track")
        self.go.setEnabled(running or ready)
        self.bar.setVisible(busy)
        for widget in (self.first, self.last, self.whole, self.again, self.step):
            widget.setEnabled(c is not None and not running)
        self.skip.setEnabled(not running and not self.again.isChecked())
        self.only_current.setEnabled(ready and not running)
        if c is not None and running:
            self.show_progress(c.schedule.progress)
        elif c is not None and busy:
            self.bar.setRange(0, 0)
            loaded = c.segmenter.is_loaded
            self.words.setText(
                "Finding the mask …" if loaded else "Loading the model …"
            )
        else:
            self.words.setText(_advice(c))
        self.words.setVisible(bool(self.words.text()))

    def _choose(self, direction: Direction) -> None:
        self.direction = direction

    def _take_step(self, step: int) -> None:
        if self.controller is not None:
            session = self.controller.session
            session.guards = replace(session.guards, max_step_px=step or None)

    def _take_all(self) -> None:
        self.first.setValue(self.first.minimum())
        self.last.setValue(self.last.maximum())


def _advice(controller: Controller | None) -> str:
    """Return what to do next."""
    if controller is None or not controller.session.tracks:
        return "Click on an object first; then one press of Track follows it."
    if controller.guessed:
        return (
            "The outlines on this frame are a guess and are not saved. Press Track to"
            " follow the objects."
        )
    states = {row.state for row in controller.rows()}
    if states & {"changed", "prompted"}:
        return "Press Track to follow the objects through the movie."
    return "Everything is up to date. Save below, or correct any frame."
