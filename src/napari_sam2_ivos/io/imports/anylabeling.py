"""A folder of JSON files of LabelMe or X-AnyLabeling, one per frame.

See `io.exports.anylabeling` for the format.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.prompts import MAX_TRACK_ID, Mask
from napari_sam2_ivos.io.exports.annotated import UNSAID
from napari_sam2_ivos.io.imports.anylabeling_frames import by_frame
from napari_sam2_ivos.io.imports.anylabeling_shapes import mask_of
from napari_sam2_ivos.io.imports.coco_frames import Key, key_of
from napari_sam2_ivos.io.imports.imported import Imported
from napari_sam2_ivos.io.imports.json_items import items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST_LISTED = 5
"""Group IDs that are told to the user."""


def read_anylabeling(
    path: Path, *, plane_shape: tuple[int, int], n_frames: int
) -> Imported:
    """Open a folder of JSON files of LabelMe or X-AnyLabeling.

    As many files as frames are taken in natural order of their names. Fewer are found
    by the pictures of the same names, if all frames' pictures lie beside them, and
    otherwise by the last number in each name.

    Shapes of one ``group_id`` are one object; a shape without one is an object of its
    own. Where shapes overlap, the later one is on top. Points and lines are left out.

    Parameters
    ----------
    path : Path
        The folder.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames : int

    Raises
    ------
    FormatError
        If there is no such file in it, one is damaged, or they do not fit the movie.
    """
    files, remarks = by_frame(path, n_frames)
    folder = _Folder(files, (int(plane_shape[0]), int(plane_shape[1])))
    return Imported(
        folder.plane,
        sorted(files),
        classes=folder.classes,
        names=folder.names,
        parents=folder.parents,
        remarks=[*remarks, *folder.remarks],
    )


class _Folder:
    """Reads every file once to learn of the objects, and again for its plane.

    Parameters
    ----------
    files : mapping of int to Path
        By frame.
    plane_shape : tuple of int
    """

    def __init__(self, files: Mapping[int, Path], plane_shape: tuple[int, int]) -> None:
        self._files = files
        self._shape = plane_shape
        self._objects: dict[int | str, dict[str, Any]] = {}
        self._alone: list[str] = []  # classes of shapes without group ID
        self._n_alone: dict[int, int] = {}
        remarked: Counter[str] = Counter()
        for frame, file in files.items():
            before = len(self._alone)
            for key, shape, mask in _shapes(file, plane_shape):
                if mask.pixels.size:
                    self._note(key, shape, remarked)
                else:
                    remarked["are points or lines, or cover no pixel: left out"] += 1
                self._check_number(file)
            self._n_alone[frame] = len(self._alone) - before
        if self._alone:
            what = "have no group ID: each became an object of its own"
            remarked[what] = len(self._alone)
        self._number(remarked)

    def _note(self, key: Key, shape: dict[str, Any], remarked: Counter[str]) -> None:
        """Note what a shape says of its object."""
        label = str(shape.get("label") or "")
        if key is None:
            self._alone.append(label)
            return
        known = self._objects.setdefault(key, {"class": label})
        if label != known["class"]:
            remarked["give their object another class: the first counts"] += 1
        said = shape.get("attributes")
        if isinstance(said, dict):
            for name in ("name", "parent"):
                if said.get(name):
                    known.setdefault(name, str(said[name]))

    def _number(self, remarked: Counter[str]) -> None:
        """Give every object a track ID: the group ID, if it can be one."""
        fit: set[int] = {
            key for key in self._objects if type(key) is int and 0 < key <= MAX_TRACK_ID
        }
        top = max(fit, default=0)
        free = iter(
            [
                *range(top + 1, MAX_TRACK_ID + 1),
                *(number for number in range(1, top) if number not in fit),
            ]
        )
        unfit = sorted(self._objects.keys() - fit, key=str)
        self._ids: dict[Key, int] = {key: key for key in fit}
        self._ids |= {key: next(free) for key in unfit}
        self._ids_alone = [next(free) for _ in self._alone]
        starts = accumulate(self._n_alone.values(), initial=0)
        self._first_alone = dict(zip(self._n_alone, starts, strict=False))
        self.remarks = [f"{n} shapes {what}." for what, n in remarked.items()]
        if unfit:
            listed = [f"{key} became {self._ids[key]}" for key in unfit[:MOST_LISTED]]
            more = len(unfit) - len(listed)
            listed += [f"{more} more got new ones"] if more else []
            self.remarks.append(
                f"Some group IDs cannot be track IDs: {', '.join(listed)}."
            )

    @property
    def classes(self) -> dict[int, str]:
        """Class of every object that has one, by track ID."""
        named = {self._ids[k]: known["class"] for k, known in self._objects.items()}
        named |= dict(zip(self._ids_alone, self._alone, strict=True))
        return {i: name for i, name in named.items() if name not in ("", UNSAID)}

    @property
    def names(self) -> dict[int, str]:
        """Name of every object that has one, by track ID."""
        return {
            self._ids[key]: known["name"]
            for key, known in self._objects.items()
            if "name" in known
        }

    @property
    def parents(self) -> dict[int, int]:
        """Parent of every object that has one, by track ID."""
        ids = {str(key): track_id for key, track_id in self._ids.items()}
        return {
            self._ids[key]: ids[known["parent"]]
            for key, known in self._objects.items()
            if known.get("parent") in ids
        }

    def plane(self, frame: int) -> np.ndarray:
        """Return the label plane of a frame, ``(Y, X)`` uint16.

        Raises
        ------
        FormatError
            If the file is damaged, or another one than when the folder was opened.
        """
        plane = np.zeros(self._shape, np.uint16)
        file = self._files.get(frame)
        if file is None:
            return plane
        start = self._first_alone[frame]
        ids = iter(self._ids_alone[start : start + self._n_alone[frame]])
        for key, _, mask in _shapes(file, self._shape):
            if mask.pixels.size:
                track_id = next(ids, None) if key is None else self._ids.get(key)
                if track_id is None:
                    raise FormatError(
                        f"'{file.name}' was changed meanwhile. Load the folder again."
                    )
                plane[mask.window][mask.pixels] = track_id
        return plane

    def _check_number(self, file: Path) -> None:
        if len(self._objects) + len(self._alone) > MAX_TRACK_ID:
            raise FormatError(
                f"With '{file.name}' there are more than {MAX_TRACK_ID} objects, as a"
                " shape without a group ID is one. Give the shapes track IDs first."
            )


def _shapes(
    file: Path, plane_shape: tuple[int, int]
) -> Iterator[tuple[Key, dict[str, Any], Mask]]:
    """Yield the group ID, the fields and the pixels of every shape in a file."""
    size = {}
    try:
        with file.open(encoding="utf-8-sig") as text:
            for name, item in items(text):
                if name in ("imageHeight", "imageWidth"):
                    size[name] = item
                elif name == "shapes":
                    if not isinstance(item, dict):
                        raise ValueError("an item of 'shapes' has no fields")
                    yield key_of(item, "group_id"), item, mask_of(item, plane_shape)
        height, width = size.get("imageHeight"), size.get("imageWidth")
        if (height, width) != plane_shape:
            raise ValueError(
                f"it is of a picture of {height} x {width} pixels, but frames of the"
                f" movie have {plane_shape[0]} x {plane_shape[1]}"
            )
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(
            f"'{file.name}' cannot be taken over: {error}. Give files of LabelMe or"
            " X-AnyLabeling of this movie, and no other .json beside them."
        ) from error
