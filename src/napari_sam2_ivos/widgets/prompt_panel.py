"""The tools: what the next click in the canvas does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.viewer.keys import KEYS
from napari_sam2_ivos.viewer.tools import Tool
from napari_sam2_ivos.widgets.icons import SIZE, tool_icon
from napari_sam2_ivos.widgets.pieces import button, hint, section

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.widgets.theme import Colours

_TITLES = {
    Tool.POSITIVE: "Click",
    Tool.NEGATIVE: "Not this",
    Tool.BOX: "Box",
    Tool.OUTLINE: "Outline",
    Tool.PAINT: "Paint",
    Tool.ERASE: "Erase",
}


class PromptPanel(QWidget):
    """One button per tool, and a line that says how to use it."""

    wanted = Signal(str)
    """Emitted with the value of the `Tool` that was chosen."""
    adopted = Signal(object)
    """Emitted with a layer of the user's to read prompts from."""

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.foreign: Any = None
        self.heading = section("PROMPT")
        self.hint = hint()
        self.buttons: dict[Tool, QToolButton] = {}
        group = QButtonGroup(self)
        tools = QHBoxLayout()
        tools.setSpacing(3)
        keys = {key.action: key.keys[0] for key in KEYS}
        for tool in Tool:
            key = f" ({keys[tool.value]})" if tool.value in keys else ""
            made = QToolButton()
            made.setObjectName("tool")
            made.setText(_TITLES[tool])
            made.setToolTip(tool.hint + key)
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            made.setCheckable(True)
            made.setIconSize(QSize(SIZE, SIZE))
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            made.clicked.connect(partial(self._choose, tool))
            group.addButton(made)
            tools.addWidget(made)
            self.buttons[tool] = made
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.heading)
        layout.addLayout(tools)
        layout.addWidget(self.hint)
        self.adopt = button("", self._adopt, "Its rows count as prompts from now on")
        layout.addWidget(self.adopt)
        self.adopt.hide()

    def _adopt(self) -> None:
        if self.foreign is not None:
            self.adopted.emit(self.foreign)

    def show_foreign(self, layer: Any | None) -> None:
        """Offer to read a layer that the user has made, or offer nothing."""
        self.foreign = layer
        self.adopt.setVisible(layer is not None)
        if layer is not None:
            self.adopt.setText(f"Use '{layer.name}' as prompts")

    def _choose(self, tool: Tool) -> None:
        self.wanted.emit(tool.value)

    def show_theme(self, colours: Colours) -> None:
        """Draw the pictures in the colours of the theme."""
        for tool, made in self.buttons.items():
            made.setIcon(tool_icon(tool, colours.text, colours.on_accent))

    def show_controller(self, controller: Controller | None) -> None:
        """Show the tool of another session."""
        self.controller = controller
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        if c is None or c.current is None:
            self.heading.setText("PROMPT")
            self.hint.setText("Choose a tool to begin the first object.")
            return
        self.buttons[c.tool].setChecked(True)
        where = f"frame {c.frame}" if 0 <= c.frame < c.movie.n_frames else "no frame"
        self.heading.setText(f"PROMPT  ·  object {c.current}, {where}")
        self.hint.setText(c.tool.hint)
