"""What an engine gives back: masks of objects on a frame, with scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    """

    track_id: int
    top: int
    left: int
    logits: np.ndarray
    object_score: float
    predicted_iou: float
    is_anchor: bool = False
    reverse: bool = False

    @classmethod
    def nothing(
        cls, track_id: int, *, reverse: bool, score: float, is_anchor: bool = False
    ) -> ObjectMask:
        """Return the mask of an object that is not there."""
        empty = np.zeros((0, 0), np.float32)
        return cls(track_id, 0, 0, empty, score, 0.0, is_anchor, reverse)

    @property
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
    """The masks that were computed on one frame, one per object asked for."""

    frame: int
    objects: tuple[ObjectMask, ...]

    def __iter__(self) -> Iterator[ObjectMask]:
        return iter(self.objects)

    @property
    def track_ids(self) -> tuple[int, ...]:
        """Track IDs in the order of `objects`."""
        return tuple(mask.track_id for mask in self.objects)
