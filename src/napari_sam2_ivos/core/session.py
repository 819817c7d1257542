"""A session: the prompts, objects and labels of one movie.

The prompts are the source of truth (`core.prompting`); labels are what the
segmenter makes of them. A run computes the cells (object, frame) that are stale,
and no others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.compositing import compose, neighbour_of
from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.planning import (
    Plan,
    plan_again,
    plan_frame,
    plan_glance,
    plan_propagation,
)
from napari_sam2_ivos.core.prompting import Prompting
from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.core.regions import Change, around, grown
from napari_sam2_ivos.core.results import FrameResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.planning import Frames
    from napari_sam2_ivos.core.ports import LabelStore, Segmenter
    from napari_sam2_ivos.core.tracks import Direction, Track


class Session(Prompting):
    """Prompts in, labels out, for one movie.

    Edits only note what became stale; `preview` and `propagate` compute. A
    program with a GUI plans and applies on its own thread and runs the
    segmenter on another (`plan`, `segmenter.run`, `apply`). Edits of whole
    objects are in `core.edits`.

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

    frame_computed = Signal(int)
    """Emitted with the frame whose results were written and noted."""

    def __init__(self, movie: Movie, segmenter: Segmenter, labels: LabelStore) -> None:
        super().__init__(movie, segmenter, labels)
        self.guards = Guards()

    def mark_stale(
        self,
        frames: Frames | tuple[int, int] | None = None,
        track_ids: Iterable[int] | None = None,
    ) -> None:
        """Have everything on some frames computed anew by the next run.

        Parameters are those of `plan`. Masks stay until then.
        """
        if frames is None or isinstance(frames, range | tuple):
            frames = self.movie.check_range(frames)
        with self.action("Have it computed anew"):
            for track in self._open_tracks(track_ids):
                own = frames
                if not isinstance(own, range):
                    own = own.get(track.track_id, range(0))
                self.spoil(track, np.asarray(own, dtype=int))

    def plan_preview(
        self, frame: int, track_ids: Collection[int] | None = None
    ) -> Plan:
        """Plan what an edit on one frame calls for; see `planning.plan_frame`."""
        frame = self.movie.check_frame(frame)
        plan = plan_frame(self._open_tracks(), frame, track_ids)
        return replace(plan, guards=self.guards)

    def plan_glance(self, frame: int) -> Plan:
        """Plan a first look at a frame; see `planning.plan_glance`."""
        plan = plan_glance(self._open_tracks(), self.movie.check_frame(frame))
        return replace(plan, guards=self.guards)

    def plan(
        self,
        direction: Direction = "forward",
        frames: Frames | tuple[int, int] | None = None,
        track_ids: Iterable[int] | None = None,
        *,
        only_stale: bool = False,
        on_screen: int | None = None,
        skip_unchanged: bool = False,
        stop_when_lost: bool = False,
    ) -> Plan:
        """Plan a propagation; see `planning.plan_propagation`.

        Parameters
        ----------
        direction : {"forward", "backward", "both", "nearest"}
        frames : range or (start, stop) or mapping of int to range, optional
            Frames to compute, `stop` not included, of all objects or of each by
            its track ID; all by default.
        track_ids : iterable of int, optional
            Objects to compute; all by default. Locked ones are left alone.
        only_stale : bool
            Compute only frames that were computed before and are out of date.
        on_screen : int, optional
            Frame that the user looks at; what belongs to it comes first.
        skip_unchanged : bool
            Let an object keep its old masks from where 15 in a row have come
            out as they were before the edit.
        stop_when_lost : bool
            Let an object be beyond a frame on which it was not found.
        """
        if frames is None or isinstance(frames, range | tuple):
            frames = self.movie.check_range(frames)
        chosen = self._open_tracks(track_ids)
        plan = plan_propagation(
            chosen, direction, frames, only_stale=only_stale, on_screen=on_screen
        )
        return replace(
            plan,
            skip_unchanged=skip_unchanged,
            stop_when_lost=stop_when_lost,
            guards=self.guards,
        )

    def plan_again(self) -> Plan:
        """Plan to compute anew what is out of date; see `planning.plan_again`."""
        return replace(plan_again(self._open_tracks()), guards=self.guards)

    def _open_tracks(self, track_ids: Iterable[int] | None = None) -> list[Track]:
        """Return objects, all by default, without those that are locked."""
        ids = self.tracks if track_ids is None else track_ids
        chosen = [self.track(track_id) for track_id in ids]
        return [track for track in chosen if not track.is_locked]

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
        this_run = object()
        if recompute:
            with self.action("Track", this_run):
                self.mark_stale(frames, track_ids)
        plan = self.plan(direction, frames, track_ids, skip_unchanged=skip_unchanged)
        return self.run(plan, should_stop, this_run)

    def run(
        self,
        plan: Plan,
        should_stop: Callable[[], bool] | None = None,
        tracking: object = None,
    ) -> Iterator[FrameResult]:
        """Run a plan on this thread, applying and yielding each result.

        With `tracking`, anything that tells this run from others, it is one step of
        undo; else it belongs to what was done last.
        """
        for result in self.segmenter.run(plan, should_stop):
            if tracking is not None:
                self.history.begin("Track", tracking)
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
        frame = result.frame
        known = tuple(
            mask
            for mask in result
            if (track := self.tracks.get(mask.track_id)) is not None
            and track.version == plan.versions[mask.track_id]
            and frame in track.lifespan
        )
        if not known:
            return
        others = tuple(
            mask
            for mask in result.others
            if (track := self.tracks.get(mask.track_id)) is not None
            and track.is_fresh(frame)
            and not (track.is_locked or track.is_given(frame))
            # What the segmenter knows may be older than an edit that kept the mask.
            and track.shows(frame, mask)
            and not self.prompts(mask.track_id, frame).is_locked
        )
        result = FrameResult(frame, known, others)
        safe = [i for i, t in self.tracks.items() if frame in t.prompts or t.is_locked]
        masks = (*known, *others)
        windows = {m.track_id: self.tracks[m.track_id].window_on(frame) for m in masks}
        # Where each was and is; the pixels around are those that it may touch.
        places = [around([windows[m.track_id], m.window]) for m in masks]
        changes, neighbours = [], {}
        for region, members in self.gather([grown(place) for place in places]):
            inside = FrameResult(frame, tuple(masks[i] for i in members))
            before = self.part(frame, *region)
            after = compose(before, inside, windows, safe, region)
            own = [places[i] for i in members]
            changes.append(Change(region, before, after, own))
            for mask in inside:
                neighbours[mask.track_id] = neighbour_of(after, mask, region)
        for mask in known:
            self.history.note_track(mask.track_id, self.tracks[mask.track_id])
        try:
            self.write(frame, changes)
        except StoreError:
            for mask in known:  # a part of it may be written
                pixels = Mask(mask.top, mask.left, mask.pixels)
                self.tracks[mask.track_id].widen(frame, pixels)
            raise
        for mask in known:
            track = self.tracks[mask.track_id]
            track.mark(frame, mask, neighbours.get(mask.track_id, 0))
        self.frame_computed.emit(frame)
