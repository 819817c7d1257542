"""Choosing the model and the device."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.engine.catalogue import entries, find, installed_path
from napari_sam2_ivos.widgets.download import ModelDownload
from napari_sam2_ivos.widgets.model_choice import ModelChoice
from napari_sam2_ivos.widgets.pieces import button, hint, row

OWN = "own"
DEVICES = (
    ("Automatic (fastest)", None),
    ("Graphics card (CUDA)", "cuda"),
    ("Apple graphics (MPS)", "mps"),
    ("Processor (CPU)", "cpu"),
)


class ModelPanel(QWidget):
    """Model, device, and files of one's own."""

    changed = Signal()
    """Emitted when another model or device was chosen."""
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.model, self.device = QComboBox(), QComboBox()
        for title, name in DEVICES:
            self.device.addItem(title, name)
        for combo in (self.model, self.device):
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.setMinimumContentsLength(12)
        self.checkpoint, self.config = QLineEdit(), QLineEdit()
        self.checkpoint.setPlaceholderText(".pt or .safetensors")
        self.config.setPlaceholderText(".yaml, as sam2 has them")
        self.note = hint()
        self.get = button("Download", self._download, name="main")
        self.bar = QProgressBar()
        self.own = QWidget()
        own = QFormLayout(self.own)
        own.setContentsMargins(0, 0, 0, 0)
        for title, edit in (("Checkpoint", self.checkpoint), ("Config", self.config)):
            browse = button("…", partial(self._browse, edit), "Choose a file")
            own.addRow(title, row(edit, browse, stretch=(0,)))
            edit.editingFinished.connect(self._on_changed)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Model", self.model)
        form.addRow("Runs on", self.device)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(form)
        layout.addWidget(self.own)
        layout.addWidget(self.note)
        layout.addWidget(self.get)
        layout.addWidget(self.bar)
        self._download_job = ModelDownload()
        self._download_job.progressed.connect(self._on_progress)
        self._download_job.ended.connect(self._on_downloaded)
        self._fill()
        self.model.currentIndexChanged.connect(self._on_changed)
        self.device.currentIndexChanged.connect(self._on_changed)
        self._show()

    @property
    def choice(self) -> ModelChoice:
        """What is chosen."""
        device = self.device.currentData()
        if self.model.currentData() == OWN:
            return ModelChoice(
                checkpoint=self.checkpoint.text().strip() or None,
                config=self.config.text().strip() or None,
                device=device,
            )
        return ModelChoice(model=self.model.currentData(), device=device)

    @property
    def summary(self) -> str:
        """The choice in a few words."""
        if self.model.currentData() == OWN:
            return "your own checkpoint"
        entry = find(self.model.currentData())
        missing = entry.url is not None and installed_path(entry) is None
        return f"{entry.title} (to be downloaded)" if missing else entry.title

    def _fill(self) -> None:
        """List the models, with what each would take to have."""
        chosen = self.model.currentData()
        with QSignalBlocker(self.model):
            self.model.clear()
            for entry in entries():
                here = installed_path(entry) is not None
                size = f"  ({entry.size_bytes / 1e6:.0f} MB download)"
                is_file = here or entry.url is None
                self.model.addItem(entry.title + ("" if is_file else size), entry.name)
            self.model.addItem("A checkpoint file of your own …", OWN)
            if chosen is not None:
                self.model.setCurrentIndex(self.model.findData(chosen))

    def _on_changed(self, *_: Any) -> None:
        self._show()
        if not self.get.isVisibleTo(self):
            self.changed.emit()

    def _show(self) -> None:
        own = self.model.currentData() == OWN
        self.own.setVisible(own)
        self.bar.setVisible(self._download_job.is_running)
        if own:
            self.note.setText("Any SAM 2 or SAM 2.1 checkpoint with its config works.")
            self.get.hide()
            return
        entry = find(self.model.currentData())
        missing = installed_path(entry) is None
        self.note.setText(
            f"{entry.note[:1].upper()}{entry.note[1:]}. Licence: {entry.licence}."
        )
        self.get.setVisible(missing and entry.url is not None)
        self.get.setText("Stop" if self._download_job.is_running else "Download")

    def _browse(self, edit: QLineEdit) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a file", edit.text())
        if path:
            edit.setText(path)
            self._on_changed()

    def _download(self) -> None:
        if self._download_job.is_running:
            self._download_job.stop()
            return
        self.bar.setRange(0, 0)
        self._download_job.start(find(self.model.currentData()))
        self._show()

    def _on_progress(self, done: int, total: int) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * done / max(1, total)))

    def _on_downloaded(self, problem: str) -> None:
        self._fill()
        self._show()
        if problem:
            self.failed.emit(problem)
        else:
            self.changed.emit()
