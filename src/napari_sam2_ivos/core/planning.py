"""From what the user asks for to the cells (object, frame) to compute, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.tracks import (
    ANCHOR,
    COMPUTED,
    GIVEN,
    REVERSE,
    STALE,
    Direction,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from napari_sam2_ivos.core.prompts import FramePrompts
    from napari_sam2_ivos.core.tracks import Track


Frames: TypeAlias = "range | Mapping[int, range]"
"""Frames of all objects, or of each by its track ID; one that has none has none."""


@dataclass(frozen=True)
class Step:
    """One frame and the objects to compute on it.

    A frame that is an anchor of an object gives the mask of its prompts; on
    any other frame the object is tracked, from earlier frames or, if
    `reverse`, from later ones. If `is_glance`, it is guessed from prompts on
    either side, with nothing tracked in between. A step without objects reads
    and encodes its frame, so that it is there when it is needed.
    """

    frame: int
    track_ids: tuple[int, ...]
    reverse: bool = False
    is_glance: bool = False


@dataclass(frozen=True)
class Plan:
    """Steps in the order to run them, with the prompts as they were when planned.

    Parameters
    ----------
    steps : tuple of Step
    prompts : mapping of int to mapping of int to FramePrompts
        Track ID to frame to prompts, of every object in `steps`.
    versions : mapping of int to int
        Track ID to the `Track.version` planned for.
    skip_unchanged : bool
        Whether an object whose masks have come out as they were before the
        edit for a while may keep the masks it had from there on.
    guards : Guards
        Which masks are not trusted.
    stop_when_lost : bool
        Whether an object is left alone beyond a frame on which it was tracked and
        left empty (`core.results.Flag`), up to its next anchor in that direction.
    """

    steps: tuple[Step, ...]
    prompts: Mapping[int, Mapping[int, FramePrompts]]
    versions: Mapping[int, int]
    skip_unchanged: bool = False
    guards: Guards = field(default_factory=Guards)
    stop_when_lost: bool = False

    @classmethod
    def of(cls, steps: Iterable[Step], tracks: Iterable[Track]) -> Plan:
        """Make a plan of `steps`, with the prompts of `tracks` as they are now."""
        steps = tuple(steps)
        # Most steps share their tuple with the one before, see `_steps`.
        shared = {id(step.track_ids): step.track_ids for step in steps}
        needed: set[int] = set().union(*shared.values())
        chosen = [track for track in tracks if track.track_id in needed]
        return cls(
            steps,
            {track.track_id: dict(track.prompts) for track in chosen},
            {track.track_id: track.version for track in chosen},
        )

    @property
    def n_cells(self) -> int:
        """How many (object, frame) cells will be computed."""
        return sum(len(step.track_ids) for step in self.steps)


def plan_frame(
    tracks: Sequence[Track], frame: int, edited: Collection[int] | None = None
) -> Plan:
    """Plan what can be shown on one frame at once.

    That is the objects whose prompts there are not answered yet. And it is
    objects whose prompts there were taken back: they are tracked onto the frame
    from the neighbour they came from.

    Parameters
    ----------
    tracks : sequence of Track
        All objects.
    frame : int
    edited : collection of int, optional
        Track IDs to look at; all by default.
    """
    old = [
        track
        for track in tracks
        if (edited is None or track.track_id in edited) and not track.is_fresh(frame)
    ]
    prompted = tuple(track.track_id for track in old if frame in track.prompts)
    steps = [Step(frame, prompted)] if prompted else []
    for track in old:
        if frame in track.prompts or not track.state[frame] & STALE:
            continue
        source = track.source_of(frame)
        if source is not None:
            steps.append(Step(frame, (track.track_id,), source))
    return Plan.of(steps, tracks)


def plan_glance(tracks: Sequence[Track], frame: int) -> Plan:
    """Plan a first look at a frame that nothing was tracked onto yet.

    Each object that was never computed there is guessed from its prompts on
    other frames, unless the nearest of these says that it is gone.
    """
    ids = []
    for track in tracks:
        was_computed = bool(track.state[frame] & COMPUTED)
        if not track.prompts or was_computed or frame not in track.lifespan:
            continue
        nearest = min(track.prompts, key=lambda anchor: abs(anchor - frame))
        if not track.prompts[nearest].is_absence:
            ids.append(track.track_id)
    steps = [Step(frame, tuple(ids), is_glance=True)] if ids else []
    return Plan.of(steps, tracks)


def plan_encoding(frames: Iterable[int]) -> Plan:
    """Plan to read and encode frames, in this order, with no object on them."""
    return Plan.of((Step(frame, ()) for frame in frames), ())


def plan_propagation(
    tracks: Sequence[Track],
    direction: Direction,
    frames: Frames,
    *,
    only_stale: bool = False,
    on_screen: int | None = None,
) -> Plan:
    """Plan a propagation.

    Forward, an object runs on the frames after its first anchor, each from
    the anchors up to it; backward on the frames before its last anchor, each
    from the anchors after it. "both" runs forward from the first anchor on and
    backward before it; "nearest" runs each frame from the anchor that is nearer.
    Nothing runs where an object has no anchor to come from, and frames that are
    up to date are left alone. Asked for one direction, a frame that was tracked
    in the other is not up to date: so a correction can be carried back over the
    frames that went wrong before it.

    Where nothing is computed between an anchor and the first frame asked for,
    the frames in between are computed too: a frame is tracked from its
    neighbour, never out of thin air.

    Parameters
    ----------
    tracks : sequence of Track
    direction : {"forward", "backward", "both", "nearest"}
    frames : range or mapping of int to range
        Frames to compute, ascending. Beyond its lifespan an object has none.
    only_stale : bool
        Leave alone what was never computed.
    on_screen : int, optional
        Frame that the user looks at: what lies between the same two anchors
        as this frame comes first.
    """
    if direction not in ("forward", "backward", "both", "nearest"):
        raise PromptError(
            f"Direction '{direction}' is unknown. Use forward, backward, both or"
            " nearest."
        )
    prompted = [track for track in tracks if track.prompts]
    if not prompted:
        return Plan.of((), ())

    def of(track: Track) -> range:
        own = frames if isinstance(frames, range) else frames.get(track.track_id)
        own, life = own or range(0), track.lifespan
        return range(max(own.start, life.start), min(own.stop, life.stop))

    cells = np.array(
        [_cells(track, direction, of(track), only_stale) for track in prompted]
    )
    near = np.zeros(cells.shape[::2], bool)
    if on_screen is not None:
        near[:] = [_between_same_anchors(track, on_screen) for track in prompted]
    steps = []
    for urgent in (near, ~near):
        for reverse in (False, True):
            wanted = cells[:, int(reverse)] & urgent
            steps += _steps(wanted, prompted, reverse=reverse)
    return Plan.of(steps, prompted)


def plan_again(tracks: Sequence[Track]) -> Plan:
    """Plan to compute anew what is out of date, each frame from its side as before.

    Behind `Session.mark_stale` that is everything that the model ever computed: a
    session replays so, and gives the labels that it has.
    """
    prompted = [track for track in tracks if track.prompts]
    if not prompted:
        return Plan.of((), ())
    state = np.array([track.state for track in prompted])
    is_old = state & (STALE | GIVEN) == STALE
    is_backward = state & (REVERSE | ANCHOR) == REVERSE
    steps = _steps(is_old & ~is_backward, prompted, reverse=False)
    steps += _steps(is_old & is_backward, prompted, reverse=True)
    return Plan.of(steps, prompted)


def _cells(
    track: Track, direction: Direction, frames: range, only_stale: bool
) -> np.ndarray:
    """Return which frames of an object to compute forward and backward, (2, T)."""
    cells = np.zeros((2, len(track.state)), bool)
    wish = {"forward": False, "backward": True}.get(direction)
    own = slice(frames.start, max(frames.start, frames.stop))
    if direction != "nearest" and track.fresh(own, wish).all():
        return cells
    at = np.arange(len(track.state))
    anchors = np.array(track.anchors)
    if direction == "nearest":
        following = np.searchsorted(anchors, at)
        after = np.append(anchors, np.inf)[following] - at
        before = at - np.insert(anchors.astype(float), 0, -np.inf)[following]
        backward = after < before
        backward[anchors] = False
    else:
        backward = np.full(len(at), direction == "backward")
        if direction == "both":
            backward = at < anchors[0]
    reachable = np.where(backward, at <= anchors[-1], at >= anchors[0])
    fresh = track.fresh(slice(None), None if direction == "both" else backward)
    todo = reachable & ~fresh
    if only_stale:
        todo &= track.state & STALE != 0
    asked = todo & (at >= frames.start) & (at < frames.stop)
    cells = np.array([asked & ~backward, asked & backward])
    if (forward := np.flatnonzero(cells[0])).size:
        gap = slice(track.anchor_before(int(forward[0])), frames.start)
        cells[0, gap] |= (todo & ~backward)[gap]
    if (behind := np.flatnonzero(cells[1])).size:
        anchor = track.anchor_after(int(behind[-1]))
        gap = slice(frames.stop, None if anchor is None else anchor + 1)
        cells[1, gap] |= (todo & backward)[gap]
    return cells


def _between_same_anchors(track: Track, frame: int) -> np.ndarray:
    """Return which frames lie between the same two anchors as `frame`, (T,) bool.

    None if a correction still has to be answered.
    """
    before, after = track.anchor_before(frame), track.anchor_after(frame + 1)
    between = np.zeros(len(track.state), bool)
    between[before:after] = True
    if any(p.refines and not track.is_fresh(at) for at, p in track.prompts.items()):
        # A correction starts from what is tracked there: all in order of time.
        between[:] = False
    return between


def _steps(wanted: np.ndarray, tracks: Sequence[Track], *, reverse: bool) -> list[Step]:
    """Return the steps of a table (objects, frames) of cells to compute."""
    ids = np.array([track.track_id for track in tracks])
    frames = np.flatnonzero(wanted.any(axis=0))
    cells = wanted[:, frames]
    is_other = np.append(True, (cells[:, 1:] != cells[:, :-1]).any(axis=0))
    steps: list[Step] = []
    own: tuple[int, ...] = ()
    for i, frame in enumerate(frames.tolist()):
        if is_other[i]:
            own = tuple(ids[cells[:, i]].tolist())
        steps.append(Step(frame, own, reverse))
    return steps[::-1] if reverse else steps
