"""What the user says about one object on one frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.regions import around, within

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TRACK_ID = int(np.iinfo(np.uint16).max)
"""Largest track ID that fits the label stack's uint16."""

N_CANDIDATES = 3
"""How many masks SAM 2 offers for a single click."""


@dataclass(frozen=True)
class Point:
    """A positive or negative click at ``(y, x)`` in pixels of the movie."""

    y: float
    x: float
    positive: bool = True


@dataclass(frozen=True)
class Box:
    """An axis-aligned box from ``(y0, x0)`` to ``(y1, x1)`` in pixels of the movie."""

    y0: float
    x0: float
    y1: float
    x1: float


@dataclass(frozen=True, eq=False)
class Mask:
    """A binary mask, cropped to its bounding box.

    Parameters
    ----------
    top, left : int
        Where the crop lies in the plane.
    pixels : ndarray, (H, W) bool
        The crop; empty if the object is absent on this frame.
    """

    top: int
    left: int
    pixels: np.ndarray

    @classmethod
    def from_plane(cls, plane: np.ndarray, top: int = 0, left: int = 0) -> Mask:
        """Crop a ``(Y, X)`` plane of truth values to what is in it.

        Or a part of a plane that begins at row `top` and column `left`.
        """
        plane = np.asarray(plane)
        plane = plane if plane.dtype == bool else plane != 0
        rows, columns = plane.any(axis=1), plane.any(axis=0)
        if not rows.any():
            return cls(0, 0, np.zeros((0, 0), bool))
        y0, y1 = np.flatnonzero(rows)[[0, -1]].tolist()
        x0, x1 = np.flatnonzero(columns)[[0, -1]].tolist()
        return cls(top + y0, left + x0, plane[y0 : y1 + 1, x0 : x1 + 1].copy())

    def to_plane(self, shape: tuple[int, int]) -> np.ndarray:
        """Return the mask as a ``(Y, X)`` bool plane of `shape`."""
        plane = np.zeros(shape, bool)
        plane[self.window] = self.pixels
        return plane

    def __or__(self, other: Mask) -> Mask:
        """Return the mask of the pixels that lie in either."""
        region = around([self.window, other.window])
        pixels = np.zeros([part.stop - part.start for part in region], bool)
        for mask in (self, other):
            if mask.pixels.size:
                pixels[within(mask.window, region)] |= mask.pixels
        return Mask(region[0].start, region[1].start, pixels)

    @property
    def window(self) -> tuple[slice, slice]:
        """Slices of the crop in the plane, ``(rows, columns)``."""
        height, width = self.pixels.shape
        return (
            slice(self.top, self.top + height),
            slice(self.left, self.left + width),
        )

    @property
    def centroid(self) -> tuple[float, float]:
        """Mean ``(y, x)`` of the pixels; NaN if there are none."""
        rows, columns = self.pixels.sum(axis=1), self.pixels.sum(axis=0)
        n = int(rows.sum())
        if n == 0:
            return np.nan, np.nan
        y, x = (float(np.arange(p.size) @ p) / n for p in (rows, columns))
        return y + self.top, x + self.left

    def __eq__(self, other: object) -> bool:
        """Masks are equal when they cover the same pixels."""
        return (
            isinstance(other, Mask)
            and (self.top, self.left) == (other.top, other.left)
            and np.array_equal(self.pixels, other.pixels)
        )

    __hash__ = None  # type: ignore[assignment]  # holds an array


