"""The list of objects."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_sam2_ivos.widgets.object_model import (
    CLASS,
    FRAMES,
    HEADERS,
    OBJECT,
    PROMPTS,
    SCORE,
    STATE,
    ObjectModel,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_sam2_ivos.viewer.objects import ObjectRow
    from napari_sam2_ivos.widgets.theme import Colours

LEAST_NEEDED = (SCORE, PROMPTS, CLASS)
"""Columns that a narrow list does without, in this order."""
ICON, MARGIN = 12, 16
"""Pixels: the disc before an ID, and what Qt leaves free around a text."""
LONG = 14
"""Characters; of a longer name or class only the beginning must be seen."""


class ObjectTable(QTableView):
    """The list; what is selected in it is selected in the session, and back."""

    picked = Signal(object)
    """Emitted with the track IDs that the user selected, the current one last."""
    visited = Signal(int)
    """Emitted with the track ID that the user double-clicked."""
    menu_wanted = Signal(QPoint)
    """Emitted with where on the screen the user asked for a menu."""

    def __init__(self) -> None:
        super().__init__()
        self.rows_model = ObjectModel(self)
        self._current: int | None = None
        self._is_showing = False
        self._waiting: tuple[list[ObjectRow], Collection[int], int | None] | None = None
        self.setModel(self.rows_model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(OBJECT, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(30)
        self.setIconSize(QSize(ICON, ICON))
        self.setMinimumHeight(130)
        self.selectionModel().selectionChanged.connect(self._on_selected)
        self.doubleClicked.connect(self._on_double_clicked)
        self.customContextMenuRequested.connect(self._on_menu)

    # ---- showing -----------------------------------------------------------

    def show_rows(
        self, rows: list[ObjectRow], selected: Collection[int], current: int | None
    ) -> None:
        """Show the rows with the selected objects, the current one in sight.

        Not while the user types into a cell, since Qt would put back what is there.
        """
        if self.state() == QAbstractItemView.State.EditingState:
            self._waiting = rows, selected, current
            return
        self._is_showing = True
        try:
            is_other = self.rows_model.show(rows)
            at = {row.track_id: i for i, row in enumerate(rows)}
            self._select({at[i] for i in selected if i in at})
            if current in at and (is_other or current != self._current):
                index = self.rows_model.index(at[current], OBJECT)
                keep = QItemSelectionModel.SelectionFlag.NoUpdate
                self.selectionModel().setCurrentIndex(index, keep)
                self.scrollTo(index)
        finally:
            self._is_showing = False
        self._current = current
        self._fit()

    def show_theme(self, colours: Colours) -> None:
        """Draw hidden objects in the muted colour of the theme."""
        red, green, blue = map(int, re.findall(r"\d+", colours.muted)[:3])
        self.rows_model.muted = QColor(red, green, blue)
        self.viewport().update()

    def edit_cell(self, track_id: int, column: int) -> None:
        """Let the user type a name, or a class."""
        ids = [row.track_id for row in self.rows_model.rows]
        if track_id in ids:
            self.edit(self.rows_model.index(ids.index(track_id), column))

    def closeEditor(self, editor: Any, hint: Any) -> None:
        """Show what came in while the user was typing."""
        super().closeEditor(editor, hint)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.show_rows(*waiting)

    def resizeEvent(self, event: Any) -> None:
        """Show the columns for which there is room."""
        super().resizeEvent(event)
        self._fit()

    def _select(self, wanted: set[int]) -> None:
        """Select rows by their positions."""
        if wanted == {index.row() for index in self.selectionModel().selectedRows()}:
            return
        selection, last = QItemSelection(), len(HEADERS) - 1
        ordered = sorted(wanted)
        breaks = [i + 1 for i, (a, b) in enumerate(pairwise(ordered)) if b > a + 1]
        for i, j in pairwise([0, *breaks, len(ordered)]):
            if j > i:
                begin = self.rows_model.index(ordered[i], 0)
                selection.select(begin, self.rows_model.index(ordered[j - 1], last))
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().select(selection, flag)

    def _fit(self) -> None:
        """Give each column the room it needs, and hide those least needed."""
        rows, width_of = self.rows_model.rows, self.fontMetrics().horizontalAdvance
        texts = {
            OBJECT: max((row.title for row in rows), key=len, default="")[:LONG],
            CLASS: max((row.class_name for row in rows), key=len, default="")[:LONG],
            FRAMES: max((row.frames_text for row in rows), key=len, default=""),
            PROMPTS: "99",
            SCORE: "100%",
            STATE: "not tracked",
        }
        needs = {
            column: max(width_of(text) + MARGIN, width_of(HEADERS[column]) + 10)
            for column, text in texts.items()
        }
        needs[OBJECT] += ICON + 4
        if not texts[CLASS]:
            del needs[CLASS]
        for column in LEAST_NEEDED:
            if sum(needs.values()) > self.viewport().width():
                needs.pop(column, None)
        for column in range(len(HEADERS)):
            self.setColumnHidden(column, column not in needs)
            if column in needs and column != OBJECT:
                self.setColumnWidth(column, needs[column])

    # ---- what the user does --------------------------------------------------

    def _on_selected(self, *_: Any) -> None:
        if self._is_showing:
            return
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        ids = [self.rows_model.rows[i].track_id for i in chosen]
        if not ids:
            return
        current = self._current if self._current in ids else ids[0]
        self._current = current
        self.picked.emit((*(i for i in ids if i != current), current))

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if index.column() == CLASS:
            self.edit(index)
        else:
            self.visited.emit(self.rows_model.rows[index.row()].track_id)

    def _on_menu(self, at: QPoint) -> None:
        if self.indexAt(at).isValid():
            self.menu_wanted.emit(self.viewport().mapToGlobal(at))
