"""What the user says of a movie: prompts of objects, on frames.

The prompts are the source of truth. An edit marks exactly the cells (object,
frame) stale that came from it, and changes no others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.annotation import Annotation
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import (
    N_CANDIDATES,
    Box,
    FramePrompts,
    Mask,
    Point,
    check_prompts,
    check_track_id,
    is_gone,
)
from napari_sam2_ivos.core.tracks import ANCHOR, REVERSE, STALE, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


class Prompting(Annotation):
    """Takes prompts, replaces them and takes them back; see `Annotation`."""

    def add_points(
        self,
        track_id: int,
        frame: int,
        points: npt.ArrayLike,
        positive: bool | Sequence[bool] = True,
    ) -> None:
        """Add clicks for an object on a frame.

        Parameters
        ----------
        track_id : int
            A new ID begins a new object.
        frame : int
        points : array-like, (N, 2)
            ``(y, x)`` in pixels of the movie.
        positive : bool or sequence of bool, (N,)
            True for "this is the object", False for "this is not".
        """
        coordinates = np.atleast_2d(np.asarray(points, dtype=float))
        if coordinates.ndim != 2 or coordinates.shape[1] != 2 or not len(coordinates):
            raise PromptError("Points must be a list of (y, x) pairs.")
        signs = np.atleast_1d(positive)
        if signs.size == 1:
            signs = np.repeat(signs, len(coordinates))
        if len(signs) != len(coordinates):
            raise PromptError(
                f"{len(coordinates)} points were given with {len(signs)} signs."
            )
        new = tuple(
            Point(float(y), float(x), bool(sign))
            for (y, x), sign in zip(coordinates, signs, strict=True)
        )
        now = self.start(track_id, frame)
        self.set_prompts(track_id, frame, now.with_points(new))

    def add_box(self, track_id: int, frame: int, box: npt.ArrayLike) -> None:
        """Give the box ``[[y0, x0], [y1, x1]]`` around an object on a frame."""
        corners = np.asarray(box, dtype=float)
        if corners.shape != (2, 2):
            raise PromptError("A box is given as [[y0, x0], [y1, x1]].")
        (y0, x0), (y1, x1) = corners.tolist()
        new = self.start(track_id, frame).with_box(Box(y0, x0, y1, x1))
        self.set_prompts(track_id, frame, new)

    def add_mask(self, track_id: int, frame: int, mask: npt.ArrayLike) -> None:
        """Give the ``(Y, X)`` mask of an object on a frame.

        An empty mask says that the object is not there, nor on the frames that
        are tracked from this one, until it is prompted again.
        """
        plane = np.asarray(mask)
        if plane.shape != self.movie.plane_shape:
            raise PromptError(
                f"The mask has shape {plane.shape}, but a frame of '{self.movie.name}'"
                f" has {self.movie.plane_shape}."
            )
        new = self.start(track_id, frame).with_mask(Mask.from_plane(plane))
        self.set_prompts(track_id, frame, new)

    def prompts(self, track_id: int, frame: int) -> FramePrompts:
        """Return the prompts of an object on a frame, empty if there are none."""
        track = self.tracks.get(track_id)
        nothing = FramePrompts()
        return nothing if track is None else track.prompts.get(frame, nothing)

    def start(self, track_id: int, frame: int) -> FramePrompts:
        """Return what the next prompt of an object on a frame is added to.

        The prompts there are; else, where it was tracked, that its mask is to be
        corrected, and the mask itself if the model does not know it.
        """
        frame = self.movie.check_frame(frame)
        track = self.tracks.get(track_id)
        if track is None or frame in track.prompts or not track.is_fresh(frame):
            return self.prompts(track_id, frame)
        if track.is_given(frame):
            shown = self.shown_mask(track, frame)
            return FramePrompts(mask=shown if shown.pixels.size else None)
        reverse = bool(track.state[frame] & REVERSE)
        return FramePrompts(refines=not is_gone(track.prompts, frame, reverse=reverse))

    def set_prompts(self, track_id: int, frame: int, prompts: FramePrompts) -> None:
        """Replace all prompts of an object on a frame; empty ones remove them.

        An object that ended before this frame is there again from now on, unless
        it divided, and stays away in between.
        """
        track_id = check_track_id(track_id)
        frame = self.movie.check_frame(frame)
        check_prompts(prompts, self.movie.plane_shape)
        if self.prompts(track_id, frame) == prompts:
            return
        if not prompts:
            self.remove_prompts(track_id, frame)
            return
        known = self.tracks.get(track_id)
        if known is not None:
            self.check_may_prompt(track_id, frame)
        with self.action(f"Prompt object {track_id} on frame {frame}"):
            if known is None:
                known = self.put_track(Track(track_id, self.movie.n_frames))
            stale = known.dependents(frame)
            self.spoil(known, stale)
            self._revive(known, frame)
            known.prompts[frame] = prompts
            if prompts.given is not None:
                known.widen(frame, prompts.given)
            known.state[frame] |= ANCHOR | STALE

    def _revive(self, track: Track, frame: int) -> None:
        """Let the life of an object reach a frame that is prompted."""
        life, stop = track.lifespan, track.lifespan.stop
        if frame >= life.stop:
            stop = self.movie.n_frames
        if frame > life.stop:
            gone = FramePrompts(mask=Mask.from_plane(np.zeros((0, 0))))
            track.prompts[life.stop] = gone
            track.state[life.stop] |= ANCHOR | STALE
        track.lifespan = range(min(life.start, frame), stop)

    def remove_prompts(self, track_id: int, frame: int) -> None:
        """Take back all prompts of an object on a frame.

        Masks that came from them alone are erased; an object without any
        prompt has no mask left. Where the object was tracked onto the frame
        from a neighbour, a preview tracks it there again.
        """
        track = self.unlocked(track_id)
        if frame not in track.prompts:
            return
        with self.action(f"Clear object {track_id} on frame {frame}"):
            self.changing(track)
            del track.prompts[frame]
            track.state[frame] &= ~np.uint8(ANCHOR)
            self.spoil(track, np.append(track.dependents(frame), frame))
            if track.source_of(frame) is None:
                self.erase(track, np.array([frame]))
            self.erase(track, track.orphans())

    def choose_candidate(self, track_id: int, frame: int, step: int = 1) -> None:
        """Take the next one of the masks that a single click can mean."""
        prompts = self.prompts(track_id, frame)
        if not prompts.is_ambiguous:
            raise PromptError(
                f"Object {track_id} has no single click on frame {frame}. Only a single"
                " click on an object can mean several masks."
            )
        candidate = (prompts.candidate + step) % N_CANDIDATES
        with self.action(f"Another mask of object {track_id} on frame {frame}"):
            self.set_prompts(track_id, frame, replace(prompts, candidate=candidate))

    def remove_object(self, track_id: int) -> None:
        """Delete an object, its prompts and its masks; no other is touched."""
        track = self.unlocked(track_id)
        with self.action(f"Delete object {track_id}"):
            self.erase(track, np.flatnonzero(track.state))
            self.drop_track(track)
            for child in self.children(track_id):
                self.noting(self.tracks[child])
                self.tracks[child].parent = None

    def check_may_prompt(self, track_id: int, frame: int) -> None:
        """Raise `PromptError` if an object may not be prompted on a frame.

        Because it is locked, or has divided before.
        """
        track = self.unlocked(track_id)
        children = self.children(track_id)
        if frame < track.lifespan.stop or not children:
            return
        names = " and ".join(map(str, children))
        raise PromptError(
            f"Object {track_id} ended before frame {frame}, where it divided into"
            f" {names}. Choose one of these, or press New object."
        )
