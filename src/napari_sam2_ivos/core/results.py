"""What an engine gives back: masks of objects on a frame, with scores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.prompts import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.core.views import View


class Flag(IntEnum):
    """Why a tracked frame was left empty, and was not taken into the memory."""

    NONE = 0
    ABSENT = 1
    SPREAD = 2
    JUMPED = 3

    def __str__(self) -> str:
        """Return it in words; empty for none."""
        words = ("", "not seen", "spread over the image", "jumped too far")
        return words[self]


@dataclass(frozen=True, eq=False)
class ObjectMask:
    """The mask of one object on one frame, cropped to where it can be.

    Parameters
    ----------
    track_id : int
    top, left : int
        Where the crop lies in the plane, pixels.
    logits : ndarray, (H, W) float
        Mask logits of the crop at the movie's resolution; above 0 is inside.
        Empty if the object is absent.
    object_score : float
        The model's logit that the object is there at all; below 0 is absent.
    predicted_iou : float
        The model's own estimate of the mask's IoU, 0..1.
    is_anchor : bool
        Whether the user prompted this frame; such a mask wins over others.
    reverse : bool
        Whether it was tracked backward in time.
    flag : Flag
        Why it is empty, if the engine did not trust what the model made of it.
    in_parts : bool
        Whether it falls into parts that are not much unlike in size, as the mask
        of a cell does that has divided.
    view : View or None
        The part of the plane that the model looked at, if it did.
    """

    track_id: int
    top: int
    left: int
    logits: np.ndarray
    object_score: float
    predicted_iou: float
    is_anchor: bool = False
    reverse: bool = False
    flag: Flag = Flag.NONE
    in_parts: bool = False
    view: View | None = None

    @classmethod
    def nothing(
        cls, track_id: int, *, reverse: bool, score: float, is_anchor: bool = False
    ) -> ObjectMask:
        """Return the mask of an object that is not there."""
        empty = np.zeros((0, 0), np.float32)
        return cls(track_id, 0, 0, empty, score, 0.0, is_anchor, reverse)

    @property
    def area(self) -> int:
        """Pixels of the mask, those that another object gets included."""
        return int(np.count_nonzero(self.pixels))

    @property
    def centroid(self) -> tuple[float, float]:
        """Mean ``(y, x)`` of the pixels; NaN if there are none."""
        return Mask(self.top, self.left, self.pixels).centroid

    @cached_property
    def pixels(self) -> np.ndarray:
        """The crop as truth values, ``(H, W)`` bool."""
        return self.logits > 0

    @property
    def window(self) -> tuple[slice, slice]:
        """Slices of the crop in the plane, ``(rows, columns)``."""
        height, width = self.logits.shape
        return (
            slice(self.top, self.top + height),
            slice(self.left, self.left + width),
        )


@dataclass(frozen=True, eq=False)
class FrameResult:
    """The masks on one frame, one per object asked for.

    Parameters
    ----------
    frame : int
    objects : tuple of ObjectMask
        What was computed.
    others : tuple of ObjectMask
        Objects that may overlap with these, or did before, as they were
        computed earlier: who gets a pixel is decided between all of them.
    is_glance : bool
        Whether they are a guess from prompts on other frames, with nothing
        tracked in between: to be looked at, never to be kept.
    """

    frame: int
    objects: tuple[ObjectMask, ...]
    others: tuple[ObjectMask, ...] = ()
    is_glance: bool = False

    def __iter__(self) -> Iterator[ObjectMask]:
        return iter(self.objects)

    @property
    def track_ids(self) -> tuple[int, ...]:
        """Track IDs in the order of `objects`."""
        return tuple(mask.track_id for mask in self.objects)
