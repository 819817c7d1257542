"""Saving what was made, for other programs."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QProgressBar, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_sam2_ivos.core.errors import Cancelled, IvosError
from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie
from napari_sam2_ivos.io.exports.formats import (
    FORMATS,
    Format,
    export,
    format_of,
)
from napari_sam2_ivos.viewer.channels import further_channels, measured
from napari_sam2_ivos.widgets.pieces import button, row

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller

FIRST = ("tiff", "table")
"""Formats with a button of their own; the others are in a menu."""


class ExportPanel(QWidget):
    """Buttons that write files; writing happens on a thread and can be stopped."""

    said = Signal(str)
    failed = Signal(str)
    progressed = Signal(int)
    """Emitted with each frame that is written, on the thread that writes."""

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self._worker: Any = None
        self._stopping = Event()
        self.labels = button(
            "Label stack …",
            partial(self.ask, "tiff"),
            "Track IDs as pixel values, for Fiji, napari and Python: TIFF",
        )
        self.table = button(
            "Table …",
            partial(self.ask, "table"),
            "One row per object and frame: area, place, shape, intensity, speed: CSV",
        )
        self.others = button("Other …", self._show_menu, "For other programs")
        self.menu = self._make_menu()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.progressed.connect(self.bar.setValue)
        self.stop = button("Stop", self._stop, "Stop writing; nothing is left behind")
        self._progress = QWidget()
        self._progress.setLayout(row(self.bar, self.stop, stretch=(0,)))
        self._progress.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(self.labels, self.table, self.others))
        layout.addWidget(self._progress)

    def show_controller(self, controller: Controller | None) -> None:
        """Save from another session."""
        self.controller = controller
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        ready = self.controller is not None and bool(self.controller.session.tracks)
        for made in (self.labels, self.table, self.others):
            made.setEnabled(ready and self._worker is None)
        self._progress.setVisible(self._worker is not None)

    def ask(self, key: str) -> None:
        """Ask where a format is written to, and write it there."""
        c, chosen = self.controller, format_of(key)
        if c is None:
            return
        title, start = f"Save as {chosen.title}", Path(c.movie.name).stem
        if not chosen.suffixes:
            path, _ = QFileDialog.getSaveFileName(
                self, title, f"{start}_{key}", "New folder (*)"
            )
        else:
            kinds = ";;".join(f"{chosen.title} (*{end})" for end in chosen.suffixes)
            path, kind = QFileDialog.getSaveFileName(
                self, title, f"{start}_tracks{chosen.suffixes[0]}", kinds
            )
            if path and not path.lower().endswith(chosen.suffixes):
                path += kind[kind.rindex("*") + 1 : -1]
        if path:
            self.save(key, path)

    def save(self, key: str, path: str | Path) -> None:
        """Write a format to a place."""
        c = self.controller
        if c is None:
            return
        file = c.image.source.path
        stopping = self._stopping = Event()

        def on_frame(frame: int) -> None:
            if stopping.is_set():
                raise Cancelled("Stopped; nothing was saved.")
            self.progressed.emit(frame)

        # What the user does meanwhile to objects is not in it: they are copied here.
        tracks = {i: track.copy() for i, track in c.session.tracks.items()}
        annotated = AnnotatedMovie(
            measured(c.movie),
            c.session.labels,
            tracks,
            **c.calibration,
            channels=further_channels(c.movie),
            path=None if file is None else Path(file),
            model=c.segmenter.model_name,
            on_frame=on_frame,
        )
        worker: Any = FunctionWorker(export, key, path, annotated)
        worker.returned.connect(partial(self._on_written, path))
        worker.errored.connect(self._on_error)
        worker.finished.connect(self._on_finished)
        self._worker = worker
        self.bar.setRange(0, c.movie.n_frames)
        self.bar.setValue(0)
        self.said.emit("Saving …")
        worker.start()
        self.refresh()

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        listed = [chosen for key, chosen in FORMATS.items() if key not in FIRST]
        for group, formats in groupby(listed, key=lambda chosen: chosen.group):
            menu.addSection(group)
            for chosen in formats:
                menu.addAction(_words(chosen), partial(self.ask, chosen.key))
        return menu

    def _show_menu(self) -> None:
        self.menu.exec(self.others.mapToGlobal(self.others.rect().bottomLeft()))

    def _stop(self) -> None:
        self._stopping.set()

    def _on_written(self, path: str | Path, remarks: list[str]) -> None:
        self.said.emit(" ".join([f"Saved {path}.", *remarks]))

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            self.said.emit(str(error))
        elif isinstance(error, IvosError):
            self.failed.emit(str(error))
        else:
            self.failed.emit(f"Nothing was saved: {error}")

    def _on_finished(self, _: object = None) -> None:
        self._worker = None
        self.refresh()


def _words(chosen: Format) -> str:
    endings = ", ".join(chosen.suffixes) or "folder"
    return f"{chosen.title} ({endings}) …"
