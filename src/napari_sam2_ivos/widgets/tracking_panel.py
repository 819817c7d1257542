"""Tracking: direction, how far, which objects, go, and how far it is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, QTimer, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.viewer.estimates import UP_TO_DATE
from napari_sam2_ivos.viewer.key_choice import keys_of
from napari_sam2_ivos.viewer.requests import TrackRequest
from napari_sam2_ivos.widgets.extent_choice import ExtentChoice
from napari_sam2_ivos.widgets.pieces import button, fold, hint, row, section
from napari_sam2_ivos.widgets.tracking_options import TrackingOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.tracks import Direction
    from napari_sam2_ivos.viewer.controller import Controller

DIRECTIONS: tuple[tuple[Direction, str, str], ...] = (
    ("backward", "‹ Back", "From the last prompt of each object to earlier frames"),
    ("both", "‹ Both ›", "Every frame there is"),
    ("forward", "Forward ›", "From the first prompt of each object to later frames"),
    (
        "nearest",
        "Nearest",
        "Every frame there is, each from the nearer of the two prompts around it",
    ),
)

PROGRESS_MS = 100
"""How long progress may wait to be shown."""

REST_MS = 150
"""How long nothing changes before what would run is worked out."""


class TrackingPanel(QWidget):
    """Starts, pauses and stops tracking, and tells before what would run."""

    toggled = Signal()
    """Emitted when the user presses Track or Stop."""
    pause_toggled = Signal()
    """Emitted when the user presses Pause or Go on."""

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
        self.extent = ExtentChoice()
        options = TrackingOptions()
        self.only_stale, self.skip = options.only_stale, options.skip
        self.stop_when_lost, self.again = options.stop_when_lost, options.again
        self.follow, self.step = options.follow, options.step
        self.more = fold("More", options)
        self.estimate = hint()
        self.go = button("Track", self.toggled.emit, name="main")
        self.pause = button("Pause", self.pause_toggled.emit)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.words = hint()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(section("TRACK"))
        directions = row(*self.direction_buttons.values())
        for i, (_, text, _) in enumerate(DIRECTIONS):
            directions.setStretch(i, len(text))  # equal ones would cut off the longest
        layout.addLayout(directions)
        layout.addWidget(self.extent)
        layout.addWidget(self.more)
        layout.addWidget(self.estimate)
        layout.addLayout(row(self.go, self.pause, stretch=(0,)))
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        self._next = ""
        self._progress_soon = self._timer(PROGRESS_MS, self.refresh)
        self._estimate_soon = self._timer(REST_MS, self._show_estimate)
        self.step.valueChanged.connect(self._take_step)
        self.extent.changed.connect(self._estimate_soon.start)
        options.changed.connect(self.refresh)
        self.refresh()

    def _timer(self, ms: int, act: Callable[[], None]) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(ms)
        made.timeout.connect(act)
        return made

    def request(self, controller: Controller) -> TrackRequest:
        """Return what the user has chosen to track, from the frame on screen."""
        session, ids = controller.session, self.extent.track_ids(controller)
        chosen = session.tracks if ids is None else ids
        return TrackRequest(
            self.direction,
            self.extent.extent.frames(
                self.direction,
                controller.frame,
                [session.tracks[i] for i in chosen],
                controller.movie.n_frames,
            ),
            ids,
            skip_unchanged=self.skip.isChecked() and not self.again.isChecked(),
            only_stale=self.only_stale.isChecked(),
            stop_when_lost=self.stop_when_lost.isChecked(),
        )

    def show_controller(self, controller: Controller | None) -> None:
        """Show another session."""
        is_other = controller is not self.controller
        self.controller = controller
        if controller is not None and is_other:
            self.extent.fit(controller.movie.n_frames)
            with QSignalBlocker(self.step):
                self.step.setValue(round(controller.session.guards.max_step_px or 0))
        self.refresh()

    def show_progress(self, *_: object) -> None:
        """Show how far tracking is, soon: the result itself has the thread first."""
        if not self._progress_soon.isActive():
            self._progress_soon.start()

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        running = c is not None and c.schedule.is_tracking
        paused = c is not None and c.schedule.is_paused
        busy = c is not None and c.schedule.is_busy
        ready = c is not None and bool(c.session.tracks)
        self.go.setText("Stop" if running else "Track")
        self.go.setEnabled(running or ready)
        self.pause.setText("Go on" if paused else "Pause")
        self.pause.setVisible(running)
        for made, tip, action in (
            (self.go, "Stop and keep what is done" if running else "Track", "track"),
            (self.pause, "Go on with the rest" if paused else "Pause", "pause"),
        ):
            keys = " or ".join(keys_of(action))
            made.setToolTip(f"{tip} ({keys})" if keys else tip)
        for widget in (*self.direction_buttons.values(), self.extent, self.step):
            widget.setEnabled(not running)
        for box in (self.only_stale, self.stop_when_lost, self.again):
            box.setEnabled(not running)
        self.skip.setEnabled(not running and not self.again.isChecked())
        self.bar.setVisible(busy or paused)
        if c is None or not (busy or paused):
            self._show_words(self._advice(c))
        elif running and not (paused and busy):
            self._show_progress(c)
        else:
            self.bar.setRange(0, 0)
            loaded = c.segmenter.is_loaded
            self._show_words("Finding the mask …" if loaded else "Loading the model …")
        if ready and not running:
            self._estimate_soon.start()
        else:
            self.estimate.hide()

    def _show_progress(self, c: Controller) -> None:
        progress = c.schedule.progress
        # Qt would draw the bar, and the canvas with it, at once and not when it is due.
        self.bar.setUpdatesEnabled(False)
        self.bar.setRange(0, max(1, progress.total))
        self.bar.setValue(progress.done)
        self.bar.setUpdatesEnabled(True)
        if c.schedule.is_paused:
            self._show_words(
                f"Paused after {progress.done} of {progress.total} frames. Correct what"
                " you like, then go on."
            )
        elif progress.done == 0 and not c.segmenter.is_loaded:
            self._show_words("Loading the model …")
            self.bar.setRange(0, 0)
        else:
            self._show_words(str(progress))

    def _show_words(self, text: str) -> None:
        self.words.setText(text)
        self.words.setVisible(bool(text))

    def _show_estimate(self) -> None:
        c = self.controller
        if c is None or c.schedule.is_tracking or not c.session.tracks:
            return
        told = c.schedule.estimate(self.request(c), self.again.isChecked())
        self.estimate.setText(str(told))
        self.estimate.show()
        if told.n_cells:
            self._next = "Press Track to follow the objects through the movie."
        else:
            is_done = told.nothing == UP_TO_DATE
            self._next = "Save the labels, or correct any frame." if is_done else ""
        if not c.schedule.is_busy:
            self._show_words(self._advice(c))

    def _advice(self, c: Controller | None) -> str:
        """Return what to do next."""
        if c is None or not c.session.tracks:
            return "Click on an object first; then one press of Track follows it."
        if c.guessed:
            return (
                "The outlines on this frame are a guess and are not saved. Press Track"
                " to follow the objects."
            )
        return self._next

    def _choose(self, direction: Direction) -> None:
        self.direction = direction
        self._estimate_soon.start()

    def _take_step(self, step: int) -> None:
        if self.controller is not None:
            session = self.controller.session
            session.guards = replace(session.guards, max_step_px=step or None)
