"""Why something cannot be done to the current object on the frame on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.edits.cells import has_mask

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_sam2_ivos.viewer.controller import Controller


class Reasons:
    """Says what is in the way, for a view that shows it before the user tries.

    Each reason is a sentence, or empty if there is nothing in the way.

    Parameters
    ----------
    controller : Controller

    Attributes
    ----------
    frame : int
        The frame of the movie that is on screen, or the nearest there is.
    masks : ndarray, (T,) bool
        Where the current object has a mask.
    """

    def __init__(self, controller: Controller) -> None:
        self._c = controller
        self._id = controller.current
        self._track = track = controller.session.tracks.get(self._id or 0)
        n = controller.movie.n_frames
        self.frame = min(max(controller.frame, 0), n - 1)
        self.masks = np.zeros(n, bool) if track is None else has_mask(track)

    # ---- the object --------------------------------------------------------

    @property
    def no_object(self) -> str:
        """There is no current object, or nothing of it."""
        if self._id is None:
            return "Choose an object in the list first."
        if self._track is None:
            return f"Object {self._id} has no prompt yet. Click on it first."
        return ""

    @property
    def no_change(self) -> str:
        """Nothing of it may be changed."""
        return self.no_object or self.locked([self._id or 0])

    def locked(self, track_ids: Collection[int]) -> str:
        """One of some objects is locked."""
        tracks = self._c.session.tracks
        locked = [i for i in track_ids if tracks[i].is_locked]
        return f"Object {locked[0]} is locked. Unlock it first." if locked else ""

    @property
    def no_other(self) -> str:
        """It is the only one."""
        return "" if len(self._c.session.tracks) > 1 else "There is no other object."

    @property
    def no_masks(self) -> str:
        """It has no mask."""
        return "" if self.masks.any() else "It has no mask yet."

    @property
    def nobody_has_masks(self) -> str:
        """No object has one."""
        if any(has_mask(track).any() for track in self._c.session.tracks.values()):
            return ""
        return "No object has a mask yet. Click on one first."

    # ---- the object here ---------------------------------------------------

    @property
    def no_change_here(self) -> str:
        """Nothing of it may be changed on this frame."""
        if self.no_change or 0 <= self._c.frame < self._c.movie.n_frames:
            return self.no_change
        return "The slider shows no frame of this movie."

    @property
    def is_accepted(self) -> bool:
        """Whether its mask here was accepted."""
        if self._id is None or self.no_change_here:
            return False
        return bool(self._c.session.prompts(self._id, self.frame).is_locked)

    @property
    def no_mask(self) -> str:
        """It has no mask here to accept."""
        here = self.masks[self.frame] or self.is_accepted
        return "" if here else "It has no mask on this frame."

    @property
    def no_masks_on(self) -> str:
        """It is not there any more."""
        on = self.masks[self.frame :].any()
        return "" if on else "It has no mask from this frame on."

    @property
    def no_sides(self) -> str:
        """There are no two parts of it."""
        before, on = self.masks[: self.frame].any(), self.masks[self.frame :].any()
        both = before and on
        return "" if both else "It needs masks before this frame and from it on."

    @property
    def no_gap(self) -> str:
        """There is nothing to fill."""
        before, after = self.masks[: self.frame], self.masks[self.frame + 1 :]
        if before.any() and after.any() and not self.masks[self.frame]:
            return ""
        return "It has a mask here, or none before or after this frame."

    @property
    def no_division(self) -> str:
        """It cannot end here and become two."""
        if children := self._c.session.children(self._id or 0):
            return f"It has divided already, into {' and '.join(map(str, children))}."
        before = self.masks[: self.frame].any()
        return "" if before else "It has no mask before this frame."
