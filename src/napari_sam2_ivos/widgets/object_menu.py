"""The menu of objects: behind the Edit button, and on the rows of the list."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QMenu, QWidget

from napari_sam2_ivos.viewer.key_choice import keys_of
from napari_sam2_ivos.widgets.object_entries import Entries, Entry
from napari_sam2_ivos.widgets.take_over import OFFERS, TakeOver

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller


class ObjectMenu(QMenu):
    """Filled anew whenever it opens.

    What cannot be done now is grey, and its tooltip says why.

    Parameters
    ----------
    parent : QWidget
        What dialogs belong to.
    take_over : TakeOver
        What segmentation there is to take over.
    """

    name_wanted = Signal()
    """Emitted when the user wants to name the current object."""
    lineage_wanted = Signal()
    """Emitted when the user wants to see the tree of mothers and daughters."""

    def __init__(self, parent: QWidget, take_over: TakeOver) -> None:
        super().__init__(parent)
        self.controller: Controller | None = None
        self._parent = parent
        self._take_over = take_over
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)

    def groups(self) -> tuple[tuple[Entry, ...], ...]:
        """What can be done now, and what cannot."""
        found = self._entries()
        return () if found is None else found.groups()

    def fill(self) -> None:
        """Show what can be done now."""
        self.clear()
        found = self._entries()
        if found is None:
            return
        self.addAction(found.heading).setEnabled(False)
        self.addSeparator()
        for group in found.groups():
            for entry in group:
                _add(self, entry)
            self.addSeparator()
        self._add_take_over()

    def _entries(self) -> Entries | None:
        if self.controller is None:
            return None
        wanted = self.name_wanted.emit, self.lineage_wanted.emit
        return Entries(self.controller, self._parent, *wanted)

    def _add_take_over(self) -> None:
        layer = self._take_over.layer
        if layer is None:
            action = self.addAction("Take over a segmentation")
            action.setEnabled(False)
            action.setToolTip("Add a Labels layer with a segmentation first.")
            return
        below = QMenu(f"Take over '{layer.name}'", self)
        self.addMenu(below)
        below.setToolTipsVisible(True)
        for key in self._take_over.offered:
            text, tip = OFFERS[key]
            _add(below, Entry(text, partial(self._take_over.wanted.emit, key), tip=tip))


def _add(menu: QMenu, entry: Entry) -> None:
    def do(checked: bool) -> None:
        entry.act()

    key = keys_of(entry.key)[:1] if entry.key else ()
    action = menu.addAction("\t".join([entry.text, *key]))  # Qt puts it at the right
    action.triggered.connect(do)
    action.setEnabled(not entry.why_not)
    action.setToolTip(entry.why_not or entry.tip)
