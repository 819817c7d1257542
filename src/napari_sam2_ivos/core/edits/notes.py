"""What the user notes about objects and frames; no mask changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.edits.cells import make_anchor
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.tracks import COMPUTED, FINE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from napari_sam2_ivos.core.session import Session


def set_name(session: Session, track_id: int, name: str) -> None:
    """Call an object something; an empty name takes it back."""
    track, name = session.track(track_id), name.strip()
    if track.name != name:
        with session.action(f"Name object {track_id}"):
            session.noting(track)
            track.name = name


def set_class(session: Session, track_ids: Collection[int], class_name: str) -> None:
    """Say what kind of thing objects are; an empty class takes it back."""
    class_name = class_name.strip()
    tracks = [session.track(track_id) for track_id in track_ids]
    with session.action(f"Class of {_these(track_ids)}"):
        for track in tracks:
            if track.class_name != class_name:
                session.noting(track)
                track.class_name = class_name


def set_locked(session: Session, track_ids: Collection[int], is_locked: bool) -> None:
    """Protect objects from every change, or let them be changed again."""
    tracks = [session.track(track_id) for track_id in track_ids]
    with session.action(f"{'Lock' if is_locked else 'Unlock'} {_these(track_ids)}"):
        for track in tracks:
            if track.is_locked != is_locked:
                session.changing(track)
                track.is_locked = is_locked


def accept(session: Session, track_id: int, frame: int) -> None:
    """Keep the mask of a frame for good: it is an anchor that nothing overwrites.

    What was computed from it stays, since it is the same mask.
    """
    track = session.unlocked(track_id)
    frame = session.movie.check_frame(frame)
    mask = session.shown_mask(track, frame)
    if not track.state[frame] & COMPUTED or not mask.pixels.size:
        raise PromptError(
            f"Object {track_id} has no mask on frame {frame} to accept. Go to a frame"
            " that shows it."
        )
    if session.prompts(track_id, frame).is_locked:
        return
    with session.action(f"Accept object {track_id} on frame {frame}"):
        prompts = session.prompts(track_id, frame).with_accepted(mask)
        make_anchor(session, track, frame, prompts)
        track.set_bits(np.array([frame]), FINE)


def reopen(session: Session, track_id: int, frame: int) -> None:
    """Take back that the mask of a frame was accepted."""
    prompts = session.prompts(track_id, frame)
    if prompts.is_locked:
        with session.action(f"Reopen object {track_id} on frame {frame}"):
            session.set_prompts(track_id, frame, prompts.reopened())


def mark_fine(session: Session, track_id: int, frames: Iterable[int]) -> None:
    """Note that nothing is wrong with an object on computed frames."""
    track = session.track(track_id)
    new = [at for at in frames if track.state[at] & (COMPUTED | FINE) == COMPUTED]
    if new:
        with session.action(f"Object {track_id} looks fine"):
            session.noting(track)
            track.set_bits(np.array(new), FINE)


def _these(track_ids: Collection[int]) -> str:
    if len(track_ids) == 1:
        return f"object {next(iter(track_ids))}"
    return f"{len(track_ids)} objects"
