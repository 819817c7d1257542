"""The list of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_sam2_ivos.widgets.icons import swatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.viewer.objects import ObjectRow

HEADERS = ("Object", "Frames", "Prompts", "State")
TIPS = (
    "Track ID: the value of the object in the label stack",
    "First and last frame that was computed",
    "Number of frames with prompts",
    "Whether it is tracked and up to date, and on how many frames it was left empty",
)


class ObjectModel(QAbstractTableModel):
    """Rows of objects for Qt; `color_of` gives the RGBA of a track ID."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[ObjectRow] = []
        self.color_of: Callable[[int], Any] = lambda track_id: (0.5, 0.5, 0.5, 1.0)

    def show(self, rows: list[ObjectRow]) -> None:
        """Replace the rows, keeping the selection where it is still possible."""
        if [r.track_id for r in rows] != [r.track_id for r in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
        elif rows != self.rows:
            self.rows = rows
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(rows) - 1, len(HEADERS) - 1)
            )

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of objects."""
        return len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(HEADERS)

    def headerData(self, section: int, way: Any, role: int = 0) -> Any:
        """Return a heading."""
        if way == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return HEADERS[section]
            if role == Qt.ItemDataRole.ToolTipRole:
                return TIPS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows."""
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(row)[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return swatch(tuple(self.color_of(row.track_id)))
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.explanation
        return None


class ObjectTable(QTableView):
    """The list; a click makes an object current."""

    picked = Signal(int)
    """Emitted with the track ID that the user selected."""
    visited = Signal(int)
    """Emitted with the track ID that the user double-clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.rows_model = ObjectModel(self)
        self.setModel(self.rows_model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        for column, width in enumerate((60, 64, 62)):
            header.resizeSection(column, width)
        self.setIconSize(QSize(12, 12))
        self.setMinimumHeight(130)
        self.clicked.connect(self._on_clicked)
        self.doubleClicked.connect(self._on_double_clicked)

    def show_rows(self, rows: list[ObjectRow], current: int | None) -> None:
        """Show the rows with the current object selected."""
        self.rows_model.show(rows)
        ids = [row.track_id for row in rows]
        if current in ids:
            at = ids.index(current)
            if self.currentIndex().row() != at:
                self.selectRow(at)
                self.scrollTo(self.rows_model.index(at, 0))
        else:
            self.clearSelection()

    def _on_clicked(self, index: QModelIndex) -> None:
        self.picked.emit(self.rows_model.rows[index.row()].track_id)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.visited.emit(self.rows_model.rows[index.row()].track_id)


def _cells(row: ObjectRow) -> tuple[str, str, str, str]:
    frames = "–"
    if row.first is not None:
        frames = (
            f"{row.first} – {row.last}" if row.last != row.first else f"{row.first}"
        )
    return str(row.track_id), frames, str(row.n_anchors or "–"), row.state_text
