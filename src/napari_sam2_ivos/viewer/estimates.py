"""What a run would do, before it runs."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.planning import plan_propagation
from napari_sam2_ivos.viewer.progress import in_words

if TYPE_CHECKING:
    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.viewer.progress import Speed
    from napari_sam2_ivos.viewer.requests import TrackRequest

UP_TO_DATE = "Everything there is up to date."


@dataclass(frozen=True)
class Estimate:
    """What would run.

    Attributes
    ----------
    n_frames, n_objects : int
        How many there are in it at all.
    n_cells : int
        Masks to compute; fewer than frames times objects if objects are tracked on
        different frames.
    seconds : float or None
        How long that takes; None if nothing was measured yet.
    nothing : str
        Why there is nothing to do, if there is nothing.
    """

    n_frames: int
    n_objects: int
    n_cells: int
    seconds: float | None
    nothing: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        if self.nothing:
            return self.nothing
        objects = _count(self.n_objects, "object")
        words = f"{_count(self.n_frames, 'frame')} × {objects}"
        if self.n_cells != self.n_frames * self.n_objects:
            words += f" ({_count(self.n_cells, 'mask')})"
        if self.seconds is None:
            return f"{words}, time unknown until something was tracked"
        return f"{words}, about {in_words(self.seconds)}"


class Estimates:
    """Makes estimates; plans anew only where something has changed.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._key: object = None
        self._plan: Plan | None = None
        self._nothing = ""

    def of(self, request: TrackRequest, speed: Speed, recompute: bool) -> Estimate:
        """Return what `request` would run, with what is up to date if `recompute`."""
        tracks = self._session.tracks.values()
        cells = [(t.track_id, t.version, t.revision) for t in tracks]
        key = (request, recompute, cells)
        if self._plan is None or key != self._key:
            self._key = key
            self._make(request, recompute)
        assert self._plan is not None
        steps = self._plan.steps
        return Estimate(
            len({step.frame for step in steps}),
            len(self._plan.versions),
            self._plan.n_cells,
            speed.seconds(len(steps), self._plan.n_cells),
            self._nothing,
        )

    def _make(self, request: TrackRequest, recompute: bool) -> None:
        session = self._session
        self._nothing = ""
        if recompute:
            wanted = {t.track_id: request.frames_of(t) for t in request.tracks(session)}
            tracks = [_as_if_stale(session.tracks[i], own) for i, own in wanted.items()]
            self._plan = plan_propagation(tracks, request.direction, wanted)
        else:
            self._plan = request.plan(session)
        if not self._plan.steps:
            self._nothing = _why_nothing(request, session, recompute)


def _as_if_stale(track: Track, frames: range) -> Track:
    """Return a track of which some frames are to be computed anew."""
    made = copy(track)
    made.state = track.state.copy()
    made.mark_stale(slice(frames.start, max(frames.start, frames.stop)))
    return made


def _why_nothing(request: TrackRequest, session: Session, recompute: bool) -> str:
    wanted = [(t, request.frames_of(t)) for t in request.tracks(session)]
    if not wanted:
        return "No object to track: none is chosen, or all are locked."
    if not any(frames for _, frames in wanted):
        return "There is no frame there: this is where the movie or the object ends."
    if request.only_stale:
        return "Nothing there has changed."
    if recompute or not all(_is_done(track, frames) for track, frames in wanted):
        return (
            "No prompt leads there in this direction. Choose another direction, or"
            " prompt the object there."
        )
    return UP_TO_DATE


def _is_done(track: Track, frames: range) -> bool:
    return bool(track.fresh(slice(frames.start, max(frames.start, frames.stop))).all())


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'s' if n != 1 else ''}"
