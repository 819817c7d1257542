"""A session: the prompts, objects and labels of one movie.

The prompts are the source of truth; labels are what the segmenter makes of
them. An edit marks exactly the cells (object, frame) stale that came from it,
and the next run computes those and no others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.compositing import compose
from napari_sam2_ivos.core.errors import PromptError, StoreError
from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.planning import (
    Plan,
    plan_frame,
    plan_glance,
    plan_propagation,
)
from napari_sam2_ivos.core.prompts import (
    Box,
    FramePrompts,
    Mask,
    Point,
    check_prompts,
    check_track_id,
    is_gone,
)
from napari_sam2_ivos.core.results import FrameResult
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, REVERSE, STALE, Track

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore, Segmenter
    from napari_sam2_ivos.core.tracks import Direction


class Session:
    """Prompts in, labels out, for one movie.

    Edits only note what became stale; `preview` and `propagate` compute. A
    program with a GUI plans and applies on its own thread and runs the
    segmenter on another (`plan`, `segmenter.run`, `apply`).

    Parameters
    ----------
    movie : Movie
    segmenter : Segmenter
    labels : LabelStore
        ``(T, Y, X)`` unsigned store, all background for a new session.

    Attributes
    ----------
    tracks : dict of int to Track
    guards : Guards
        Which masks are not trusted, from the next plan on.
    """

    labels_changed = Signal(int)
    """Emitted with the frame whose label plane was written."""
    tracks_changed = Signal()
    """Emitted after an edit of prompts or objects."""

    def __init__(self, movie: Movie, segmenter: Segmenter, labels: LabelStore) -> None:
        if tuple(labels.shape) != movie.shape:
            raise StoreError(
                f"The label stack has shape {tuple(labels.shape)}, but the movie needs"
                f" {movie.shape}."
            )
        self.movie = movie
        self.segmenter = segmenter
        self.labels = labels
        self.tracks: dict[int, Track] = {}
        self.guards = Guards()
        self._n_edits = 0

    # ---- prompts ---------------------------------------------------------

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
        now = self.prompts(track_id, frame)
        self.set_prompts(track_id, frame, now.with_points(new))

    def add_box(self, track_id: int, frame: int, box: npt.ArrayLike) -> None:
        """Give the box ``[[y0, x0], [y1, x1]]`` around an object on a frame."""
        corners = np.asarray(box, dtype=float)
        if corners.shape != (2, 2):
            raise PromptError("A box is given as [[y0, x0], [y1, x1]].")
        (y0, x0), (y1, x1) = corners.tolist()
        new = self.prompts(track_id, frame).with_box(Box(y0, x0, y1, x1))
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
        new = self.prompts(track_id, frame).with_mask(Mask.from_plane(plane))
        self.set_prompts(track_id, frame, new)

    def prompts(self, track_id: int, frame: int) -> FramePrompts:
        """Return the prompts of an object on a frame, empty if there are none."""
        frame = self._check_frame(frame)
        track = self.tracks.get(track_id)
        found = track.prompts.get(frame) if track is not None else None
        if found is not None:
            return found
        tracked = track is not None and track.is_fresh(frame)
        if track is not None and tracked:
            reverse = bool(track.state[frame] & REVERSE)
            tracked = not is_gone(track.prompts, frame, reverse=reverse)
        return FramePrompts(refines=tracked)

    def set_prompts(self, track_id: int, frame: int, prompts: FramePrompts) -> None:
        """Replace all prompts of an object on a frame; empty ones remove them."""
        track_id = check_track_id(track_id)
        frame = self._check_frame(frame)
        check_prompts(prompts, self.movie.plane_shape)
        if not prompts:
            if track_id in self.tracks:
                self.remove_prompts(track_id, frame)
            return
        track = self.tracks.get(track_id)
        if track is None:
            track = self.tracks[track_id] = Track(track_id, self.movie.n_frames)
        elif track.prompts.get(frame) == prompts:
            return
        stale = track.dependents(frame)
        track.prompts[frame] = prompts
        track.state[frame] |= ANCHOR | STALE
        self._spoil(track, stale)
        self.tracks_changed.emit()

    def remove_prompts(self, track_id: int, frame: int) -> None:
        """Take back all prompts of an object on a frame.

        Masks that came from them alone are erased; an object without any
        prompt has no mask left. Where the object was tracked onto the frame
        from a neighbour, a preview tracks it there again.
        """
        track = self.track(track_id)
        if track.prompts.pop(frame, None) is None:
            return
        track.state[frame] &= ~np.uint8(ANCHOR)
        self._spoil(track, np.append(track.dependents(frame), frame))
        if track.source_of(frame) is None:
            self._erase(track, np.array([frame]))
        self._erase(track, track.orphans())
        self.tracks_changed.emit()

    def remove_object(self, track_id: int) -> None:
        """Delete an object, its prompts and its masks; no other is touched."""
        track = self.track(track_id)
        self._erase(track, np.flatnonzero(track.state & COMPUTED))
        self._n_edits += 1
        self.segmenter.forget(track_id, self._n_edits)
        del self.tracks[track_id]
        self.tracks_changed.emit()

    def track(self, track_id: int) -> Track:
        """Return an object, or raise `PromptError` if the ID is unknown."""
        if track_id not in self.tracks:
            known = ", ".join(map(str, sorted(self.tracks))) or "none yet"
            raise PromptError(f"There is no object {track_id}. Objects: {known}.")
        return self.tracks[track_id]

    @property
    def next_track_id(self) -> int:
        """The lowest ID above all that are in use."""
        return max(self.tracks, default=0) + 1

    # ---- computing -------------------------------------------------------

    def mark_stale(
        self,
        frames: range | tuple[int, int] | None = None,
        track_ids: Iterable[int] | None = None,
    ) -> None:
        """Have everything on some frames computed anew by the next run.

        Parameters are those of `plan`. Masks stay until then.
        """
        frames = self._check_range(frames)
        for track_id in self.tracks if track_ids is None else track_ids:
            self._spoil(self.track(track_id), np.asarray(frames))

    def plan_preview(
        self, frame: int, track_ids: Collection[int] | None = None
    ) -> Plan:
        """Plan what an edit on one frame calls for; see `planning.plan_frame`."""
        frame = self._check_frame(frame)
        plan = plan_frame(list(self.tracks.values()), frame, track_ids)
        return replace(plan, guards=self.guards)

    def plan_glance(self, frame: int) -> Plan:
        """Plan a first look at a frame; see `planning.plan_glance`."""
        plan = plan_glance(list(self.tracks.values()), self._check_frame(frame))
        return replace(plan, guards=self.guards)

    def plan(
        self,
        direction: Direction = "forward",
        frames: range | tuple[int, int] | None = None,
        track_ids: Iterable[int] | None = None,
        *,
        on_screen: int | None = None,
        skip_unchanged: bool = False,
    ) -> Plan:
        """Plan a propagation; see `planning.plan_propagation`.

        Parameters
        ----------
        direction : {"forward", "backward", "both", "nearest"}
        frames : range or (start, stop), optional
            Frames to compute, `stop` not included; all by default.
        track_ids : iterable of int, optional
            Objects to compute; all by default.
        on_screen : int, optional
            Frame that the user looks at; what belongs to it comes first.
        skip_unchanged : bool
            Let an object keep its old masks from where 15 in a row have come
            out as they were before the edit.
        """
        frames = self._check_range(frames)
        ids = self.tracks if track_ids is None else track_ids
        chosen = [self.track(track_id) for track_id in ids]
        plan = plan_propagation(chosen, direction, frames, on_screen=on_screen)
        return replace(plan, skip_unchanged=skip_unchanged, guards=self.guards)

    def preview(
        self, frame: int, track_ids: Collection[int] | None = None
    ) -> list[FrameResult]:
        """Compute what an edit on one frame calls for, and write the masks."""
        return list(self.run(self.plan_preview(frame, track_ids)))

    def glance(self, frame: int) -> list[FrameResult]:
        """Guess objects on a frame that nothing was tracked onto; writes nothing."""
        return list(self.run(self.plan_glance(frame)))

    def propagate(
        self,
        direction: Direction = "forward",
        frames: range | tuple[int, int] | None = None,
        track_ids: Iterable[int] | None = None,
        *,
        recompute: bool = False,
        skip_unchanged: bool = False,
        should_stop: Callable[[], bool] | None = None,
    ) -> Iterator[FrameResult]:
        """Compute what is not up to date, frame by frame, and write the labels.

        Parameters are those of `plan`; with `recompute`, also what is up to
        date is computed anew. Closing the iterator or `should_stop` cancels;
        what is done stays.
        """
        track_ids = None if track_ids is None else list(track_ids)
        if recompute:
            self.mark_stale(frames, track_ids)
        plan = self.plan(direction, frames, track_ids, skip_unchanged=skip_unchanged)
        return self.run(plan, should_stop)

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Run a plan on this thread, applying and yielding each result."""
        for result in self.segmenter.run(plan, should_stop):
            self.apply(result, plan)
            yield result

    def apply(self, result: FrameResult, plan: Plan) -> None:
        """Write a result of `plan` into the labels and note its cells as computed.

        Objects that were deleted or edited since the plan was made are left
        out: their masks would be of older prompts. So is a glance, which is
        nobody's result.
        """
        if result.is_glance:
            return
        known = tuple(
            mask
            for mask in result
            if (track := self.tracks.get(mask.track_id)) is not None
            and track.version == plan.versions[mask.track_id]
        )
        if not known:
            return
        frame = result.frame
        others = tuple(
            mask
            for mask in result.others
            if (track := self.tracks.get(mask.track_id)) is not None
            and track.is_fresh(frame)
        )
        result = FrameResult(frame, known, others)
        prompted = [i for i, track in self.tracks.items() if frame in track.prompts]
        self._write(frame, compose(self._plane(frame), result, prompted))
        for mask in known:
            self.tracks[mask.track_id].mark(frame, mask)

    # ---- inside ----------------------------------------------------------

    def _check_frame(self, frame: int) -> int:
        if int(frame) != frame or not 0 <= frame < self.movie.n_frames:
            raise PromptError(
                f"Frame {frame} is outside '{self.movie.name}', which has frames 0 to"
                f" {self.movie.n_frames - 1}."
            )
        return int(frame)

    def _check_range(self, frames: range | tuple[int, int] | None) -> range:
        if frames is None:
            return range(self.movie.n_frames)
        if not isinstance(frames, range):
            frames = range(*frames)
        if frames.step != 1 or not 0 <= frames.start < frames.stop:
            raise PromptError(f"Frames {frames.start}:{frames.stop} are no range.")
        if frames.stop > self.movie.n_frames:
            raise PromptError(
                f"Frames {frames.start}:{frames.stop} reach beyond"
                f" '{self.movie.name}', which has {self.movie.n_frames} frames."
            )
        return frames

    def _spoil(self, track: Track, frames: npt.NDArray[Any]) -> None:
        """Mark computed frames stale; their masks stay until computed again."""
        self._n_edits += 1
        track.version = self._n_edits
        track.mark_stale(frames)
        self.segmenter.forget(track.track_id, track.version, frames.tolist())

    def _erase(self, track: Track, frames: npt.NDArray[Any]) -> None:
        """Take an object off some frames; others get back what it took from them."""
        for frame in frames.tolist():
            plane = self._plane(frame)
            if (plane == track.track_id).any():
                plane = np.where(plane == track.track_id, 0, plane)
                self._write(frame, plane)
                self._return_pixels(frame, plane)
        track.clear(frames)

    def _return_pixels(self, frame: int, plane: np.ndarray) -> None:
        """Have objects that have fewer pixels than their mask composed anew.

        Nothing of them is computed again: the segmenter knows their masks.
        """
        shown = np.bincount(plane.ravel(), minlength=max(self.tracks) + 1)
        for track_id, other in self.tracks.items():
            if other.is_fresh(frame) and shown[track_id] < other.area[frame]:
                other.mark_stale(np.array([frame]))

    def _plane(self, frame: int) -> np.ndarray:
        return np.asarray(self.labels[frame])

    def _write(self, frame: int, plane: np.ndarray) -> None:
        try:
            self.labels[frame] = plane
        except OSError as error:
            raise StoreError(
                f"Frame {frame} could not be saved: {error}. Free some space or choose"
                " another place; every earlier frame is kept."
            ) from error
        self.labels_changed.emit(frame)
