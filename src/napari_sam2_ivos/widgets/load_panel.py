"""Beginning with what another program, or another day, has made."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtWidgets import QFileDialog, QMenu, QVBoxLayout, QWidget

from napari_sam2_ivos.viewer.editing import Question
from napari_sam2_ivos.viewer.importing import load_masks, load_prompts
from napari_sam2_ivos.widgets.pieces import button, row
from napari_sam2_ivos.widgets.questions import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.viewer.controller import Controller

MASK_FILES = "Label stack or COCO (*.tif *.tiff *.npy *.json);;All files (*)"
PROMPT_FILES = "Prompts (*.csv *.tsv *.txt);;Label image (*.tif *.tiff *.npy *.png)"

USES = (
    ("masks", "Keep them as they are, to be corrected"),
    ("prompts", "Track what lies between them"),
)


class LoadPanel(QWidget):
    """Buttons that read files into the session of the chosen movie.

    Parameters
    ----------
    ensure : callable, () -> Controller or None
        Returns the session of the chosen movie, made if there is none.
    """

    def __init__(self, ensure: Callable[[], Controller | None]) -> None:
        super().__init__()
        self._ensure = ensure
        self.masks = button(
            "Masks …",
            self._show_menu,
            "Masks of another program: a label stack, a folder of label images, Cell"
            " Tracking Challenge, COCO, LabelMe or X-AnyLabeling",
        )
        self.prompts = button(
            "Prompts …",
            self._ask_prompts,
            "Clicks and boxes in a table (CSV), or a label image for this frame",
        )
        self.menu = QMenu(self)
        self.menu.addAction("From a file …", partial(self._ask_masks, "file"))
        self.menu.addAction("From a folder …", partial(self._ask_masks, "folder"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.masks, self.prompts))

    def load_masks(self, path: Path, use: Literal["masks", "prompts"]) -> None:
        """Begin with masks of another program."""
        controller = self._ensure()
        if controller is not None:
            load_masks(controller, path, use)

    def load_prompts(self, path: Path) -> None:
        """Add prompts from a file."""
        controller = self._ensure()
        if controller is not None:
            load_prompts(controller, path)

    def _show_menu(self) -> None:
        self.menu.exec(self.masks.mapToGlobal(self.masks.rect().bottomLeft()))

    def _ask_masks(self, kind: str) -> None:
        title = "Masks of another program"
        if kind == "file":
            path, _ = QFileDialog.getOpenFileName(self, title, "", MASK_FILES)
        else:
            path = QFileDialog.getExistingDirectory(self, title)
        if not path:
            return
        text = f"What should become of the masks in '{Path(path).name}'?"
        use: Any = ask(self, Question(title, text, USES))
        if use is not None:
            self.load_masks(Path(path), use)

    def _ask_prompts(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Prompts", "", PROMPT_FILES)
        if path:
            self.load_prompts(Path(path))
