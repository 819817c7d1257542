"""The keys as the user has set them, the same in all windows."""

from __future__ import annotations

import re
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Any

from napari.utils.key_bindings import KeyMod, coerce_keybinding
from psygnal import Signal

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.viewer import settings
from napari_sam2_ivos.viewer.keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Keys = Mapping[str, tuple[str, ...]]

NAMED = {
    *("Up", "Down", "Left", "Right", "PageUp", "PageDown", "Home", "End"),
    *("Insert", "Delete", "Backspace", "Escape", "Space", "Enter", "Tab"),
    *(f"F{i}" for i in range(1, 13)),
}
"""Keys that napari hears of beside those with one character."""


class KeyChoice:
    """Which keys each action has.

    What is typed in napari's Preferences counts at once, unless it is no key or
    another action has it: then the action stays with the keys it had.

    Attributes
    ----------
    keys : dict of str to tuple of str
        Keys by action, in napari's spelling.
    problems : dict of str to str
        By action, why what was typed for it is refused, in a sentence.
    """

    changed = Signal()

    def __init__(self) -> None:
        self.keys = {key.action: key.keys for key in KEYS}
        self.problems: dict[str, str] = {}
        settings.changed.connect(self._read)
        self._read()

    def _read(self) -> None:
        before = self.keys, self.problems
        self.keys, self.problems = resolve(settings.settings().keys, self.keys)
        if before != (self.keys, self.problems):
            self.changed.emit()


@cache
def key_choice() -> KeyChoice:
    """Return the choice that all windows share."""
    return KeyChoice()


def keys_of(action: str) -> tuple[str, ...]:
    """Return the keys of an action, as the user's keyboard names them."""
    return tuple(binding_of(key).to_text() for key in key_choice().keys[action])


def resolve(
    typed: Mapping[str, str], before: Keys
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Return the keys of each action, and why what was typed for some is refused.

    Parameters
    ----------
    typed : mapping of str to str
        Keys by action, with commas between them; none for an action that shall have
        no key. An action that is not in it has its own keys (`KEYS`).
    before : mapping of str to tuple of str
        The keys that each action has had: of two actions that want the same key it
        is left to the one that has it.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    problems: dict[str, str] = {}
    claims: dict[str, list[str]] = {}
    for key in KEYS:
        try:
            wanted[key.action] = parse(typed.get(key.action, ", ".join(key.keys)))
        except IvosError as error:
            problems[key.action] = str(error)
            continue
        for name in wanted[key.action]:
            claims.setdefault(name, []).append(key.action)
    docs = {key.action: key.doc for key in KEYS}
    for name, actions in claims.items():
        owner = next((a for a in actions if name in before[a]), actions[0])
        for action in actions:
            if action != owner:
                problems[action] = f"{name} is the key of '{docs[owner]}'."
    keys = {a: names for a, names in wanted.items() if a not in problems}
    taken = {name for names in keys.values() for name in names}
    for action in problems:
        keys[action] = tuple(name for name in before[action] if name not in taken)
    return keys, problems


def parse(text: str) -> tuple[str, ...]:
    """Return the keys that a text such as "N, Shift+F" names, in napari's spelling.

    Raises
    ------
    IvosError
        If one of them is no key that napari hears of.
    """
    parts = [part.strip() for part in text.split(",")]
    return tuple(dict.fromkeys(_spelled(part) for part in parts if part))


def binding_of(name: str) -> Any:
    """Return a key as `bind_key` takes it: what is Ctrl here is Cmd on a Mac."""
    (key,) = coerce_keybinding(name).parts
    held = (key.ctrl, key.shift, key.alt, key.meta)
    mods = (KeyMod.CtrlCmd, KeyMod.Shift, KeyMod.Alt, KeyMod.WinCtrl)
    return coerce_keybinding(sum(compress(mods, held), int(key.key)))


def _spelled(text: str) -> str:
    """Return the name of one key as napari spells it."""
    parts = coerce_keybinding(re.sub("command|cmd", "ctrl", text.lower())).parts
    key, name = parts[0], str(parts[0].key)
    if len(parts) > 1 or (len(name) != 1 and name not in NAMED):
        raise IvosError(f"'{text}' is no key. Write it as N, Shift+N or PageDown.")
    if key.shift and len(name) == 1 and not name.isalpha():
        raise IvosError(f"'{text}' does not reach napari. Shift goes with a letter.")
    return str(key)
