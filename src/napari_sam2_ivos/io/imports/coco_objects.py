"""Which annotation of a COCO file is of which object, and what is known of each."""

from __future__ import annotations

from typing import Any

from napari_sam2_ivos.core.prompts import MAX_TRACK_ID
from napari_sam2_ivos.io.exports.annotated import UNSAID
from napari_sam2_ivos.io.imports.coco_frames import Key, key_of

TRACK_FIELDS = ("track_id", "instance_id")
"""Where an annotation, or its ``attributes``, says which object it is of."""


class Objects:
    """The objects of a file, numbered in the order in which they come.

    Raises
    ------
    ValueError
        By every method, if there are too many, or something is no ID.
    """

    def __init__(self) -> None:
        # Objects that the file does not identify have a number but no key.
        self._keys: dict[int | str, int] = {}
        self._category_of: list[Key] = []
        self._categories: dict[Key, str] = {}
        self._tracks: dict[Key, tuple[str, Key]] = {}

    def take_category(self, item: dict[str, Any]) -> None:
        """Note an item of ``categories``."""
        self._categories[key_of(item, "id")] = str(item.get("name", ""))
        _check_number(len(self._categories), "categories")

    def take_track(self, item: dict[str, Any]) -> None:
        """Note an item of ``tracks``, or what else has name and parent of an object."""
        known = str(item.get("name") or ""), key_of(item, "parent")
        self._tracks[key_of(item, "id")] = known
        _check_number(len(self._tracks), "tracks")

    def number(self, key: Key, category: Key) -> tuple[int, bool]:
        """Return the number of an object, and whether its class is what it was."""
        number = None if key is None else self._keys.get(key)
        if number is not None:
            return number, category == self._category_of[number]
        number = len(self._category_of)
        self._category_of.append(category)
        if key is not None:
            self._keys[key] = number
        _check_number(number + 1, "objects; without track IDs, every annotation is one")
        return number, True

    def track_ids(self) -> tuple[list[int], list[str]]:
        """Return the track ID of every object, the one in the file if it can be one.

        And what there is to remark on them.
        """
        remarks = []
        ids = [0] * len(self._category_of)
        in_order = sorted(self._keys, key=lambda key: (isinstance(key, str), key))
        unfit = [k for k in in_order if isinstance(k, str) or not 0 < k <= MAX_TRACK_ID]
        for n, key in enumerate(in_order, 1):
            ids[self._keys[key]] = n if unfit or isinstance(key, str) else key
        if unfit:
            remarks.append(f"Track IDs were renumbered from 1: one is '{unfit[0]}'.")
        anonymous = [number for number, track_id in enumerate(ids) if not track_id]
        free = max(ids, default=0) + 1
        if free + len(anonymous) - 1 > MAX_TRACK_ID:
            raise ValueError(
                f"{len(anonymous)} annotations have no track ID, and there are not as"
                f" many free ones up to {MAX_TRACK_ID}"
            )
        for track_id, number in enumerate(anonymous, free):
            ids[number] = track_id
        if anonymous:
            remarks.append(
                f"{len(anonymous)} annotations have no track ID: each became an object"
                " of its own."
            )
        return ids, remarks

    def classes(self, ids: list[int]) -> dict[int, str]:
        """Return the class of every object that has one, by track ID."""
        names = [self._categories.get(category, "") for category in self._category_of]
        return {
            track_id: name
            for track_id, name in zip(ids, names, strict=True)
            if name not in ("", UNSAID)
        }

    def names(self, ids: list[int]) -> dict[int, str]:
        """Return the name of every object that has one, by track ID."""
        return {
            ids[number]: self._tracks[key][0]
            for key, number in self._keys.items()
            if key in self._tracks and self._tracks[key][0]
        }

    def parents(self, ids: list[int]) -> dict[int, int]:
        """Return the parent of every object that has one, by track ID."""
        return {
            ids[number]: ids[self._keys[parent]]
            for key, number in self._keys.items()
            for _, parent in [self._tracks.get(key, ("", None))]
            if parent is not None and parent in self._keys
        }


def track_key(item: dict[str, Any]) -> Key:
    """Return which object an annotation is of, None if it does not say."""
    attributes = item.get("attributes")
    for fields in (item, attributes if isinstance(attributes, dict) else {}):
        for name in TRACK_FIELDS:
            key = key_of(fields, name)
            if key is not None and not (isinstance(key, int) and key < 0):
                return key
    return None


def _check_number(n: int, of_what: str) -> None:
    if n > MAX_TRACK_ID:
        raise ValueError(f"it has more than {MAX_TRACK_ID} {of_what}")
