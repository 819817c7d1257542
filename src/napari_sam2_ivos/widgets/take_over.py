"""An offer: objects out of a segmentation that is in the viewer already."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_sam2_ivos.viewer.registry import everyone
from napari_sam2_ivos.widgets.pieces import button, hint, row

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller

OFFERS = {
    "all": ("This frame", "Every label on this frame becomes an object"),
    "selected": ("Selected label", "The label that is selected in that layer"),
    "stack": (
        "Whole stack",
        "All labels of all frames as they are, to be corrected.\nOnly before the first"
        " object.",
    ),
}
"""What can be taken over: words for a button, and for its tooltip."""


class TakeOver(QWidget):
    """Names a Labels layer of the user's and what can be taken over from it."""

    wanted = Signal(str)
    """Emitted with the key in `OFFERS` that the user chose."""

    def __init__(self) -> None:
        super().__init__()
        self.layer: Labels | None = None
        self.offered: list[str] = []
        self.words = hint()
        self.buttons = {
            key: button(text, partial(self.wanted.emit, key), tip, name="segment")
            for key, (text, tip) in OFFERS.items()
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.words)
        layout.addLayout(row(*self.buttons.values()))

    def look(self, viewer: Any, controller: Controller | None) -> None:
        """Find the layer to offer; show it where it is not in the way.

        That is before the first object, and while the layer is the active one.
        """
        has_objects = controller is not None and bool(controller.session.tracks)
        self.layer = _labels_of_the_user(viewer, controller)
        self.offered = []
        if self.layer is not None:
            self.words.setText(f"Take objects from '{self.layer.name}':")
            self.offered = ["all", "selected"]
            if not has_objects and _can_be_stack(self.layer, controller):
                self.offered.append("stack")
        for key, made in self.buttons.items():
            made.setVisible(key in self.offered)
        is_active = viewer.layers.selection.active == self.layer
        self.setVisible(self.layer is not None and (not has_objects or is_active))


def _labels_of_the_user(viewer: Any, controller: Controller | None) -> Labels | None:
    """Return the active Labels layer that is not ours, or the topmost one."""
    ours = {c.layers.glance.layer for c in everyone()}
    if controller is not None:
        ours |= set(controller.layers.own())
    found = [x for x in viewer.layers if isinstance(x, Labels) and x not in ours]
    active = viewer.layers.selection.active
    return active if active in found else next(reversed(found), None)


def _can_be_stack(layer: Labels, controller: Controller | None) -> bool:
    """Whether a layer seems to have the frames of the movie."""
    shape = tuple(n for n in layer.data.shape if n > 1)
    return len(shape) == 3 and (controller is None or shape == controller.movie.shape)
