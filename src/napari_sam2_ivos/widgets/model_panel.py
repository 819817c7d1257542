"""Choosing the model and the device."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

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

from napari_sam2_ivos.engine.catalogue import entries, find
from napari_sam2_ivos.engine.choice import AUTOMATIC, foreseen
from napari_sam2_ivos.engine.installed import installed_path
from napari_sam2_ivos.viewer.settings import settings
from napari_sam2_ivos.widgets.download import ModelDownload
from napari_sam2_ivos.widgets.model_choice import ModelChoice
from napari_sam2_ivos.widgets.pieces import button, hint, row

if TYPE_CHECKING:
    from napari_sam2_ivos.core.views import LookAt
    from napari_sam2_ivos.engine.catalogue import ModelEntry

OWN = "own"
DEVICES = (
    ("Automatic (fastest)", None),
    ("Graphics card (CUDA)", "cuda"),
    ("Apple graphics (MPS)", "mps"),
    ("Processor (CPU)", "cpu"),
)
INPUT_SIZES = (
    ("As it was trained", None),
    ("896 pixels (published models: faster)", 896),
    ("448 pixels (published models: much faster)", 448),
)
LOOKS: tuple[tuple[str, LookAt], ...] = (
    ("Automatic", "automatic"),
    ("A window around each object", "windows"),
    ("The whole frame", "whole-frame"),
)


class ModelPanel(QWidget):
    """Model, device, what it looks at, and files of one's own."""

    changed = Signal()
    """Emitted when anything else was chosen."""
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.model, self.device = QComboBox(), QComboBox()
        self.input_size, self.look_at = QComboBox(), QComboBox()
        for title, name in DEVICES:
            self.device.addItem(title, name)
        for title, size in INPUT_SIZES:
            self.input_size.addItem(title, size)
        for title, look in LOOKS:
            self.look_at.addItem(title, look)
        self.input_size.setToolTip(
            "A whole frame is resized to a square of this side for the model. Small"
            " cells in large images need all of it, or windows; large ones do not."
        )
        self.look_at.setToolTip(
            "The whole frame is squeezed to the size that the model works on, so that"
            " small cells in a large image lose their detail. A window around each cell"
            " shows the model far more of it. Automatic decides for each cell by its"
            " size."
        )
        for combo in (self.model, self.device, self.input_size, self.look_at):
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
        form.addRow("Detail", self.input_size)
        form.addRow("Looks at", self.look_at)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(form)
        layout.addWidget(self.own)
        layout.addWidget(self.note)
        layout.addWidget(self.get)
        layout.addWidget(self.bar)
        begin = settings()
        self._foreseen = foreseen(begin.device)
        self._loaded = ""
        self._download_job = ModelDownload(self)
        self._download_job.progressed.connect(self._on_progress)
        self._download_job.ended.connect(self._on_downloaded)
        self._fill()
        for combo, wanted in (
            (self.model, begin.model),
            (self.device, begin.device),
            (self.look_at, begin.look_at),
        ):
            combo.setCurrentIndex(max(0, combo.findData(wanted)))
        self.model.currentIndexChanged.connect(self._on_changed)
        self.device.currentIndexChanged.connect(self._on_changed)
        self.input_size.currentIndexChanged.connect(self._on_changed)
        self.look_at.currentIndexChanged.connect(self._on_changed)
        self._show()

    @property
    def choice(self) -> ModelChoice:
        """What is chosen."""
        choice = ModelChoice(
            device=self.device.currentData(),
            input_size=self.input_size.currentData(),
            look_at=self.look_at.currentData(),
        )
        if self.model.currentData() == OWN:
            return replace(
                choice,
                checkpoint=self.checkpoint.text().strip() or None,
                config=self.config.text().strip() or None,
            )
        return replace(choice, model=self.model.currentData())

    def choose(self, name: str) -> None:
        """Choose a model of the catalogue that is installed; others are left alone."""
        at = self.model.findData(name)
        if at >= 0 and name not in (OWN, AUTOMATIC):
            before = self.model.currentIndex()
            self.model.setCurrentIndex(at)
            if self._is_missing:
                self.model.setCurrentIndex(before)

    @property
    def summary(self) -> str:
        """The model in a few words: by its name, if that is known."""
        if self.model.currentData() == OWN:
            return "your own checkpoint"
        return self.model.currentText().removeprefix("Automatic: ")

    def show_loaded(self, name: str) -> None:
        """Take note of which model is loaded; an empty name if none is."""
        if name != self._loaded:
            self._loaded = name
            self._show()

    @property
    def _entry(self) -> ModelEntry | None:
        """The model of the catalogue that was chosen by name."""
        name = self.model.currentData()
        return None if name in (AUTOMATIC, OWN) else find(name)

    @property
    def _is_missing(self) -> bool:
        """Whether the chosen model must be downloaded first."""
        entry = self._entry
        return (
            entry is not None
            and entry.url is not None
            and installed_path(entry) is None
        )

    def _fill(self) -> None:
        """List the models, with what each would take to have."""
        chosen = self.model.currentData()
        with QSignalBlocker(self.model):
            self.model.clear()
            self.model.addItem("Automatic", AUTOMATIC)
            for entry in entries():
                here = installed_path(entry) is not None
                size = f"  ({entry.size_bytes / 1e6:.0f} MB download)"
                is_file = here or entry.url is None
                self.model.addItem(entry.title + ("" if is_file else size), entry.name)
            self.model.addItem("A checkpoint file of your own …", OWN)
            if chosen is not None:
                self.model.setCurrentIndex(self.model.findData(chosen))

    def _on_changed(self, *_: Any) -> None:
        self._foreseen = foreseen(self.device.currentData())
        self._show()
        if not self._is_missing:
            self.changed.emit()

    def _show(self) -> None:
        running = self._download_job.is_running
        self.own.setVisible(self.model.currentData() == OWN)
        self.bar.setVisible(running)
        self.get.setVisible(running or self._is_missing)
        self.get.setText("Stop" if running else "Download")
        title, reason = self._automatic()
        self.model.setItemText(0, f"Automatic: {title}" if title else "Automatic")
        self.note.setText(self._note(reason))

    def _automatic(self) -> tuple[str, str]:
        """Return the title of the model that is taken if none is named, and why.

        Which one the graphics card gets is known when it is loaded, since only
        torch knows the card.
        """
        if self._foreseen is not None:
            return self._foreseen.entry.title, f" ({self._foreseen.reason})"
        is_chosen = self.model.currentData() == AUTOMATIC
        titles = {entry.name: entry.title for entry in entries()} if is_chosen else {}
        return titles.get(self._loaded, ""), ""

    def _note(self, reason: str) -> str:
        if self.model.currentData() == OWN:
            return "Any SAM 2 or SAM 2.1 checkpoint with its config works."
        entry = self._entry
        if entry is None:
            return f"The best model that is installed and fits the device{reason}."
        return f"{entry.note[:1].upper()}{entry.note[1:]}. Licence: {entry.licence}."

    def _browse(self, edit: QLineEdit) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a file", edit.text())
        if path:
            edit.setText(path)
            self._on_changed()

    def _download(self) -> None:
        if self._download_job.is_running:
            self._download_job.stop()
            return
        entry = self._entry
        if entry is not None:
            self.bar.setRange(0, 0)
            self._download_job.start(entry)
            self._show()

    def _on_progress(self, done: int, total: int) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * done / max(1, total)))

    def _on_downloaded(self, problem: str) -> None:
        self._fill()
        self._on_changed()
        if problem:
            self.failed.emit(problem)