@dataclass(frozen=True)
class FramePrompts:
    """All prompts of one object on one frame: they make the frame an anchor.

    Points and a box count together. A mask alone is taken as the answer; points
    given later correct it, a box given later replaces it, and a mask given later
    replaces everything.

    Parameters
    ----------
    points : tuple of Point
    box : Box or None
    mask : Mask or None
    refines : bool
        True if the frame had already been tracked when it was first prompted:
        the prompts then correct the tracked mask instead of starting from
        nothing. Kept with the prompts so that a replay gives the same labels.
    candidate : int
        Which of the masks that a single click can mean is taken: 0 is the one
        that the model trusts most.
    accepted : Mask or None
        What the user has accepted as the answer, whatever the prompts are: nothing
        but a further prompt of the same object changes it.
    """

    points: tuple[Point, ...] = ()
    box: Box | None = None
    mask: Mask | None = None
    refines: bool = False
    candidate: int = 0
    accepted: Mask | None = None

    def __bool__(self) -> bool:
        """Whether there is any prompt."""
        return self._asks or self.given is not None

    @property
    def _asks(self) -> bool:
        return bool(self.points) or self.box is not None

    @property
    def given(self) -> Mask | None:
        """The mask that is the answer as it is, so that nothing is computed."""
        if self.accepted is not None:
            return self.accepted
        return None if self._asks else self.mask

    @property
    def is_locked(self) -> bool:
        """Whether the user has accepted the answer."""
        return self.accepted is not None

    @property
    def is_absence(self) -> bool:
        """Whether they say that the object is not there."""
        return self.given is not None and not self.given.pixels.any()

    @property
    def is_ambiguous(self) -> bool:
        """Whether they are a single click that can mean several masks."""
        is_click = len(self.points) == 1 and self.points[0].positive
        is_alone = self.box is None and self.basis is None and self.given is None
        return is_click and is_alone and not self.refines

    @property
    def basis(self) -> Mask | None:
        """The mask that a further point corrects, if it is known."""
        return None if self.is_absence else self.accepted or self.mask

    def with_points(self, points: tuple[Point, ...]) -> FramePrompts:
        """Return the prompts with `points` added; they correct a mask given before."""
        return FramePrompts(self.points + points, self.box, self.basis, self.refines)

    def with_box(self, box: Box) -> FramePrompts:
        """Return the prompts with `box` instead of an earlier box or mask."""
        return FramePrompts(self.points, box, None, self.refines)

    def with_mask(self, mask: Mask) -> FramePrompts:
        """Return the prompts with `mask` instead of everything else."""
        return FramePrompts(mask=mask, refines=self.refines)

    def with_accepted(self, mask: Mask) -> FramePrompts:
        """Return the prompts with `mask` as their answer for good."""
        return replace(self, accepted=mask)

    def reopened(self) -> FramePrompts:
        """Return the prompts as they were before they were accepted."""
        return replace(self, accepted=None)


def is_gone(prompts: Mapping[int, FramePrompts], frame: int, *, reverse: bool) -> bool:
    """Whether the user's last word before a frame is that the object is not there.

    Such an object stays away until it is prompted again: a cell that has divided
    or left would otherwise be found again in a daughter or a neighbour.

    Parameters
    ----------
    prompts : mapping of int to FramePrompts
        Prompts of the object by frame.
    frame : int
        A frame without prompts.
    reverse : bool
        Whether it is tracked backward in time: "before" is then a later frame.
    """
    side = [at for at in prompts if (at > frame if reverse else at < frame)]
    if not side:
        return False
    return prompts[min(side) if reverse else max(side)].is_absence


def check_track_id(track_id: int) -> int:
    """Return `track_id` as an int, or raise if it cannot be a label value."""
    if isinstance(track_id, bool | np.bool_) or int(track_id) != track_id:
        raise PromptError(f"Track ID {track_id!r} is not a whole number.")
    if track_id == 0:
        raise PromptError("Track ID 0 is the background. Use 1 or more.")
    if not 0 < track_id <= MAX_TRACK_ID:
        raise PromptError(f"Track ID {track_id} is outside 1 to {MAX_TRACK_ID}.")
    return int(track_id)


def check_prompts(prompts: FramePrompts, plane_shape: tuple[int, int]) -> None:
    """Raise `PromptError` if a prompt lies outside a plane of ``(Y, X)`` pixels.

    Pixel centres are at whole coordinates, so a plane reaches from -0.5 to
    ``size - 0.5``.
    """
    height, width = plane_shape
    for p in prompts.points:
        inside = -0.5 <= p.y <= height - 0.5 and -0.5 <= p.x <= width - 0.5
        if not inside:  # NaN coordinates end here too
            raise PromptError(
                f"Point (y {p.y:g}, x {p.x:g}) lies outside the image, which has"
                f" {height} x {width} pixels."
            )
    if prompts.box is not None:
        b = prompts.box
        if not (b.y1 > b.y0 and b.x1 > b.x0):
            raise PromptError(
                f"Box from (y {b.y0:g}, x {b.x0:g}) to (y {b.y1:g}, x {b.x1:g}) has no"
                " area. Give its top left corner first."
            )
        if b.y1 < -0.5 or b.x1 < -0.5 or b.y0 > height - 0.5 or b.x0 > width - 0.5:
            raise PromptError(
                f"Box from (y {b.y0:g}, x {b.x0:g}) to (y {b.y1:g}, x {b.x1:g}) lies"
                f" outside the image, which has {height} x {width} pixels."
            )
    for m in (prompts.mask, prompts.accepted):
        if m is None:
            continue
        bottom, right = m.top + m.pixels.shape[0], m.left + m.pixels.shape[1]
        if min(m.top, m.left) < 0 or bottom > height or right > width:
            raise PromptError("The mask does not fit into the image.")
