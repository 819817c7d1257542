"""Saving what was made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.viewer.channels import measured
from napari_sam2_ivos.widgets.pieces import button, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.viewer.controller import Controller

LABEL_FILES = "TIFF stack (*.tif);;numpy (*.npy);;zarr (*.zarr)"
TABLE_FILES = "Table (*.csv)"
BOX_FILES = "Table (*.csv);;MOTChallenge (*.txt)"


class ExportPanel(QWidget):
    """Buttons that write files; writing happens on a thread."""

    said = Signal(str)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self._worker: Any = None
        self.labels = button(
            "Label stack …",
            self._ask_labels,
            "Track IDs as pixel values: TIFF, npy, zarr",
        )
        self.table = button(
            "Table …", self._ask_table, "One row per object and frame: CSV"
        )
        self.boxes = button(
            "Boxes …",
            self._ask_boxes,
            "The box around each object on each frame: CSV, MOTChallenge",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(self.labels, self.table, self.boxes))

    def show_controller(self, controller: Controller | None) -> None:
        """Save from another session."""
        self.controller = controller
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        ready = self.controller is not None and bool(self.controller.session.tracks)
        for made in (self.labels, self.table, self.boxes):
            made.setEnabled(ready and self._worker is None)

    def save_labels(self, path: str | Path) -> None:
        """Write the label stack."""
        c = self.controller
        if c is None:
            return
        session, calibration = c.session, c.calibration

        def write() -> Path:
            from napari_sam2_ivos.io.labels import write_labels

            return write_labels(path, session.labels, **calibration)

        self._start(write)

    def save_table(self, path: str | Path) -> None:
        """Write the table of all objects and frames."""
        c = self.controller
        if c is None:
            return
        session, calibration = c.session, c.calibration

        def write() -> Path:
            from napari_sam2_ivos.io.tables import write_table

            tracks = dict(session.tracks)
            return write_table(
                path, session.labels, measured(session.movie), tracks, **calibration
            )

        self._start(write)

    def save_boxes(self, path: str | Path) -> None:
        """Write the bounding boxes of all objects and frames."""
        c = self.controller
        if c is None:
            return
        session = c.session

        def write() -> Path:
            from napari_sam2_ivos.io.boxes import write_boxes

            return write_boxes(path, session.labels, dict(session.tracks))

        self._start(write)

    def _ask_labels(self) -> None:
        self._ask("Save the label stack", LABEL_FILES, "_tracks.tif", self.save_labels)

    def _ask_table(self) -> None:
        self._ask("Save the table", TABLE_FILES, "_tracks.csv", self.save_table)

    def _ask_boxes(self) -> None:
        self._ask("Save the boxes", BOX_FILES, "_boxes.csv", self.save_boxes)

    def _ask(
        self, title: str, kinds: str, ending: str, save: Callable[[str], None]
    ) -> None:
        c = self.controller
        if c is None:
            return
        start = c.movie.name + ending
        path, kind = QFileDialog.getSaveFileName(self, title, start, kinds)
        if not path:
            return
        if not Path(path).suffix:
            path += kind[kind.index("*") + 1 : -1]
        save(path)

    def _start(self, write: Callable[[], Path]) -> None:
        worker = FunctionWorker(write)
        worker.returned.connect(lambda path: self.said.emit(f"Saved {path}"))
        worker.errored.connect(self._on_error)
        worker.finished.connect(self._on_finished)
        self._worker = worker
        self.said.emit("Saving …")
        worker.start()
        self.refresh()

    def _on_error(self, error: Exception) -> None:
        text = str(error)
        if not isinstance(error, IvosError):
            text = f"Nothing was saved: {error}"
        self.failed.emit(text)

    def _on_finished(self, _: object = None) -> None:
        self._worker = None
        self.refresh()
