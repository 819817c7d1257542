"""From what the user asks for to the cells (object, frame) to compute, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.tracks import STALE, Direction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from napari_sam2_ivos.core.prompts import FramePrompts
    from napari_sam2_ivos.core.tracks import Track


@dataclass(frozen=True)
class Step:
    """One frame and the objects to compute on it.

    A frame that is an anchor of an object gives the mask of its prompts; on
    any other frame the object is tracked, from earlier frames or, if
    `reverse`, from later ones.
    """

    frame: int
    track_ids: tuple[int, ...]
    reverse: bool = False


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
    """

    steps: tuple[Step, ...]
    prompts: Mapping[int, Mapping[int, FramePrompts]]
    versions: Mapping[int, int]

    @classmethod
    def of(cls, steps: Iterable[Step], tracks: Iterable[Track]) -> Plan:
        """Make a plan of `steps`, with the prompts of `tracks` as they are now."""
        steps = tuple(steps)
        needed = {track_id for step in steps for track_id in step.track_ids}
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

    That is the objects that are prompted there, as soon as one of them is not
    up to date: all of them, so that they share their pixels by logit and not
    by who came first (an engine that knows an answer does not compute it
    again). And it is objects whose prompts there were taken back: they are
    tracked onto the frame from the neighbour they came from.

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
    steps = []
    if any(frame in track.prompts for track in old):
        ids = tuple(track.track_id for track in tracks if frame in track.prompts)
        steps.append(Step(frame, ids))
    for track in old:
        if frame in track.prompts or not track.state[frame] & STALE:
            continue
        source = track.source_of(frame)
        if source is not None:
            steps.append(Step(frame, (track.track_id,), source))
    return Plan.of(steps, tracks)


def plan_propagation(
    tracks: Sequence[Track],
    direction: Direction,
    frames: range,
    *,
    recompute: bool = False,
) -> Plan:
    """Plan a propagation.

    Forward, an object runs on the frames after its first anchor, each from
    the anchors up to it; backward on the frames before its last anchor, each
    from the anchors after it. "both" runs forward from the first anchor on and
    backward before it. Nothing runs where an object has no anchor to come
    from, and frames that are up to date are left alone unless `recompute`. Asked
    for one direction, a frame that was tracked in the other is not up to date:
    so a correction can be carried back over the frames that went wrong before it.

    Parameters
    ----------
    tracks : sequence of Track
    direction : {"forward", "backward", "both"}
    frames : range
        Frames to compute, ascending.
    recompute : bool
        Compute up-to-date frames again.
    """
    if direction not in ("forward", "backward", "both"):
        raise PromptError(
            f"Direction '{direction}' is unknown. Use forward, backward or both."
        )
    prompted = [track for track in tracks if track.prompts]
    at = np.arange(frames.start, frames.stop)
    forward = np.zeros((len(prompted), len(at)), bool)
    backward = np.zeros_like(forward)
    for row, track in enumerate(prompted):
        wanted = np.ones(len(at), bool)
        if not recompute:
            wanted = ~track.fresh(slice(frames.start, frames.stop), direction)
        anchors = track.anchors
        if direction == "backward":
            backward[row] = wanted & (at <= anchors[-1])
        else:
            forward[row] = wanted & (at >= anchors[0])
        if direction == "both":
            backward[row] = wanted & (at < anchors[0])
    steps = _steps(forward, prompted, frames, reverse=False)
    steps += _steps(backward, prompted, frames, reverse=True)
    return Plan.of(steps, prompted)


def _steps(
    wanted: np.ndarray, tracks: Sequence[Track], frames: range, *, reverse: bool
) -> list[Step]:
    """Return the steps of a table (objects, frames) of cells to compute."""
    ids = np.array([track.track_id for track in tracks])
    columns = np.flatnonzero(wanted.any(axis=0))
    return [
        Step(frames[int(c)], tuple(ids[wanted[:, c]].tolist()), reverse)
        for c in (columns[::-1] if reverse else columns)
    ]
