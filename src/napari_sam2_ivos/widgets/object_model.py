"""What the list of objects shows in each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QColor

from napari_sam2_ivos.widgets.icons import swatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.viewer.objects import ObjectRow

OBJECT, CLASS, FRAMES, PROMPTS, SCORE, STATE = range(6)
HEADERS = ("Object", "Class", "Frames", "Prompts", "Score", "State")
TIPS = (
    "Track ID, the value of the object in the label stack, and name",
    "What kind of thing it is; double-click to change",
    "First and last frame that was computed",
    "Number of frames with prompts",
    "How sure the model is of the worst frame that you have not prompted or found fine",
    "Whether it is tracked and up to date, and on how many frames it was left empty",
)


class ObjectModel(QAbstractTableModel):
    """Rows of objects for Qt; `color_of` gives the RGBA of a track ID."""

    named = Signal(int, str)
    """Emitted with the track ID and the name that the user typed."""
    classed = Signal(int, str)
    """Emitted with the track ID and the class that the user typed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[ObjectRow] = []
        self.color_of: Callable[[int], Any] = lambda track_id: (0.5, 0.5, 0.5, 1.0)
        self.muted = QColor("gray")

    def show(self, rows: list[ObjectRow]) -> bool:
        """Replace the rows; return whether they are other objects than before."""
        before = self.rows
        if [r.track_id for r in rows] != [r.track_id for r in before]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return True
        self.rows = rows
        changed = [
            i
            for i, (new, old) in enumerate(zip(rows, before, strict=True))
            if new is not old and new != old
        ]
        if changed:
            self.dataChanged.emit(
                self.index(changed[0], 0), self.index(changed[-1], len(HEADERS) - 1)
            )
        return False

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of objects."""
        return len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(HEADERS)

    def flags(self, index: QModelIndex) -> Any:
        """Return what can be done with a cell."""
        flags = super().flags(index)
        if index.column() in (OBJECT, CLASS):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

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
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return text_of(row, column)
        if role == Qt.ItemDataRole.EditRole:
            return row.name if column == OBJECT else row.class_name
        if role == Qt.ItemDataRole.DecorationRole and column == OBJECT:
            return swatch(tuple(self.color_of(row.track_id)))
        if role == Qt.ItemDataRole.ForegroundRole and row.is_hidden:
            return self.muted
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row, column)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = 0) -> bool:
        """Tell what the user typed."""
        row = self.rows[index.row()]
        if value == self.data(index, Qt.ItemDataRole.EditRole):
            return False
        signal = self.named if index.column() == OBJECT else self.classed
        signal.emit(row.track_id, str(value))
        return True


def text_of(row: ObjectRow, column: int) -> str:
    """Return what a column says about an object."""
    return (
        row.title,
        row.class_name,
        row.frames_text,
        str(row.n_anchors or "–"),
        row.score_text,
        row.state_text,
    )[column]


def _tip(row: ObjectRow, column: int) -> str:
    if column == SCORE and row.score is not None:
        return f"Worst on frame {row.score_frame}."
    if column in (OBJECT, CLASS) and (row.name or row.class_name):
        return "\n".join(filter(None, (row.title, row.class_name)))
    return row.explanation
