"""COCO instances and YouTube-VIS, of any program that writes them.

See `io.exports.coco` and `io.exports.youtube_vis`. A file is read once, annotation by
annotation; only what is needed of each is kept.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.imports.coco_frames import Images, Key, key_of
from napari_sam2_ivos.io.imports.coco_masks import run_lengths
from napari_sam2_ivos.io.imports.coco_objects import Objects, track_key
from napari_sam2_ivos.io.imports.imported import Imported
from napari_sam2_ivos.io.imports.json_items import items
from napari_sam2_ivos.io.imports.spooled_masks import Planes, Spool

if TYPE_CHECKING:
    from pathlib import Path


def read_coco(path: Path, *, plane_shape: tuple[int, int], n_frames: int) -> Imported:
    """Open COCO instances or YouTube-VIS.

    Images are frames by their ``frame_id``; without one in natural order of their
    names, or by the last number in each if there are fewer images than frames. Objects
    are told apart by ``track_id`` or ``instance_id``, also as a field of
    ``attributes``; without one, each annotation is an object of its own. Where
    annotations overlap, the later one wins.

    Parameters
    ----------
    path : Path
        A ``.json`` file.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames : int

    Raises
    ------
    FormatError
        If it is no such file, is damaged, or does not fit the movie.
    """
    reader = _Reader((int(plane_shape[0]), int(plane_shape[1])), n_frames)
    try:
        with path.open(encoding="utf-8-sig") as file:
            for name, item in items(file):
                reader.take(name, item)
        return reader.imported()
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(
            f"'{path.name}' cannot be taken over: {error}. Give COCO or YouTube-VIS"
            " JSON with masks of this movie."
        ) from error


class _Reader:
    """Gathers what the annotations of a file say.

    Parameters
    ----------
    plane_shape : tuple of int
    n_frames : int

    Raises
    ------
    ValueError
        By every method, if something is not as it should be.
    """

    def __init__(self, plane_shape: tuple[int, int], n_frames: int) -> None:
        self._shape = plane_shape
        self._images = Images(plane_shape, n_frames)
        self._objects = Objects()
        self._masks = Spool()
        self._image_of = array("q")
        self._object_of = array("q")
        self._remarked: Counter[str] = Counter()

    def take(self, name: str, item: Any) -> None:
        """Note an item of a list of the file, by the name of the list."""
        take = {
            "images": self._images.take_image,
            "videos": self._images.take_video,
            "categories": self._objects.take_category,
            "tracks": self._objects.take_track,
            "annotations": self._take_annotation,
        }.get(name)
        if take is None:
            return
        if not isinstance(item, dict):
            raise ValueError(f"an item of '{name}' has no fields")
        take(item)

    def _take_annotation(self, item: dict[str, Any]) -> None:
        category = key_of(item, "category_id")
        if "segmentations" in item:
            self._take_track(item, category)
            return
        image, key = self._images.number(key_of(item, "image_id")), track_key(item)
        if not item.get("segmentation"):
            self._remarked["have no mask: left out"] += 1
        elif item.get("iscrowd") and key is None:
            self._remarked["stand for a crowd, not for an object: left out"] += 1
        else:
            self._take_mask(image, key, category, item["segmentation"])

    def _take_track(self, item: dict[str, Any], category: Key) -> None:
        """Note an annotation of YouTube-VIS: a mask, or null, for every frame."""
        if not isinstance(item["segmentations"], list):
            raise ValueError("'segmentations' is not a list")
        key = key_of(item, "id")
        self._objects.take_track(item)
        for frame, segmentation in enumerate(item["segmentations"]):
            image = self._images.number_in_video(item, frame)
            if segmentation:
                self._take_mask(image, key, category, segmentation)

    def _take_mask(
        self, image: int, key: Key, category: Key, segmentation: Any
    ) -> None:
        runs = run_lengths(segmentation, self._shape)
        if not runs[1::2].any():
            self._remarked["have no pixel: left out"] += 1
            return
        number, is_same_class = self._objects.number(key, category)
        if not is_same_class:
            self._remarked["give their object another class: the first counts"] += 1
        self._image_of.append(image)
        self._object_of.append(number)
        self._masks.append(runs)

    def imported(self) -> Imported:
        """Return it all, once every item is taken."""
        frame_of, frames = self._images.frames()
        ids, remarks = self._objects.track_ids()
        planes = Planes(
            self._shape,
            self._masks,
            frames=np.array(frame_of, np.int64)[np.asarray(self._image_of, np.int64)],
            labels=np.array(ids, np.int64)[np.asarray(self._object_of, np.int64)],
        )
        n_over = sum(planes.painted(frame)[1] for frame in frames)
        if n_over:
            remarks.append(
                f"{n_over} annotations overlap earlier ones: they are on top."
            )
        remarks += [f"{n} annotations {what}." for what, n in self._remarked.items()]
        return Imported(
            planes,
            frames,
            classes=self._objects.classes(ids),
            names=self._objects.names(ids),
            parents=self._objects.parents(ids),
            remarks=remarks,
        )
