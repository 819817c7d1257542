"""Sessions by viewer: they outlive the panel that shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller

_CONTROLLERS: WeakKeyDictionary[Any, list[Controller]] = WeakKeyDictionary()


def bare(viewer: Any) -> Any:
    """Return the viewer behind napari's plugin proxy, or the viewer itself."""
    return getattr(viewer, "__wrapped__", viewer)


def controllers(viewer: Any) -> list[Controller]:
    """Return the controllers of a viewer, oldest first; the list itself."""
    return _CONTROLLERS.setdefault(bare(viewer), [])


def controller_of(viewer: Any, image: Any) -> Controller | None:
    """Return the controller that annotates an image layer, if there is one."""
    for controller in controllers(viewer):
        if controller.image == image:
            return controller
    return None


def everyone() -> list[Controller]:
    """Return the controllers of all viewers: they share the machine."""
    return [controller for some in _CONTROLLERS.values() for controller in some]
