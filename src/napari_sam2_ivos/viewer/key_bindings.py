"""The keys of one panel, bound on its viewer and on its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.viewer.key_choice import binding_of, key_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class KeyBindings:
    """Binds actions to keys, anew whenever the user changes a key.

    napari looks for a key on the active layer, then on its class, then on the
    viewer. So a key that a class of layers uses is bound on the layers too.

    Parameters
    ----------
    viewer : ViewerModel
    actions : mapping of str to callable
        What each key does, by its action in `keys.KEYS`; an action that is missing
        is not bound.
    """

    def __init__(self, viewer: Any, actions: Mapping[str, Callable[[], None]]) -> None:
        self._viewer = viewer
        self._actions = actions
        self._layers: list[Any] = []
        self._bound: list[tuple[Any, Any, Callable[[Any], None]]] = []
        key_choice().changed.connect(self._bind)
        self._bind()

    def follow(self, layers: Iterable[Any]) -> None:
        """Bind the keys on these layers, and on none that was followed before."""
        layers = list(layers)
        if layers != self._layers:
            self._layers = layers
            self._bind()

    def close(self, *_: Any) -> None:
        """Take the keys off, but for those that another panel has bound since."""
        key_choice().changed.disconnect(self._bind, missing_ok=True)
        self._unbind()

    def _bind(self) -> None:
        self._unbind()
        for action, names in key_choice().keys.items():
            if action not in self._actions:
                continue
            press = _press(self._actions[action])
            for name in names:
                key = binding_of(name)
                for provider in (self._viewer, *self._layers):
                    provider.bind_key(key, press, overwrite=True)
                    self._bound.append((provider, key, press))

    def _unbind(self) -> None:
        for provider, key, press in self._bound:
            if provider.keymap.get(key) is press:
                provider.bind_key(key, None)
        self._bound.clear()


def _press(act: Callable[[], None]) -> Callable[[Any], None]:
    def press(provider: Any) -> None:
        act()

    return press
