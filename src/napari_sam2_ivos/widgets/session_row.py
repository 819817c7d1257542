"""Where the session is saved, and how that goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QLabel, QMenu, QSizePolicy, QVBoxLayout, QWidget

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.io.sessions.layout import SUFFIX
from napari_sam2_ivos.widgets.pieces import button, row

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller

RETRY_MS = 20_000
"""How long after a failure saving is tried again, if nothing happens meanwhile."""


class SessionRow(QWidget):
    """A line of words, and a menu: open, save as, show the folder."""

    open_wanted = Signal(Path)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.words = QLabel()
        self.words.setObjectName("hint")
        self.words.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        self.more = button("Session", self._show_menu, "Open, save as, show the folder")
        self.menu = QMenu(self)
        self.menu.addAction("Open a session …", self.ask_open)
        self.as_action = self.menu.addAction("Save as …", self.ask_save_as)
        self.show_action = self.menu.addAction("Show the folder", self._show_folder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.words, self.more, stretch=(0,)))
        self._timer = QTimer(self)
        self._timer.setInterval(RETRY_MS)
        self._timer.timeout.connect(self._retry)
        self._timer.start()

    def show_controller(self, controller: Controller | None) -> None:
        """Tell of another session."""
        self.controller = controller
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        saves = self.controller.autosave if self.controller is not None else None
        path = None if saves is None else saves.path
        text, tip = "Saved by itself from the first object on", ""
        if saves is not None and saves.problem:
            text, tip = "Not saved", saves.problem
        elif saves is not None and saves.read_only:
            text, tip = "Read-only: what you do is not saved", saves.read_only
        elif path is not None:
            text = f"Saved in {path.name}"
            tip = str(path)
        self.words.setText(text)
        self.words.setToolTip(tip)
        is_bad = saves is not None and bool(saves.problem or saves.read_only)
        self.words.setProperty("kind", "error" if is_bad else "")
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
        has_objects = self.controller is not None and self.controller.session.tracks
        self.as_action.setEnabled(bool(has_objects))
        self.show_action.setEnabled(path is not None)

    def ask_open(self) -> None:
        """Ask which session to open."""
        start = "" if self._folder() is None else str(self._folder())
        path = QFileDialog.getExistingDirectory(
            self, f"Open a session: a folder that ends in {SUFFIX}", start
        )
        if path:
            self.open_wanted.emit(Path(path))

    def ask_movie(self, session: Path) -> Path | None:
        """Ask where the movie of a session is; None for no answer."""
        path, _ = QFileDialog.getOpenFileName(
            self, f"Where is the movie of {session.name}?", str(session.parent)
        )
        return Path(path) if path else None

    def ask_save_as(self) -> None:
        """Ask where to go on saving."""
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the session as", "", f"Session (*{SUFFIX})"
        )
        if path:
            self.save_as(Path(path))

    def save_as(self, path: Path) -> None:
        """Go on saving in another folder."""
        if self.controller is None or self.controller.autosave is None:
            return
        if path.suffix != SUFFIX:
            path = path.with_name(path.name + SUFFIX)
        try:
            self.controller.autosave.save_as(path)
        except IvosError as error:
            self.failed.emit(str(error))
        self.refresh()

    def _folder(self) -> Path | None:
        saves = self.controller.autosave if self.controller is not None else None
        return None if saves is None or saves.path is None else saves.path.parent

    def _show_folder(self) -> None:
        if self._folder() is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder())))

    def _show_menu(self) -> None:
        self.menu.exec(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _retry(self) -> None:
        if self.controller is not None and self.controller.autosave is not None:
            self.controller.autosave.retry()
