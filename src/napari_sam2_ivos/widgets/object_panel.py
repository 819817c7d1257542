"""Objects: begin, choose, edit, delete, take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QPoint, Signal
from qtpy.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from napari_sam2_ivos.widgets.lineage_tree import LineageTree
from napari_sam2_ivos.widgets.object_buttons import ObjectButtons, with_key
from napari_sam2_ivos.widgets.object_menu import ObjectMenu
from napari_sam2_ivos.widgets.object_model import OBJECT
from napari_sam2_ivos.widgets.object_table import ObjectTable
from napari_sam2_ivos.widgets.pieces import button, hint, row, section
from napari_sam2_ivos.widgets.take_over import TakeOver

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.widgets.theme import Colours

MANY = 20
"""More objects than this can be searched."""


class ObjectPanel(QWidget):
    """The list of objects with what can be done to them.

    Parameters
    ----------
    viewer : napari.Viewer
        Where segmentations to take over are looked for.
    """

    new_wanted = Signal()
    session_wanted = Signal()
    """Emitted when objects are wanted before there is a session."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.controller: Controller | None = None
        self.new = button("+  New object", self.new_wanted.emit, name="main")
        self.take_over = TakeOver()
        self.empty = hint("No object yet. Press New object, then click on a cell.")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find by ID, name or class")
        self.search.setClearButtonEnabled(True)
        self.table = ObjectTable()
        self.buttons = ObjectButtons()
        self.menu = ObjectMenu(self, self.take_over)
        self.tree = LineageTree(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(section("OBJECTS"), self.new, stretch=(0,)))
        layout.addWidget(self.take_over)
        layout.addWidget(self.empty)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 100)
        layout.addWidget(self.buttons)
        layout.addStretch(1)  # takes the room of the list where there is none
        self.take_over.wanted.connect(self._take)
        self.search.textChanged.connect(self.refresh)
        self.table.picked.connect(self._pick)
        self.table.visited.connect(self._visit)
        self.table.menu_wanted.connect(self._open_menu)
        self.table.rows_model.named.connect(self._name)
        self.table.rows_model.classed.connect(self._class)
        self.buttons.menu_wanted.connect(self._open_menu)
        self.menu.name_wanted.connect(self._begin_name)
        self.menu.lineage_wanted.connect(self.show_lineage)

    def show_controller(self, controller: Controller | None) -> None:
        """Show the objects of another session."""
        self.controller = controller
        self.menu.controller = self.buttons.controller = controller
        self.search.clear()
        if controller is not None:
            self.table.rows_model.color_of = controller.layers.color_of
        self.tree.show_controller(controller)
        self.refresh()

    def show_theme(self, colours: Colours) -> None:
        """Use the colours of the theme."""
        self.table.show_theme(colours)

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        rows = c.rows() if c is not None else []
        self.search.setVisible(len(rows) > MANY or bool(self.search.text()))
        found = [row for row in rows if row.matches(self.search.text())]
        selected = c.selected if c is not None else ()
        self.table.show_rows(found, selected, None if c is None else c.current)
        self.table.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.take_over.look(self.viewer, c)
        self.new.setToolTip(with_key("Begin another object", "new_object"))
        self.buttons.refresh()
        if self.tree.isVisible():
            self.tree.refresh()

    def show_lineage(self) -> None:
        """Open the tree of mothers and daughters."""
        self.tree.refresh()
        self.tree.show()
        self.tree.raise_()

    def take_over_all(self) -> None:
        """Make objects of all labels on this frame of the layer that is offered."""
        if self.take_over.layer is not None:
            self._take("all")
        elif self.controller is not None:
            self.controller.said.emit(
                "There is no segmentation to take over. Add it as a Labels layer."
            )

    # ---- what the user does --------------------------------------------------

    def _pick(self, track_ids: tuple[int, ...]) -> None:
        if self.controller is not None:
            self.controller.select_many(track_ids)

    def _visit(self, track_id: int) -> None:
        c = self.controller
        track = None if c is None else c.session.tracks.get(track_id)
        if c is not None and track is not None and track.prompts:
            c.go_to(track.anchors[0])

    def _name(self, track_id: int, text: str) -> None:
        if self.controller is not None:
            self.controller.editing.set_name(track_id, text)

    def _class(self, track_id: int, text: str) -> None:
        if self.controller is not None:
            self.controller.editing.set_class([track_id], text)

    def _begin_name(self) -> None:
        if self.controller is not None and self.controller.current is not None:
            self.table.edit_cell(self.controller.current, OBJECT)

    def _take(self, what: str) -> None:
        layer = self.take_over.layer
        if self.controller is None:
            self.session_wanted.emit()
        if self.controller is None or layer is None:
            return
        if what == "stack":
            self.controller.editing.load_stack(layer)
        else:
            self.controller.editing.take_over(layer, what == "selected")

    def _open_menu(self, at: QPoint) -> None:
        self.menu.popup(at)
