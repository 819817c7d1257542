"""Cells (object, frame) that change hands; what the edits of objects are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.prompts import FramePrompts, Mask
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, GIVEN, REVERSE, STALE

if TYPE_CHECKING:
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.core.tracks import Track


def has_mask(track: Track) -> np.ndarray:
    """Return on which frames an object has a mask, ``(T,)`` bool."""
    return (track.state & COMPUTED != 0) & (track.area > 0)


def begins(track: Track) -> int:
    """Return the first frame on which an object has a mask, or else may have one."""
    there = np.flatnonzero(has_mask(track))
    return int(there[0]) if there.size else track.lifespan.start


def make_anchor(
    session: Session, track: Track, frame: int, prompts: FramePrompts
) -> None:
    """Prompt an object with the mask that it has; so nothing becomes stale."""
    session.changing(track)
    track.prompts[frame] = prompts
    bits = track.state[frame] & ~np.uint8(STALE | GIVEN)
    track.state[frame] = bits | COMPUTED | ANCHOR
    mask = prompts.given
    if mask is not None:
        track.area[frame] = np.count_nonzero(mask.pixels)
        track.centroid[frame] = mask.centroid
        track.widen(frame, mask)
    # What the model knows of this frame is another mask, if only by a pixel.
    session.segmenter.forget(track.track_id, track.version, (frame,))


def lost(track: Track, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what loses the prompts that it came from, if some frames are taken away.

    Returns
    -------
    ndarray, ndarray
        Those of `frames` that came from prompts on others, and those others that
        came from prompts on `frames`.
    """
    inside, follows = np.zeros((2, len(track.state)), bool)
    inside[frames] = True
    for anchor in track.prompts:
        if inside[anchor]:
            follows[track.dependents(anchor)] = True
    computed = track.state & (COMPUTED | GIVEN | ANCHOR) == COMPUTED
    return (
        np.flatnonzero(computed & inside & ~follows),
        np.flatnonzero(computed & ~inside & follows),
    )


def anchor_runs(session: Session, track: Track, frames: np.ndarray) -> None:
    """Prompt an object with its own mask where runs of frames begin.

    So masks that lost the prompt that they came from follow from a mask of their
    own. A run that was tracked backward begins at its end. Masks at its beginning of
    which other objects leave nothing to be seen are lost.
    """
    there = has_mask(track)
    reverse = track.state[frames] & REVERSE != 0
    breaks = (np.diff(frames) > 1) | (np.diff(reverse.astype(int)) != 0)
    for run in np.split(frames, np.flatnonzero(breaks) + 1):
        run = run[there[run]]
        is_reverse = run.size and track.state[run[0]] & REVERSE
        for at in run[:: -1 if is_reverse else 1]:
            mask = session.shown_mask(track, int(at))
            if mask.pixels.size:
                make_anchor(session, track, int(at), FramePrompts(mask=mask))
                break
            session.erase(track, np.array([at]))


def remove(session: Session, track: Track, frames: np.ndarray) -> None:
    """Take an object off some frames, with its prompts there."""
    frames = frames[track.state[frames] != 0]
    if not frames.size:
        return
    _, left = lost(track, frames)
    session.erase(track, frames)
    for frame in frames.tolist():
        track.prompts.pop(frame, None)
    session.segmenter.forget(track.track_id, track.version, frames.tolist())
    anchor_runs(session, track, left)


def keep_away(session: Session, track: Track, frames: range) -> None:
    """Say that an object is not there on frames between others on which it is."""
    there = np.flatnonzero(has_mask(track))
    before, after = there[there < frames.start], there[there >= frames.stop]
    if not before.size or not after.size:
        return
    # What was tracked through the gap follows from itself from now on.
    for at, was_crossed in ((before[-1], True), (after[0], False)):
        is_reverse = bool(track.state[at] & REVERSE)
        if is_reverse is was_crossed and int(at) not in track.prompts:
            anchor_runs(session, track, np.array([at]))
    nothing = FramePrompts(mask=Mask.from_plane(np.zeros((0, 0))))
    for at in {frames.start, frames.stop - 1}:
        make_anchor(session, track, at, nothing)


def limit(session: Session, track: Track, lifespan: range) -> None:
    """Let an object exist on some frames only."""
    frames = np.arange(session.movie.n_frames)
    outside = (frames < lifespan.start) | (frames >= lifespan.stop)
    remove(session, track, np.flatnonzero(outside))
    if track.lifespan != lifespan:
        session.changing(track)
        track.lifespan = lifespan


def shorten(session: Session, track: Track, frames: range) -> None:
    """Shorten the life of an object that was taken off some frames.

    At the end of its life it ends earlier, at the beginning it begins later, and
    in between there is a gap.
    """
    there = has_mask(track)
    for frame, prompts in track.prompts.items():
        there[frame] |= not prompts.is_absence
    life, left = track.lifespan, np.flatnonzero(there)
    start, stop = life.start, life.stop
    if (left < frames.start).all() and frames.start > start:
        stop = min(stop, frames.start)
    elif left.size and (left >= frames.stop).all():
        start = max(start, frames.stop)
    limit(session, track, range(start, stop))


def hand_over(
    session: Session, source: Track, target: Track, frames: np.ndarray
) -> None:
    """Give cells of one object, with their prompts, to another.

    What that one had on these frames is gone.
    """
    session.changing(source)
    session.changing(target)
    come, stay = lost(source, frames)
    _, own = lost(target, frames)
    for frame in frames.tolist():
        session.recolour(frame, [target.window_on(frame)], {target.track_id: 0})
        session.recolour(
            frame, [source.window_on(frame)], {source.track_id: target.track_id}
        )
    target.take(source, frames)
    for track in (source, target):
        session.segmenter.forget(track.track_id, track.version)
    anchor_runs(session, target, come)
    # Beside them, what came from elsewhere would follow from them now.
    _, beside = lost(target, frames)
    anchor_runs(session, target, np.union1d(own, beside))
    anchor_runs(session, source, stay)


def exchange(session: Session, a: Track, b: Track, frames: np.ndarray) -> None:
    """Let two objects change places on some frames."""
    session.changing(a)
    session.changing(b)
    a_comes, a_stays = lost(a, frames)
    b_comes, b_stays = lost(b, frames)
    for frame in frames.tolist():
        windows = [track.window_on(frame) for track in (a, b)]
        ids = {a.track_id: b.track_id, b.track_id: a.track_id}
        session.recolour(frame, windows, ids)
    kept = a.copy()
    a.take(b, frames)
    b.take(kept, frames)
    for track in (a, b):
        session.segmenter.forget(track.track_id, track.version)
    for track, left in ((a, b_comes), (a, a_stays), (b, a_comes), (b, b_stays)):
        anchor_runs(session, track, left)
