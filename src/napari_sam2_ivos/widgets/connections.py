"""Signals a widget listens to, let go of when the widget dies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

if TYPE_CHECKING:
    from collections.abc import Callable


class Connections:
    """Connects slots to psygnal and napari signals and takes them off again.

    napari's close button of a dock tells the widget nothing but that it is
    hidden; `QObject.destroyed` comes when it is too late to call its methods.
    """

    def __init__(self) -> None:
        self._made: list[tuple[Any, Callable[..., Any]]] = []

    def connect(self, signal: Any, slot: Callable[..., Any]) -> None:
        """Connect."""
        signal.connect(slot)
        self._made.append((signal, slot))

    def close(self, *_: Any) -> None:
        """Disconnect everything."""
        for signal, slot in self._made:
            signal.disconnect(slot)
        self._made.clear()


def weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls a method without keeping its object alive.

    It does nothing, and returns None, once the object is gone.
    """
    known = WeakMethod(method)

    def call(*args: Any) -> Any:
        found = known()
        return None if found is None else found(*args)

    return call
