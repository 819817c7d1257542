"""When an object is there: lifespans, gaps, divisions, parents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.edits.between import shapes_between
from napari_sam2_ivos.core.edits.cells import (
    has_mask,
    keep_away,
    limit,
    make_anchor,
    remove,
    shorten,
)
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import FramePrompts, check_track_id
from napari_sam2_ivos.core.tracks import ANCHOR, Track

if TYPE_CHECKING:
    from napari_sam2_ivos.core.session import Session


def cut(session: Session, track_id: int, lifespan: range) -> None:
    """Let an object exist on some frames only: all others lose mask and prompts."""
    track = session.unlocked(track_id)
    lifespan = session.movie.check_range(lifespan)
    words = f"{lifespan.start} to {lifespan.stop - 1}"
    with session.action(f"Keep object {track_id} on frames {words} only"):
        limit(session, track, lifespan)


def delete_frames(session: Session, track_id: int, frames: range) -> None:
    """Take an object off some frames, with its prompts there.

    At the end of its life it then ends earlier, at the beginning it begins later,
    and in between there is a gap, which no run fills again.
    """
    track = session.unlocked(track_id)
    frames = session.movie.check_range(frames)
    with session.action(f"Delete object {track_id} on {len(frames)} frames"):
        remove(session, track, np.arange(frames.start, frames.stop))
        shorten(session, track, frames)
        keep_away(session, track, frames)


def fill_gap(session: Session, track_id: int, frame: int) -> range:
    """Fill the gap around a frame with shapes between the masks on its two sides.

    They count as painted, and so do those two masks: nothing beyond them becomes
    stale. Returns the frames that were filled.
    """
    track = session.unlocked(track_id)
    frame = session.movie.check_frame(frame)
    there = np.flatnonzero(has_mask(track))
    before, after = there[there < frame], there[there > frame]
    if frame in there or not before.size or not after.size:
        raise PromptError(
            f"Frame {frame} lies in no gap of object {track_id}. Go to a frame without"
            " its mask that has frames with it before and after."
        )
    sides = int(before[-1]), int(after[0])
    first, last = (session.shown_mask(track, side) for side in sides)
    if not (first.pixels.size and last.pixels.size):
        raise PromptError(
            f"Object {track_id} lies under others on frame {sides[0]} or {sides[1]}."
            " Correct it there first."
        )
    frames = range(sides[0] + 1, sides[1])
    shapes = shapes_between(first, last, len(frames), session.movie.plane_shape)
    with session.action(f"Fill a gap of object {track_id}"):
        for side, mask in zip(sides, (first, last), strict=True):
            if not track.state[side] & ANCHOR:
                make_anchor(session, track, side, FramePrompts(mask=mask))
        for at, mask in zip(frames, shapes, strict=True):
            session.set_prompts(track_id, at, FramePrompts(mask=mask))
    return frames


def divide(session: Session, mother: int, frame: int) -> tuple[int, int]:
    """Let an object end before a frame and two daughters begin there.

    The daughters are new objects without prompts. Returns their track IDs.
    """
    track = session.unlocked(mother)
    frame = session.movie.check_frame(frame)
    if frame <= track.lifespan.start or not has_mask(track)[:frame].any():
        raise PromptError(
            f"Object {mother} has no mask before frame {frame}. Go to the first frame"
            " on which its daughters are seen apart."
        )
    if children := session.children(mother):
        names = " and ".join(map(str, children))
        raise PromptError(f"Object {mother} has divided already, into {names}.")
    first = session.next_track_id
    check_track_id(first + 1)
    life = track.lifespan
    with session.action(f"Divide object {mother} on frame {frame}"):
        limit(session, track, range(life.start, min(life.stop, frame)))
        for daughter in (first, first + 1):
            made = Track(daughter, session.movie.n_frames)
            made.parent, made.class_name = mother, track.class_name
            made.lifespan = range(frame, session.movie.n_frames)
            session.put_track(made)
    return first, first + 1


def set_parent(session: Session, child: int, parent: int | None) -> None:
    """Say from which object another came by division; None for none."""
    track = session.unlocked(child)
    if parent == track.parent:
        return
    if parent is not None:
        mother = session.track(parent)
        if child in (parent, *session.ancestors(parent)):
            raise PromptError(
                f"Object {child} is an ancestor of object {parent} and cannot be"
                " its daughter too."
            )
        begins = np.flatnonzero(has_mask(track))
        ends = np.flatnonzero(has_mask(mother))
        if begins.size and ends.size and ends[-1] >= begins[0]:
            raise PromptError(
                f"Object {parent} is there until frame {ends[-1]}, but {child} begins"
                f" on frame {begins[0]}. End object {parent} before that first."
            )
    words = "no object" if parent is None else f"object {parent}"
    with session.action(f"Object {child} comes from {words}"):
        session.noting(track)
        track.parent = parent
