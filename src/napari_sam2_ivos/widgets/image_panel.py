"""Choosing the movie: image layers and time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from napari_sam2_ivos.viewer.axes import axis_name, choose_time_axis, outer_axes
from napari_sam2_ivos.viewer.model_view import is_model_view
from napari_sam2_ivos.viewer.movies import colours_for, pixels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = (("2nd colour", "green"), ("3rd colour", "blue"))


class LayerCombo(QComboBox):
    """A combo box that a long name does not widen.

    It is elided in the middle, since channels of one file differ at the end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.setMinimumContentsLength(10)

    def paintEvent(self, event: Any) -> None:
        """Draw it as Qt does, but for the text."""
        option, painter = QStyleOptionComboBox(), QStylePainter(self)
        self.initStyleOption(option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        option.currentText = self.fontMetrics().elidedText(
            option.currentText, Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class ImagePanel(QWidget):
    """Image layer, further layers as its colours, and time axis."""

    changed = Signal()
    """Emitted when other layers or another axis were chosen, by the user or by need."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.image, self.time = LayerCombo(), LayerCombo()
        self.colours = [LayerCombo() for _ in COLOURS]
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.addRow("Movie", self.image)
        for combo, (title, colour) in zip(self.colours, COLOURS, strict=True):
            combo.setToolTip(
                f"Another channel of the movie, which the model sees in {colour}."
                " It cannot be changed while there are objects."
            )
            self.form.addRow(title, combo)
            combo.currentIndexChanged.connect(self._on_colour)
        self.form.addRow("Time axis", self.time)
        self._images: list[Any] = []
        self._others: tuple[Any, ...] = ()
        self._offered: list[list[Any]] = [[] for _ in COLOURS]
        self._is_locked = False
        self.image.currentIndexChanged.connect(self._on_image)
        self.time.currentIndexChanged.connect(self.changed)
        self.reset_choices()
        self._show_colours()

    @property
    def layer(self) -> Any | None:
        """The image layer that is chosen."""
        index = self.image.currentIndex()
        return self._images[index] if 0 <= index < len(self._images) else None

    @property
    def others(self) -> tuple[Any, ...]:
        """The layers that are its second and third colour."""
        return self._others

    @property
    def time_axis(self) -> int | None:
        """The axis of it that is time; None if it has none."""
        return None if self.layer is None else self.time.currentData()

    def reset_choices(self, event: Any = None) -> None:
        """List the image layers there are, movies first to choose."""
        before = self.layer
        self._images = [
            x
            for x in self.viewer.layers
            if isinstance(x, Image) and not is_model_view(x)
        ]
        with QSignalBlocker(self.image):
            self.image.clear()
            self.image.addItems([x.name for x in self._images])
            movies = [x for x in self._images if outer_axes(x)]
            chosen = before if before in self._images else None
            if chosen is None and self._images:
                chosen = (movies or self._images)[-1]
            if chosen is not None:
                self.image.setCurrentIndex(self._images.index(chosen))
        if self.layer != before:
            self._on_image()
        else:
            self._keep_colours()

    def choose(self, layer: Any) -> None:
        """Choose an image layer."""
        if layer in self._images:
            self.image.setCurrentIndex(self._images.index(layer))

    def lock(self, time_axis: int | None, others: Sequence[Any] = ()) -> None:
        """Fix time axis and colours to those of a session, or let them be chosen."""
        self._is_locked = time_axis is not None
        if self._is_locked:
            with QSignalBlocker(self.time):
                self.time.setCurrentIndex(self.time.findData(time_axis))
            if self._others != tuple(others):
                self._others = tuple(others)
                self._show_colours()
        for combo in (self.time, *self.colours):
            combo.setEnabled(not self._is_locked)

    def _on_image(self, *_: Any) -> None:
        layer = self.layer
        with QSignalBlocker(self.time):
            self.time.clear()
            if layer is not None:
                shape = pixels_of(layer).shape
                for axis in outer_axes(layer):
                    name = axis_name(layer, axis)
                    self.time.addItem(f"{name}  ({shape[axis]} frames)", axis)
                chosen = choose_time_axis(layer, self._displayed(layer))
                self.time.setCurrentIndex(self.time.findData(chosen))
        self.form.setRowVisible(self.time, self.time.count() > 1)
        self._is_locked = False
        self._others = ()
        self._show_colours()
        self.changed.emit()

    def _on_colour(self, *_: Any) -> None:
        chosen = (
            offered[combo.currentIndex()]
            for combo, offered in zip(self.colours, self._offered, strict=True)
        )
        self._others = tuple(x for x in chosen if x is not None)
        self._show_colours()
        self.changed.emit()

    def _keep_colours(self) -> None:
        """Let go of colours that were removed, but for those of a session."""
        there = self._suitable()
        before = self._others
        if not self._is_locked:
            self._others = tuple(x for x in before if x in there)
        self._show_colours()
        if self._others != before:
            self.changed.emit()

    def _suitable(self) -> list[Any]:
        return [] if self.layer is None else colours_for(self.layer, self._images)

    def _show_colours(self) -> None:
        """Offer for each colour what no other has, once the one before is chosen."""
        suitable = self._suitable()
        suitable += [x for x in self._others if x not in suitable]
        for i, combo in enumerate(self.colours):
            mine = self._others[i] if i < len(self._others) else None
            taken = [x for x in self._others if x != mine]
            offered = [None, *(x for x in suitable if x not in taken)]
            self._offered[i] = offered
            with QSignalBlocker(combo):
                combo.clear()
                combo.addItems(["none" if x is None else x.name for x in offered])
                combo.setCurrentIndex(offered.index(mine))
            is_next = i <= len(self._others)
            self.form.setRowVisible(combo, len(offered) > 1 and is_next)

    def _displayed(self, layer: Any) -> list[int]:
        """Return the axes of a layer that are on screen."""
        offset = self.viewer.dims.ndim - layer.ndim
        return [axis - offset for axis in self.viewer.dims.displayed if axis >= offset]
