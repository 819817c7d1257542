"""The tools: what the next click in the canvas does, and what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.core.prompts import N_CANDIDATES
from napari_sam2_ivos.viewer.key_choice import key_choice, keys_of
from napari_sam2_ivos.viewer.tools import Tool
from napari_sam2_ivos.widgets.connections import Connections
from napari_sam2_ivos.widgets.icons import SIZE, tool_icon
from napari_sam2_ivos.widgets.pieces import button, hint, row, section

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.widgets.theme import Colours

_ROWS = (
    {
        Tool.POSITIVE: "Click",
        Tool.SCRIBBLE: "Scribble",
        Tool.PAINT: "Paint",
        Tool.BOX: "Box",
    },
    {
        Tool.NEGATIVE: "Not this",
        Tool.NOT_SCRIBBLE: "Not here",
        Tool.ERASE: "Erase",
        Tool.OUTLINE: "Outline",
    },
)
"""Titles as they are laid out: what takes away lies below what gives."""

_ACCEPT = (
    "Keep the mask of this object on this frame as it is: nothing overwrites it, and"
    "\nthe frames around it follow from it"
)


class PromptPanel(QWidget):
    """One button per tool, a line that says how to use it, and the mask's fate."""

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
        tools = QGridLayout()
        tools.setSpacing(3)
        for line, titles in enumerate(_ROWS):
            for column, (tool, title) in enumerate(titles.items()):
                made = QToolButton()
                made.setObjectName("tool")
                made.setText(title)
                made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
                made.setCheckable(True)
                made.setIconSize(QSize(SIZE, SIZE))
                made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
                made.setSizePolicy(
                    QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
                )
                made.clicked.connect(partial(self._choose, tool))
                group.addButton(made)
                tools.addWidget(made, line, column)
                tools.setColumnStretch(column, 1)
                self.buttons[tool] = made
        self.previous = button("‹", partial(self._cycle, -1))
        self.following = button("›", partial(self._cycle, 1))
        self.number = QLabel()
        self.number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.candidates = QWidget()
        self.candidates.setLayout(
            row(
                hint("Part or whole?"),
                self.previous,
                self.number,
                self.following,
                stretch=(0,),
            )
        )
        self.accept = button("", self._accept, name="segment")
        self.accept.setCheckable(True)
        self.adopt = button("", self._adopt, "Its rows count as prompts from now on")
        self.adopt.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.heading)
        layout.addLayout(tools)
        layout.addWidget(self.hint)
        layout.addWidget(self.candidates)
        layout.addWidget(self.accept)
        layout.addWidget(self.adopt)
        links = Connections()
        links.connect(key_choice().changed, self._show_keys)
        self.destroyed.connect(links.close)
        self._show_keys()
        self.refresh()

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

    def _cycle(self, step: int) -> None:
        if self.controller is not None:
            self.controller.cycle_candidate(step)

    def _accept(self) -> None:
        if self.controller is not None:
            self.controller.editing.accept()
        self.refresh()

    def _show_keys(self) -> None:
        for tool, made in self.buttons.items():
            made.setToolTip(tool.hint + _key(tool.value))
        self.accept.setToolTip(_ACCEPT + _key("accept"))
        self.previous.setToolTip("The mask before")
        self.following.setToolTip(
            "A click can mean a part, the whole, or more: try another mask"
            + _key("candidate")
        )

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
            self.candidates.hide()
            self._show_accepted(False, False)
            return
        self.buttons[c.tool].setChecked(True)
        is_on_frame = 0 <= c.frame < c.movie.n_frames
        where = f"frame {c.frame}" if is_on_frame else "no frame"
        self.heading.setText(f"PROMPT  ·  object {c.current}, {where}")
        track = c.session.tracks.get(c.current)
        is_locked = track is not None and track.is_locked
        self.hint.setText(
            f"Object {c.current} is locked. Unlock it in the list to change it."
            if is_locked
            else c.tool.hint
        )
        prompts = c.session.prompts(c.current, c.frame)
        is_open = not (is_locked or prompts.is_locked)
        self.candidates.setVisible(prompts.is_ambiguous and is_open)
        self.number.setText(f"{prompts.candidate % N_CANDIDATES + 1} of {N_CANDIDATES}")
        has_mask = is_on_frame and track is not None and track.area[c.frame] > 0
        self._show_accepted(prompts.is_locked, bool(has_mask) and not is_locked)

    def _show_accepted(self, is_accepted: bool, may_change: bool) -> None:
        self.accept.setText("✓  Accepted" if is_accepted else "Accept this frame")
        self.accept.setChecked(is_accepted)
        self.accept.setEnabled(may_change)


def _key(action: str) -> str:
    """Return the key of an action as a tool tip shows it."""
    keys = keys_of(action)[:1] if action in key_choice().keys else ()
    return f" ({keys[0]})" if keys else ""
