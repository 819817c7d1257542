"""Which image of a COCO file is which frame of the movie."""

from __future__ import annotations

import re
from typing import Any

from napari_sam2_ivos.io.sources import natural_key

Key = int | str | None
"""What identifies something in a file."""

FRAME_FIELDS = ("frame_id", "frame_index")
"""Where an image says which frame it is, from 0: as in CocoVID, as in TAO."""


class Images:
    """The images of a file, or the frames of the video in it.

    Parameters
    ----------
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames : int

    Raises
    ------
    ValueError
        By every method, if they are not of this movie.
    """

    def __init__(self, plane_shape: tuple[int, int], n_frames: int) -> None:
        self._shape = plane_shape
        self._n_frames = n_frames
        self._numbers: dict[Key, int] = {}
        self._described: dict[Key, dict[str, Any]] = {}
        self._videos: set[Key] = set()
        self._n_in_video = 0
        self._names: list[str] = []

    def take_image(self, item: dict[str, Any]) -> None:
        """Note an item of ``images``."""
        self._check_size(item)
        self._check_video(key_of(item, "video_id"))
        kept = ("file_name", *FRAME_FIELDS)
        self._described[key_of(item, "id")] = {name: item.get(name) for name in kept}
        self._check_number(len(self._described))

    def take_video(self, item: dict[str, Any]) -> None:
        """Note an item of ``videos``."""
        self._check_size(item)
        self._check_video(key_of(item, "id"))
        names = item.get("file_names")
        self._names = [str(name) for name in names] if isinstance(names, list) else []

    def number(self, image: Key) -> int:
        """Return the number of an image, counted in the order in which they come."""
        number = self._numbers.setdefault(image, len(self._numbers))
        self._check_number(number + 1)
        return number

    def number_in_video(self, item: dict[str, Any], frame: int) -> int:
        """Return the number of the image that is a frame of the video."""
        self._check_video(key_of(item, "video_id"))
        self._n_in_video = max(self._n_in_video, frame + 1)
        return self.number(frame)

    def frames(self) -> tuple[list[int], list[int]]:
        """Return what was found out.

        Returns
        -------
        list of int
            Frame of every image that has a number, in their order.
        list of int
            Frames of all images, ascending.
        """
        described = self._described
        in_video = self._n_in_video > 0 or not described
        if in_video:
            names = self._names or [""] * self._n_in_video
            described = {i: {"file_name": name} for i, name in enumerate(names)}
        if not described:
            raise ValueError("it has no images")
        images = list(described.values())
        if in_video and len(images) == self._n_frames:
            frames = list(range(self._n_frames))
        else:
            frames = self._said(images) or self._by_name(images)
        frame_of = dict(zip(described, frames, strict=True))
        for image in self._numbers:
            if image not in frame_of:
                raise ValueError(f"there is no image '{image}', but annotations of it")
        return [frame_of[image] for image in self._numbers], sorted(frames)

    def _said(self, images: list[dict[str, Any]]) -> list[int] | None:
        """Return the frames that the images say they are."""
        for name in FRAME_FIELDS:
            found = (image.get(name) for image in images)
            said = [frame for frame in found if type(frame) is int]
            if len(set(said)) < len(images):
                continue
            if min(said) == 1 and max(said) == self._n_frames:
                return [frame - 1 for frame in said]
            if min(said) < 0 or max(said) >= self._n_frames:
                raise ValueError(
                    f"it has frames {min(said)} to {max(said)}, but the movie has"
                    f" 0 to {self._n_frames - 1}"
                )
            return said
        return None

    def _by_name(self, images: list[dict[str, Any]]) -> list[int]:
        names = [str(image["file_name"]) for image in images]
        if len(names) == self._n_frames:
            ranked = sorted(range(len(names)), key=lambda i: natural_key(names[i]))
            places = {number: frame for frame, number in enumerate(ranked)}
            return [places[number] for number in range(len(names))]
        numbers = [
            re.findall(r"\d+", name.rpartition(".")[0] or name) for name in names
        ]
        frames = [int(found[-1]) for found in numbers if found]
        if len(set(frames)) < len(names) or max(frames) >= self._n_frames:
            raise ValueError(
                f"it has {len(names)} images, but the movie has {self._n_frames}"
                " frames, and neither 'frame_id' nor a number at the end of their names"
                " says which they are"
            )
        return frames

    def _check_size(self, item: dict[str, Any]) -> None:
        size = item.get("height"), item.get("width")
        if None not in size and size != self._shape:
            raise ValueError(
                f"its images have {size[0]} x {size[1]} pixels, but frames of the movie"
                f" {self._shape[0]} x {self._shape[1]}"
            )

    def _check_number(self, n_images: int) -> None:
        if n_images > self._n_frames:
            raise ValueError(
                f"it has more images than the {self._n_frames} frames of the movie"
            )

    def _check_video(self, video: Key) -> None:
        if video is not None:
            self._videos.add(video)
        if len(self._videos) > 1:
            raise ValueError("it has several videos. Give a file of one")


def key_of(item: dict[str, Any], name: str) -> Key:
    """Return what identifies something: a whole number, a text, or None."""
    value = item.get(name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is not None and type(value) not in (int, str):
        raise ValueError(f"'{name}' is neither a number nor a name")
    return value
