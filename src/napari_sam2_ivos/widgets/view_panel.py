"""How objects are shown, and what else can be looked at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam2_ivos.viewer.boxes_layer import BoxesLayer
from napari_sam2_ivos.viewer.follow import FollowObject
from napari_sam2_ivos.viewer.layers import plane_size
from napari_sam2_ivos.viewer.model_view import ModelView
from napari_sam2_ivos.viewer.windows_layer import WindowsLayer, window_on
from napari_sam2_ivos.widgets.pieces import button, row

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller

    OnCanvas = FollowObject | BoxesLayer | WindowsLayer | ModelView


class ViewPanel(QWidget):
    """Fill or outline, boxes, windows, the camera, and what the model sees.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    said = Signal(str)
    """Emitted with something the user should read."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.controller: Controller | None = None
        self._views: dict[QCheckBox, OnCanvas] = {}
        self.fill, self.outline = (
            self._mask_button("Fill", "Masks are areas", False),
            self._mask_button("Outline", "Masks are lines, the image stays free", True),
        )
        masks = QButtonGroup(self)
        masks.addButton(self.fill)
        masks.addButton(self.outline)
        self.boxes = self._check(
            "Boxes", "The box around each object, with its track ID"
        )
        self.follow = self._check(
            "Follow the object",
            "Keep the selected object in the middle when the frame changes",
        )
        self.seen = self._check(
            "What the model sees",
            "The image at the brightness and size that the model works on: the window"
            " of the selected object, or the whole frame",
        )
        self.windows = self._check(
            "Windows", "The part of the frame that the model looked at, for each object"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(QLabel("Masks"), self.fill, self.outline, stretch=(1, 2)))
        checks = QGridLayout()
        checks.setColumnStretch(0, 1)
        for i, check in enumerate((self.follow, self.boxes, self.seen, self.windows)):
            checks.addWidget(check, i // 2, i % 2)
        layout.addLayout(checks)

    def _mask_button(self, text: str, tip: str, as_lines: bool) -> QPushButton:
        made = button(text, partial(self._draw_masks, as_lines), tip, name="segment")
        made.setCheckable(True)
        return made

    def _check(self, text: str, tip: str) -> QCheckBox:
        made = QCheckBox(text)
        made.setToolTip(tip)
        made.toggled.connect(partial(self._toggle, made))
        return made

    def show_controller(self, controller: Controller | None) -> None:
        """Show another session as this one is shown."""
        if controller is not self.controller:
            self.close_views()
            self.controller = controller
            if controller is not None:
                self._open_views(controller)
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        labels = None if c is None else c.layers.labels
        for made in (self.fill, self.outline):
            made.setEnabled(labels is not None)
        as_lines = labels is not None and labels.contour > 0
        (self.outline if as_lines else self.fill).setChecked(True)
        for check in (self.boxes, self.follow, self.seen, self.windows):
            check.setEnabled(c is not None)
        seen = self._views.get(self.seen)
        if isinstance(seen, ModelView):
            seen.refresh()

    def close_views(self, *_: Any) -> None:
        """Take away what was added to the canvas."""
        for view in self._views.values():
            if not isinstance(view, FollowObject):
                view.toggled.disconnect()
            view.close()
        self._views.clear()

    def _open_views(self, c: Controller) -> None:
        seen = ModelView(
            self.viewer,
            c.session,
            (c.image, *c.others),
            c.segmenter.seeing,
            lambda: window_on(c.session, c.current or 0, c.frame),
        )
        seen.said.connect(self._say)
        c.schedule.applied.connect(seen.refresh)
        self._views = {
            self.boxes: BoxesLayer(c),
            self.follow: FollowObject(c),
            self.seen: seen,
            self.windows: WindowsLayer(c),
        }
        for check, view in self._views.items():
            view.toggle(check.isChecked())
            if not isinstance(view, FollowObject):
                view.toggled.connect(partial(_show, check))

    def _say(self, message: str) -> None:
        self.said.emit(message)

    def _toggle(self, check: QCheckBox, on: bool) -> None:
        if check in self._views:
            self._views[check].toggle(on)

    def _draw_masks(self, as_lines: bool) -> None:
        c = self.controller
        if c is not None and c.layers.labels is not None:
            width = max(1, round(plane_size(c.image) / 300))
            c.layers.labels.contour = width if as_lines else 0


def _show(check: QCheckBox, on: bool) -> None:
    with QSignalBlocker(check):
        check.setChecked(on)
