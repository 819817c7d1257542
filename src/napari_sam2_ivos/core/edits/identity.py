"""Which object is which: rename, merge, split, swap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam2_ivos.core.edits.cells import (
    begins,
    exchange,
    hand_over,
    has_mask,
    make_anchor,
    remove,
    shorten,
)
from napari_sam2_ivos.core.errors import CollisionError, PromptError
from napari_sam2_ivos.core.prompts import FramePrompts, check_track_id
from napari_sam2_ivos.core.tracks import Track

if TYPE_CHECKING:
    from napari_sam2_ivos.core.session import Session

Keep = Literal["source", "target", "both"]
"""Whose mask stays where two objects that become one both have one."""


def reassign(
    session: Session,
    source: int,
    target: int,
    frames: range | None = None,
    keep: Keep | None = None,
) -> None:
    """Give an object another track ID.

    On all frames it is renamed, or merged into the object that has the ID; on some
    frames a part of it is. Prompts move with the masks, and children with the end.

    Parameters
    ----------
    session : Session
    source, target : int
        Track IDs; `target` may be new.
    frames : range, optional
        All by default.
    keep : {"source", "target", "both"}, optional
        Whose mask stays on frames on which both have one.

    Raises
    ------
    CollisionError
        If both have a mask on some frame and `keep` is not said.
    """
    track = session.unlocked(source)
    target = check_track_id(target)
    if source == target:
        raise PromptError(f"Object {source} has that ID already.")
    is_whole = frames is None
    span = session.movie.check_range(frames)
    at = np.arange(span.start, span.stop)
    if not (is_whole or track.state[at].any()):
        raise PromptError(
            f"There is nothing of object {source} on frames {span.start} to"
            f" {span.stop - 1}. Choose frames on which it has a mask."
        )
    known = session.tracks.get(target)
    both = at[:0]
    if known is not None:
        session.unlocked(target)
        both = at[(has_mask(track) & has_mask(known))[at]]
    if both.size and keep is None:
        raise CollisionError(
            f"Objects {source} and {target} both have a mask on {both.size} frames,"
            f" the first is {both[0]}. Choose whose mask stays.",
            both.tolist(),
        )
    with session.action(f"Make object {source} object {target}"):
        into = known or _like(session, track, target)
        parent = (
            track.parent if known is None else _parent_of_both(session, track, into)
        )
        if keep == "both":
            _unite(session, track, into, both)
        remove(session, into if keep == "source" else track, both)
        stays = has_mask(into) | (~has_mask(track) & (into.state != 0))
        moved = at[~stays[at]]
        hand_over(session, track, into, moved)
        moved = moved[into.state[moved] != 0]
        if is_whole or not (track.prompts or has_mask(track).any()):
            life = track.lifespan if known is None else into.lifespan
            into.lifespan = _hull(life, track.lifespan)
            into.name = into.name or track.name
            into.class_name = into.class_name or track.class_name
            into.parent = parent
            _pass_on_children(session, source, target, 0)
            session.erase(track, np.flatnonzero(track.state))
            session.drop_track(track)
        elif moved.size:
            first, last = moved[[0, -1]].tolist()
            into.lifespan = _hull(into.lifespan, range(first, last + 1))
            if not has_mask(track)[last:].any():
                _pass_on_children(session, source, target, last + 1)
            shorten(session, track, span)


def split(session: Session, track_id: int, frame: int) -> int:
    """Make a new object of one from a frame on; return its track ID."""
    track = session.unlocked(track_id)
    frame = session.movie.check_frame(frame)
    there = np.flatnonzero(has_mask(track))
    if not (there < frame).any() or not (there >= frame).any():
        raise PromptError(
            f"Object {track_id} has masks on one side of frame {frame} only. Go to the"
            " first frame on which it should be another object."
        )
    new, life = session.next_track_id, track.lifespan
    with session.action(f"Split object {track_id} at frame {frame}"):
        reassign(session, track_id, new, range(frame, session.movie.n_frames))
        session.tracks[new].lifespan = range(frame, life.stop)
    return new


def swap(session: Session, a: int, b: int, frame: int) -> None:
    """Let two objects change places from a frame on.

    Where that is all there is of them, they swap all but their IDs.
    """
    if a == b:
        raise PromptError("Choose two objects to swap.")
    first, second = session.unlocked(a), session.unlocked(b)
    frame = session.movie.check_frame(frame)
    if not (first.state[frame:].any() or second.state[frame:].any()):
        raise PromptError(
            f"Neither object {a} nor object {b} is there from frame {frame} on. Go to"
            " the first frame on which they are mixed up."
        )
    is_whole = not (first.state[:frame].any() or second.state[:frame].any())
    with session.action(f"Swap objects {a} and {b} from frame {frame} on"):
        exchange(session, first, second, np.arange(frame, session.movie.n_frames))
        one, two = first.lifespan, second.lifespan
        first.lifespan = _spliced(one, two, frame)
        second.lifespan = _spliced(two, one, frame)
        if is_whole:
            _swap_notes(session, first, second)
            return
        children = session.children(a), session.children(b)
        for ids, parent in zip(children, (b, a), strict=True):
            for child in ids:
                if begins(session.tracks[child]) >= frame:
                    _set_parent(session, child, parent)


def _like(session: Session, track: Track, track_id: int) -> Track:
    """Add an object that is called what another one is."""
    made = Track(track_id, session.movie.n_frames)
    made.name, made.class_name = track.name, track.class_name
    return session.put_track(made)


def _hull(a: range, b: range) -> range:
    return range(min(a.start, b.start), max(a.stop, b.stop))


def _spliced(before: range, after: range, frame: int) -> range:
    """Return the life of an object that another one goes on from a frame on."""
    own = range(before.start, min(before.stop, frame))
    parts = [life for life in (own, range(max(after.start, frame), after.stop)) if life]
    return range(parts[0].start, parts[-1].stop) if parts else range(frame, frame)


def _parent_of_both(session: Session, a: Track, b: Track) -> int | None:
    """Return the parent of two objects that become one: that of the elder."""
    if a.track_id in session.ancestors(b.track_id):
        return a.parent
    if b.track_id in session.ancestors(a.track_id):
        return b.parent
    return min((a, b), key=lambda track: (begins(track), track.parent is None)).parent


def _pass_on_children(session: Session, source: int, target: int, first: int) -> None:
    """Make children that begin on a frame or later those of another object."""
    for child in session.children(source):
        if begins(session.tracks[child]) >= first:
            _set_parent(session, child, target)


def _set_parent(session: Session, child: int, parent: int) -> None:
    """Give an object another parent, unless that is its own descendant."""
    if child not in (parent, *session.ancestors(parent)):
        session.noting(session.tracks[child])
        session.tracks[child].parent = parent


def _swap_notes(session: Session, a: Track, b: Track) -> None:
    """Let what is noted about two objects follow their masks."""
    ids = {a.track_id: b.track_id, b.track_id: a.track_id}
    for track in session.tracks.values():
        if track.parent in ids:
            session.noting(track)
            track.parent = ids[track.parent]
    a.name, b.name = b.name, a.name
    a.class_name, b.class_name = b.class_name, a.class_name
    a.parent, b.parent = b.parent, a.parent


def _unite(session: Session, source: Track, target: Track, frames: np.ndarray) -> None:
    """Give an object what another one has on some frames, beside its own."""
    for frame in frames.tolist():
        mask = session.shown_mask(source, frame) | session.shown_mask(target, frame)
        window = source.window_on(frame)
        session.recolour(frame, [window], {source.track_id: target.track_id})
        make_anchor(session, target, frame, FramePrompts(mask=mask))
