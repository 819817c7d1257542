"""The items of the lists in a large JSON file, one at a time."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

CHUNK = 2**20
"""Characters that are read at once."""

LARGEST_ITEM = 2**25
"""Characters of an item: more of them could take gigabytes as Python objects."""

BLANKS = re.compile(r"[ \t\n\r]*")


def items(file: TextIO) -> Iterator[tuple[str, Any]]:
    """Yield the fields of the JSON object in a file, a list item by item.

    Yields
    ------
    name : str
        Of the field.
    value : object
        An item, if it is a list.

    Raises
    ------
    ValueError, RecursionError
        If it is no JSON, or an item is too large or too deep.
    """
    text = _Text(file)
    text.skip("{")
    while text.char() != "}":
        name = text.value()
        if not isinstance(name, str):
            raise ValueError(f"{name!r} stands where the name of a field should")
        text.skip(":")
        if text.char() == "[":
            for item in text.list():
                yield name, item
        else:
            yield name, text.value()
        text.comma("}")
    text.skip("}")
    if text.char():
        raise ValueError("something follows its end")


class _Text:
    """A window that slides along the text of a file."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder(parse_constant=_refuse)

    def char(self) -> str:
        """Go to the next character that is not blank and return it; "" at the end."""
        while True:
            blanks = BLANKS.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def skip(self, expected: str) -> None:
        """Go past a character, which must be next."""
        found = self.char()
        if found != expected:
            before = f"'{found}'" if found else "its end"
            raise ValueError(f"'{expected}' is missing before {before}")
        self._at += 1

    def comma(self, end: str) -> None:
        """Go past a comma, unless a list or an object ends here."""
        if self.char() != end:
            self.skip(",")
            if self.char() == end:
                raise ValueError(f"there is a comma before '{end}'")

    def list(self) -> Iterator[Any]:
        """Yield the items of a list and go past it."""
        self.skip("[")
        while self.char() != "]":
            yield self.value()
            self.comma("]")
        self.skip("]")

    def value(self) -> Any:
        """Return the value that is next and go past it."""
        self.char()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _more(self) -> bool:
        """Read on and forget what was passed; return whether there was any more."""
        rest = self._text[self._at :]
        if len(rest) > LARGEST_ITEM:
            raise ValueError(f"an item in it has more than {LARGEST_ITEM} characters")
        chunk = self._file.read(max(CHUNK, len(rest)))
        self._text, self._at = rest + chunk, 0
        return bool(chunk)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
