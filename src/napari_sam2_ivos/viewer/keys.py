"""All keys, in one table: shown in the panel, listed in the README.

A layer's own keys win over the viewer's, so the first key of each action is
one that no napari layer uses. The second ones are those of X-AnyLabeling;
they work while the active layer leaves them free, as the clicks layer does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Key:
    """What a key does.

    Attributes
    ----------
    action : str
        Name under which a view offers it.
    keys : tuple of str
        In napari's spelling.
    doc : str
    """

    action: str
    keys: tuple[str, ...]
    doc: str


KEYS = (
    Key("new_object", ("N", "F"), "New object"),
    Key("positive", ("Q",), "Click: this is the object"),
    Key("negative", ("W", "E"), "Click: this is not the object"),
    Key("box", ("U",), "Box"),
    Key("outline", ("J",), "Outline"),
    Key("paint", ("H",), "Paint the mask"),
    Key("clear_frame", ("K", "B"), "Clear the prompts on this frame"),
    Key("track", ("G",), "Track, or stop tracking"),
)


def bind(viewer: Any, actions: Mapping[str, Callable[[], None]]) -> None:
    """Bind the keys of `actions` on a viewer."""
    for key in KEYS:
        act = actions[key.action]
        for name in key.keys:
            viewer.bind_key(name, _pressed(act), overwrite=True)


def unbind(viewer: Any) -> None:
    """Take the keys off a viewer."""
    for key in KEYS:
        for name in key.keys:
            viewer.bind_key(name, None, overwrite=True)


def _pressed(act: Callable[[], None]) -> Callable[[Any], None]:
    def pressed(viewer: Any) -> None:
        act()

    return pressed
