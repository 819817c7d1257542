"""Buttons for what is done to objects most often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPoint, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_sam2_ivos.viewer.key_choice import keys_of
from napari_sam2_ivos.widgets.pieces import button, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QPushButton

    from napari_sam2_ivos.viewer.controller import Controller

    Act = Callable[[Controller], object]
    Switch = Callable[[Controller, list[int], bool], object]


class ObjectButtons(QWidget):
    """For the current object, those that are selected, and the last action."""

    menu_wanted = Signal(QPoint)
    """Emitted with where on the screen the user asked for a menu."""

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.clear = self._button("Clear this frame", lambda c: c.clear_frame())
        self.delete = self._button("Delete", lambda c: c.editing.delete(c.selected))
        self.edit = button(
            "Edit  ▾", self._open_menu, "What else can be done to these objects"
        )
        self.hide_them = self._switch(
            "Hide", lambda c, ids, on: c.editing.hide(ids, on)
        )
        self.isolate = self._switch("Isolate", lambda c, ids, on: c.editing.isolate(on))
        self.lock = self._switch(
            "Lock", lambda c, ids, on: c.editing.set_locked(ids, on)
        )
        self.undo = self._button("Undo", lambda c: c.editing.undo(), "segment")
        self.redo = self._button("Redo", lambda c: c.editing.redo(), "segment")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(self.clear, self.delete, self.edit))
        layout.addLayout(
            row(self.hide_them, self.isolate, self.lock, self.undo, self.redo)
        )

    def refresh(self) -> None:
        """Show what can be done, and what holds."""
        c, chosen = self.controller, self._chosen()
        tracks = {} if c is None else c.session.tracks
        locked = [i for i in chosen if tracks[i].is_locked]
        some = f"these {len(chosen)} objects" if len(chosen) > 1 else "this object"
        self.clear.setEnabled(self._can_clear())
        self.clear.setToolTip(
            with_key("Take back the prompts of this object here", "clear_frame")
        )
        self.delete.setEnabled(c is not None and c.current is not None and not locked)
        self.delete.setToolTip(
            f"Object {locked[0]} is locked. Unlock it first."
            if locked
            else with_key(f"Delete {some} with prompts and masks", "delete_object")
        )
        self.edit.setEnabled(c is not None)
        for made in (self.hide_them, self.lock):
            made.setEnabled(bool(chosen))
        self.hide_them.setChecked(
            c is not None and bool(chosen) and set(chosen) <= c.editing.hidden
        )
        self.hide_them.setToolTip(with_key(f"Do not show {some} in the image", "hide"))
        self.lock.setChecked(bool(chosen) and chosen == locked)
        self.lock.setToolTip(
            f"Let nothing change {some}: no tracking, no prompt, no other object"
        )
        self.isolate.setEnabled(c is not None and c.current is not None)
        self.isolate.setChecked(c is not None and c.editing.is_isolated)
        self.isolate.setToolTip(
            with_key("Show the masks of no other object", "isolate")
        )
        done = None if c is None else c.editing.undo_name
        undone = None if c is None else c.editing.redo_name
        self._show_step(self.undo, done, "undo")
        self._show_step(self.redo, undone, "redo")

    def _show_step(self, made: QPushButton, name: str | None, word: str) -> None:
        made.setEnabled(bool(name))
        what = f"{word.capitalize()}: {name}" if name else f"Nothing to {word}"
        made.setToolTip(with_key(what, word))

    def _can_clear(self) -> bool:
        c = self.controller
        track = None if c is None else c.session.tracks.get(c.current or 0)
        if c is None or track is None:
            return False
        return c.frame in track.prompts and not track.is_locked

    def _chosen(self) -> list[int]:
        """Return the selected objects that have been begun."""
        c = self.controller
        return [] if c is None else [i for i in c.selected if i in c.session.tracks]

    def _button(self, text: str, act: Act, name: str = "") -> QPushButton:
        def pressed() -> None:
            if self.controller is not None:
                act(self.controller)

        return button(text, pressed, name=name)

    def _switch(self, text: str, act: Switch) -> QPushButton:
        """Return a button that stays down while something holds for the objects."""
        made = self._button(
            text, lambda c: act(c, self._chosen(), made.isChecked()), "segment"
        )
        made.setCheckable(True)
        return made

    def _open_menu(self) -> None:
        below = QPoint(0, self.edit.height())
        self.menu_wanted.emit(self.edit.mapToGlobal(below))


def with_key(text: str, action: str) -> str:
    """Return a tooltip with the keys that do the same."""
    keys = " or ".join(keys_of(action))
    return f"{text} ({keys})" if keys else text
