"""Which object came from which, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.widgets.icons import swatch
from napari_sam2_ivos.widgets.pieces import hint

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.viewer.objects import ObjectRow

ICON = 12


class LineageTree(QDialog):
    """Mothers with their daughters; a click goes to where an object begins."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.controller: Controller | None = None
        self._shown: object = None
        self.setWindowTitle("Lineage")
        self.resize(340, 420)
        self.empty = hint(
            "No object has a mother yet. Choose 'Divide here' in the Edit menu on the"
            " first frame that shows two daughters, or 'Mother …' for one that is there"
            " already."
        )
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Object", "Class", "Frames"])
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setIconSize(QSize(ICON, ICON))
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.itemClicked.connect(self._visit)
        layout = QVBoxLayout(self)
        layout.addWidget(self.empty)
        layout.addWidget(self.tree, 1)

    def show_controller(self, controller: Controller | None) -> None:
        """Show the families of another session."""
        self.controller = controller
        self._shown = None
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        rows = {row.track_id: row for row in c.rows()} if c is not None else {}
        parents = _parents(c)
        families = [(i, parents.get(i), rows[i]) for i in _with_relatives(parents)]
        self.empty.setVisible(not families)
        self.tree.setVisible(bool(families))
        if families != self._shown:
            self._shown = families
            self._fill(families)
        current = None if c is None else c.current
        for item in self._items():
            item.setSelected(_id_of(item) == current)

    def _fill(self, families: list[tuple[int, int | None, ObjectRow]]) -> None:
        assert self.controller is not None or not families
        self.tree.clear()
        items = {}
        for track_id, _, row in families:
            item = QTreeWidgetItem([row.title, row.class_name, row.frames_text])
            item.setData(0, Qt.ItemDataRole.UserRole, track_id)
            color_of = self.controller.layers.color_of
            item.setIcon(0, swatch(tuple(color_of(track_id))))
            items[track_id] = item
        for track_id, parent, _ in families:
            if parent is None:
                self.tree.addTopLevelItem(items[track_id])
            else:
                items[parent].addChild(items[track_id])
        self.tree.setColumnHidden(1, not any(row.class_name for *_, row in families))
        self.tree.expandAll()

    def _items(self) -> list[QTreeWidgetItem]:
        wildcard = Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive
        return list(self.tree.findItems("", wildcard))

    def _visit(self, item: QTreeWidgetItem) -> None:
        c = self.controller
        track = None if c is None else c.session.tracks.get(_id_of(item))
        if c is None or track is None:
            return
        c.select(track.track_id)
        first = next(row.first for row in c.rows() if row.track_id == track.track_id)
        c.go_to(track.lifespan.start if first is None else first)


def _id_of(item: QTreeWidgetItem) -> int:
    return int(item.data(0, Qt.ItemDataRole.UserRole))


def _parents(controller: Controller | None) -> dict[int, int | None]:
    """Return the mother of each object, None for none."""
    tracks = {} if controller is None else controller.session.tracks
    return {
        i: track.parent if track.parent in tracks else None
        for i, track in sorted(tracks.items())
    }


def _with_relatives(parents: dict[int, int | None]) -> list[int]:
    """Return the objects that are mother or daughter of another."""
    mothers = set(parents.values())
    return [i for i, parent in parents.items() if parent is not None or i in mothers]
