"""Small dialogs: which of these, which object, which frames, which word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.core.prompts import MAX_TRACK_ID
from napari_sam2_ivos.widgets.pieces import button, row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtWidgets import QPushButton

    from napari_sam2_ivos.viewer.editing import Question

WIDTH = 340


def ask(parent: QWidget, question: Question) -> str | None:
    """Ask something; return the key of the answer, or None to do nothing.

    Doing nothing is what Enter and Escape choose.
    """
    dialog = _Dialog(parent, question.title, question.text)
    answers: list[str] = []

    def answer(key: str) -> Callable[[], None]:
        def given() -> None:
            answers.append(key)
            dialog.accept()

        return given

    for key, words in question.choices:
        dialog.column.addWidget(_for_keys(button(words, answer(key))))
    dialog.column.addWidget(dialog.cancel)
    dialog.cancel.setDefault(True)
    dialog.cancel.setFocus()
    dialog.run()
    return answers[0] if answers else None


def ask_object(
    parent: QWidget, title: str, text: str, choices: Sequence[tuple[int, str]]
) -> int | None:
    """Ask for one of some objects, given as track IDs and what to call them."""
    box = QComboBox()
    for track_id, words in choices:
        box.addItem(words, track_id)
    box.setMaxVisibleItems(20)
    form = _Form(parent, title, text)
    form.add("Object", box)
    return int(box.currentData()) if form.is_filled_in() else None


def ask_id(
    parent: QWidget, title: str, text: str, track_id: int, here: int, n_frames: int
) -> tuple[int, range | None] | None:
    """Ask for a track ID and on which frames it is meant; None is all of them."""
    number = _spin(1, MAX_TRACK_ID, track_id)
    which = QComboBox()
    which.addItems(["On all frames", "From this frame on", "On some frames"])
    first, last = _spin(0, n_frames - 1, here), _spin(0, n_frames - 1, n_frames - 1)
    frames = _from_to(first, last)

    def show(index: int) -> None:
        frames.setEnabled(index == 2)
        if index == 1:
            first.setValue(here)
            last.setValue(n_frames - 1)

    which.currentIndexChanged.connect(show)
    show(0)
    form = _Form(parent, title, text)
    form.add("New ID", number)
    form.add("Where", which)
    form.add("Frames", frames)
    number.selectAll()
    if not form.is_filled_in():
        return None
    a, b = sorted((first.value(), last.value()))
    return number.value(), None if which.currentIndex() == 0 else range(a, b + 1)


def ask_frames(
    parent: QWidget, title: str, text: str, frames: tuple[int, int], n_frames: int
) -> tuple[int, int] | None:
    """Ask for a first and a last frame; `frames` are offered."""
    first, last = (_spin(0, n_frames - 1, frame) for frame in frames)
    form = _Form(parent, title, text)
    form.add("Frames", _from_to(first, last))
    if not form.is_filled_in():
        return None
    a, b = sorted((first.value(), last.value()))
    return a, b


def ask_word(
    parent: QWidget, title: str, text: str, now: str, known: Sequence[str]
) -> str | None:
    """Ask for a word, one of those that are in use already or another."""
    box = QComboBox()
    box.setEditable(True)
    box.addItems(list(known))
    box.setEditText(now)
    form = _Form(parent, title, text)
    form.add("Class", box)
    return box.currentText().strip() if form.is_filled_in() else None


class _Dialog(QDialog):
    """A sentence with a way out."""

    def __init__(self, parent: QWidget, title: str, text: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(WIDTH)
        words = QLabel(text)
        words.setWordWrap(True)
        self.cancel = _for_keys(button("Cancel", self.reject))
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 12, 12, 12)
        self.column.setSpacing(8)
        self.column.addWidget(words)

    def run(self) -> bool:
        """Wait for the user; return whether they went through with it."""
        is_done = bool(self.exec())
        self.deleteLater()
        return is_done


class _Form(_Dialog):
    """A sentence, some fields, and OK."""

    def __init__(self, parent: QWidget, title: str, text: str) -> None:
        super().__init__(parent, title, text)
        self.fields = QFormLayout()
        self.fields.setFieldGrowthPolicy(
            QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow
        )
        self.column.addLayout(self.fields)
        done = _for_keys(button("OK", self.accept, name="main"))
        done.setDefault(True)
        self.column.addLayout(row(self.cancel, done))

    def add(self, words: str, field: QWidget) -> None:
        """Add a field."""
        self.fields.addRow(words, field)

    def is_filled_in(self) -> bool:
        """Let the user fill it in; False if they would rather not."""
        self.fields.itemAt(0, QFormLayout.ItemRole.FieldRole).widget().setFocus()
        return self.run()


def _for_keys(made: QPushButton) -> QPushButton:
    """Let a button be chosen by Tab and pressed by Enter, as in any dialog."""
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made


def _spin(lowest: int, highest: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(lowest, highest)
    box.setValue(value)
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return box


def _from_to(first: QSpinBox, last: QSpinBox) -> QWidget:
    both = QWidget()
    both.setLayout(row(first, QLabel("to"), last, stretch=(0, 2)))
    both.setFocusProxy(first)
    return both
