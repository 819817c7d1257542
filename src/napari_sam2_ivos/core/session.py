"""A session: the prompts, objects and labels of one movie.

The prompts are the source of truth; labels are what the segmenter makes of
them. An edit marks exactly the cells (object, frame) stale that came from it,
and the next run computes those and no others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.annotation import Annotation
from napari_sam2_ivos.core.compositing import compose, neighbour_of
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.planning import (
    Plan,
    plan_frame,
    plan_glance,
    plan_propagation,
)
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
from napari_sam2_ivos.core.results import FrameResult
from napari_sam2_ivos.core.tracks import ANCHOR, REVERSE, STALE, Track

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.planning import Frames
    from napari_sam2_ivos.core.ports import LabelStore, Segmenter
    from napari_sam2_ivos.core.tracks import Direction


class Session(Annotation):
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

    def __init__(self, movie: Movie, segmenter: Segmenter, labels: LabelStore) -> None:
        super().__init__(movie, segmenter, labels)
        self.guards = Guards()

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
            shown = Mask.from_plane(self.plane(frame) == track_id)
            return FramePrompts(mask=shown if shown.pixels.size else None)
        reverse = bool(track.state[frame] & REVERSE)
        return FramePrompts(refines=not is_gone(track.prompts, frame, reverse=reverse))

    def set_prompts(self, track_id: int, frame: int, prompts: FramePrompts) -> None:
        """Replace all prompts of an object on a frame; empty ones remove them.

        An object that ended before this frame lives on to it, unless it divided.
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
            self._check_may_prompt(self.unlocked(track_id), frame)
        with self.action(f"Prompt object {track_id} on frame {frame}"):
            if known is None:
                known = self.put_track(Track(track_id, self.movie.n_frames))
            stale = known.dependents(frame)
            self.spoil(known, stale)
            life = known.lifespan
            known.lifespan = range(min(life.start, frame), max(life.stop, frame + 1))
            known.prompts[frame] = prompts
            if prompts.given is not None:
                known.widen(frame, prompts.given)
            known.state[frame] |= ANCHOR | STALE

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
                self.history.note_track(child, self.tracks[child])
                self.tracks[child].parent = None

    def _check_may_prompt(self, track: Track, frame: int) -> None:
        if frame < track.lifespan.stop or not (
            children := self.children(track.track_id)
        ):
            return
        names = " and ".join(map(str, children))
        raise PromptError(
            f"Object {track.track_id} ended before frame {frame}, where it divided into"
            f" {names}. Choose one of these, or press New object."
        )

    # ---- computing -------------------------------------------------------

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
        plane = compose(self.plane(frame), result, safe)
        self.write(frame, plane)
        for mask in known:
            track = self.tracks[mask.track_id]
            self.history.note_track(mask.track_id, track)
            track.mark(frame, mask, neighbour_of(plane, mask))
