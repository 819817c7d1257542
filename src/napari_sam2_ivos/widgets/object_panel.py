"""Objects: begin, choose, clear, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_sam2_ivos.widgets.object_table import ObjectTable
from napari_sam2_ivos.widgets.pieces import button, hint, row, section

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller


class ObjectPanel(QWidget):
    """The list of objects with what can be done to them."""

    new_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.table = ObjectTable()
        self.table.picked.connect(self._pick)
        self.table.visited.connect(self._visit)
        self.new = button(
            "+  New object",
            self.new_wanted.emit,
            "Begin another object (N)",
            name="main",
        )
        self.clear = button(
            "Clear this frame",
            self._clear,
            "Take back the prompts of this object on this frame (K)",
        )
        self.delete = button(
            "Delete object", self._delete, "Delete this object with prompts and masks"
        )
        self.empty = hint("No object yet. Press New object, then click on a cell.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(section("OBJECTS"), self.new, stretch=(0,)))
        layout.addWidget(self.empty)
        layout.addWidget(self.table)
        layout.addLayout(row(self.clear, self.delete))

    def show_controller(self, controller: Controller | None) -> None:
        """Show the objects of another session."""
        self.controller = controller
        if controller is not None:
            self.table.rows_model.color_of = controller.layers.color_of
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        rows = c.rows() if c is not None else []
        current = c.current if c is not None else None
        self.table.show_rows(rows, current)
        self.table.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.delete.setEnabled(current is not None)
        self.clear.setEnabled(self._can_clear())

    def _can_clear(self) -> bool:
        c = self.controller
        if c is None or c.current not in c.session.tracks:
            return False
        return c.frame in c.session.tracks[c.current].prompts

    def _pick(self, track_id: int) -> None:
        if self.controller is not None:
            self.controller.select(track_id)

    def _visit(self, track_id: int) -> None:
        if self.controller is None:
            return
        track = self.controller.session.tracks.get(track_id)
        if track is not None and track.prompts:
            self.controller.go_to(track.anchors[0])

    def _clear(self) -> None:
        if self.controller is not None:
            self.controller.clear_frame()

    def _delete(self) -> None:
        if self.controller is not None and self.controller.current is not None:
            self.controller.delete_object(self.controller.current)
