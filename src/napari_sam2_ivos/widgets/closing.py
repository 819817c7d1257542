"""What happens when the window is closed, or a panel is about to go."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from qtpy import compat
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMainWindow

from napari_sam2_ivos.core.errors import IvosError, IvosWarning
from napari_sam2_ivos.viewer.registry import controllers

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_sam2_ivos.viewer.autosave import Autosave


def is_alive(thing: QObject) -> bool:
    """Whether the Qt side of something still exists; late signals may not ask it."""
    return bool(compat.isalive(thing))  # type: ignore[no-untyped-call]


class WindowWatch(QObject):
    """Stops the work of a viewer, and saves it, when its main window is closed.

    A window that is closed is hidden; it may be long until it is destroyed.

    Parameters
    ----------
    viewer : napari.Viewer
        Not kept alive.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = ref(viewer)
        self._watched = 0
        self._is_closing = False

    def watch(self, widget: QWidget) -> None:
        """Watch the main window that `widget` is in, once."""
        parent = widget.parent()
        while parent is not None and not isinstance(parent, QMainWindow):
            parent = parent.parent()
        if parent is not None and self._watched != id(parent):
            self._watched = id(parent)
            parent.destroyed.connect(partial(_stop, self._viewer))
            parent.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Take note that the window is closed, unless somebody forbids it."""
        if event.type() == QEvent.Type.Close:
            self._is_closing = True
        elif event.type() == QEvent.Type.Hide and self._is_closing:
            self._is_closing = False
            _stop(self._viewer)
        return super().eventFilter(watched, event)


def _stop(viewer: ref[Any], *_: Any) -> None:
    """Stop everything and let go of the models."""
    alive = viewer()
    for controller in controllers(alive) if alive is not None else ():
        controller.schedule.cancel()
        controller.schedule.when_idle(controller.segmenter.close)
        if controller.autosave is not None:
            _finish(controller.autosave)


def _finish(autosave: Autosave) -> None:
    """Save what is not saved yet; there is no window any more to complain in."""
    try:
        autosave.finish()
    except IvosError as error:
        warnings.warn(str(error), IvosWarning, stacklevel=2)
