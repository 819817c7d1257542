"""The list of places to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_sam2_ivos.widgets.icons import swatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.review import Finding

HEADERS = ("Object", "Frame", "What to check")
WIDTHS = (56, 50)
HEADER_PX, ROW_PX, N_ROWS = 26, 22, 6


class PlaceModel(QAbstractTableModel):
    """Places for Qt; `color_of` gives the RGBA of a track ID."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.places: list[Finding] = []
        self.color_of: Callable[[int], Any] = lambda track_id: (0.5, 0.5, 0.5, 1.0)

    def show(self, places: list[Finding]) -> None:
        """Replace the places."""
        if places is not self.places:
            self.beginResetModel()
            self.places = places
            self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of places."""
        return len(self.places)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(HEADERS)

    def headerData(self, at: int, way: Any, role: int = 0) -> Any:
        """Return a heading."""
        if way != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[at]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows."""
        place = self.places[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            cells = place.track_id, place.frame, place.text
            return str(cells[index.column()])
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return swatch(tuple(self.color_of(place.track_id)))
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"object {place.track_id}, frame {place.frame}: {place.text}"
        return None


class PlaceList(QTableView):
    """The list; a click goes to a place."""

    picked = Signal(object)
    """Emitted with the `Finding` that the user clicked on."""

    def __init__(self) -> None:
        super().__init__()
        self.places = PlaceModel(self)
        self.setModel(self.places)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        for column, width in enumerate(WIDTHS):
            header.resizeSection(column, width)
        self.setIconSize(QSize(12, 12))
        header.setFixedHeight(HEADER_PX)
        self.setFixedHeight(HEADER_PX + N_ROWS * ROW_PX + 2 * self.frameWidth())
        self.clicked.connect(
            lambda index: self.picked.emit(self.places.places[index.row()])
        )

    def show_places(self, places: list[Finding], here: int | None) -> None:
        """Show the places, and which of them is on screen."""
        self.places.show(places)
        if here is None:
            self.clearSelection()
        elif not self.selectionModel().isRowSelected(here, QModelIndex()):
            self.selectRow(here)
            self.scrollTo(self.places.index(here, 0))
