"""Small JSON files: written whole or not at all, and read with suspicion."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.prompts import MAX_TRACK_ID
from napari_sam2_ivos.io.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST_NUMBER = 1e300

LARGEST = 2**28
"""Bytes of the largest file that is read: 5,000 frames of an object take 1 MB."""


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file; it is complete on the disk when this returns.

    Raises
    ------
    StoreError
        If it cannot be written; the earlier file is as it was.
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    with replacing(path) as part:
        # Bytes of a file name that are no UTF-8 are lone surrogates in Python: escaped.
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


def read_json(path: Path) -> Fields:
    """Read a JSON file that holds an object.

    Raises
    ------
    FormatError
        If there is none, or it is cut short or something else.
    """
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            raise FormatError(f"'{path}' is no file, or too large to be of a session.")
        text = path.read_text(encoding="utf-8")
        content = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(
            f"'{path}' cannot be read: {error}. It may be damaged; take it from a"
            " copy of the session if you have one."
        ) from error
    return Fields(content, str(path))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"'{text[:20]}' is no finite number")
    return number


class Fields:
    """The fields of a JSON object, checked as they are read.

    Parameters
    ----------
    content : object
        What was read; anything but a dict is refused.
    place : str
        Where it was read, for messages.

    Raises
    ------
    FormatError
        By every method, if a field is missing or is not what it should be.
    """

    def __init__(self, content: Any, place: str) -> None:
        self.place = place
        self.content: dict[str, Any] = self._of_kind(content, dict, place)

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        value = self._of_kind(self._get(name), int, name)
        if not low <= value <= high:
            self._refuse(name, f"is {value}, not {low} to {high}")
        return value

    def wholes(self, name: str, n: int, low: int, high: int) -> tuple[int, ...]:
        """Return `n` whole numbers from `low` to `high`, both included."""
        every = self._numbered(name, n)
        return tuple(every.whole(i, low, high) for i in every.content)

    def track_ids(self, name: str) -> list[int]:
        """Return a list of track IDs."""
        n = len(self.items(name))
        return list(self.wholes(name, n, 1, MAX_TRACK_ID))

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(name, "is not a number")
        if not math.isfinite(value) or abs(value) > LARGEST_NUMBER:
            self._refuse(name, "is not a finite number")
        return float(value)

    def numbers(self, name: str, n: int) -> tuple[float, ...]:
        """Return `n` finite numbers."""
        every = self._numbered(name, n)
        return tuple(every.number(i) for i in every.content)

    def text(self, name: str) -> str:
        """Return a text."""
        return str(self._of_kind(self._get(name), str, name))

    def flag(self, name: str) -> bool:
        """Return true or false."""
        return bool(self._of_kind(self._get(name), bool, name))

    def items(self, name: str) -> list[Any]:
        """Return a list."""
        return list(self._of_kind(self._get(name), list, name))

    def fields(self, name: str) -> Fields:
        """Return the fields of an object within this one."""
        return Fields(self._get(name), f"{self.place}, {name}")

    def has(self, name: str) -> bool:
        """Whether a field is there, and not null."""
        return self.content.get(name) is not None

    def each(self, name: str) -> list[Fields]:
        """Return the fields of every object in a list."""
        return [Fields(one, f"{self.place}, {name}") for one in self.items(name)]

    def _numbered(self, name: str, n: int) -> Fields:
        """Return the `n` values of a list as fields."""
        items = self.items(name)
        if len(items) != n:
            self._refuse(name, f"has {len(items)} values instead of {n}")
        place = f"{self.place}, {name}"
        return Fields({f"value {i}": v for i, v in enumerate(items)}, place)

    def _get(self, name: str) -> Any:
        if name not in self.content:
            self._refuse(name, "is missing")
        return self.content[name]

    def _of_kind(self, value: Any, kind: type, name: str) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self._refuse(name, f"is not a {kind.__name__}")
        return value

    def _refuse(self, name: str, why: str) -> None:
        raise FormatError(
            f"'{self.place}' is damaged: {name} {why}. Take it from a copy of the"
            " session if you have one."
        )
