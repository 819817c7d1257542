"""What happens when the window is closed, or a panel is about to go."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from qtpy import compat
from qtpy.QtWidgets import QMainWindow

from napari_sam2_ivos.core.errors import IvosError, IvosWarning
from napari_sam2_ivos.viewer.registry import controllers

if TYPE_CHECKING:
    from qtpy.QtCore import QObject
    from qtpy.QtWidgets import QWidget

    from napari_sam2_ivos.viewer.autosave import Autosave


def is_alive(thing: QObject) -> bool:
    """Whether the Qt side of something still exists; late signals may not ask it."""
    return bool(compat.isalive(thing))  # type: ignore[no-untyped-call]


class WindowWatch:
    """Stops the work of a viewer when its main window is gone.

    Parameters
    ----------
    viewer : napari.Viewer
        Not kept alive.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = ref(viewer)
        self._watched = 0

    def watch(self, widget: QWidget) -> None:
        """Watch the main window that `widget` is in, once."""
        parent = widget.parent()
        while parent is not None and not isinstance(parent, QMainWindow):
            parent = parent.parent()
        if parent is not None and self._watched != id(parent):
            self._watched = id(parent)
            parent.destroyed.connect(partial(_stop, self._viewer))


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
