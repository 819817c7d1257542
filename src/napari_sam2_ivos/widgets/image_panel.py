"""Choosing the movie: image layer and time axis."""

from __future__ import annotations

from typing import Any

from napari.layers import Image
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget

from napari_sam2_ivos.viewer.axes import axis_name, choose_time_axis, outer_axes


class ImagePanel(QWidget):
    """Image layer and time axis."""

    changed = Signal()
    """Emitted when another layer or axis was chosen, by the user or by need."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.image = QComboBox()
        self.time = QComboBox()
        for combo in (self.image, self.time):
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.setMinimumContentsLength(10)
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.addRow("Movie", self.image)
        self.form.addRow("Time axis", self.time)
        self._images: list[Any] = []
        self.image.currentIndexChanged.connect(self._on_image)
        self.time.currentIndexChanged.connect(self.changed)
        self.reset_choices()

    @property
    def layer(self) -> Any | None:
        """The image layer that is chosen."""
        index = self.image.currentIndex()
        return self._images[index] if 0 <= index < len(self._images) else None

    @property
    def time_axis(self) -> int | None:
        """The axis of it that is time; None if it has none."""
        return None if self.layer is None else self.time.currentData()

    def reset_choices(self, event: Any = None) -> None:
        """List the image layers there are, movies first to choose."""
        before = self.layer
        self._images = [x for x in self.viewer.layers if isinstance(x, Image)]
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

    def choose(self, layer: Any) -> None:
        """Choose an image layer."""
        if layer in self._images:
            self.image.setCurrentIndex(self._images.index(layer))

    def lock(self, time_axis: int | None) -> None:
        """Fix the time axis to that of a session, or let it be chosen again."""
        if time_axis is not None:
            with QSignalBlocker(self.time):
                self.time.setCurrentIndex(self.time.findData(time_axis))
        self.time.setEnabled(time_axis is None)

    def _on_image(self, *_: Any) -> None:
        layer = self.layer
        with QSignalBlocker(self.time):
            self.time.clear()
            if layer is not None:
                data = layer.data[0] if layer.multiscale else layer.data
                for axis in outer_axes(layer):
                    n = data.shape[axis]
                    self.time.addItem(f"{axis_name(layer, axis)}  ({n} frames)", axis)
                chosen = choose_time_axis(layer, self._displayed(layer))
                self.time.setCurrentIndex(self.time.findData(chosen))
        self.form.setRowVisible(self.time, self.time.count() > 1)
        self.changed.emit()

    def _displayed(self, layer: Any) -> list[int]:
        """Return the axes of a layer that are on screen."""
        offset = self.viewer.dims.ndim - layer.ndim
        return [axis - offset for axis in self.viewer.dims.displayed if axis >= offset]
