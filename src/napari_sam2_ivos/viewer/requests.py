"""What the user asked to track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam2_ivos.core.planning import Frames, Plan
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.core.tracks import Direction, Track


@dataclass(frozen=True)
class TrackRequest:
    """What the user asked to track.

    Parameters
    ----------
    direction : {"forward", "backward", "both", "nearest"}
    frames : range or mapping of int to range, optional
        Of all objects or of each by its track ID; the whole movie by default.
    track_ids : tuple of int, optional
        All objects by default, those made meanwhile too.
    skip_unchanged : bool
        Whether an object keeps its old masks from where many in a row have
        come out as they were before the edit.
    only_stale : bool
        Whether frames that were never computed are left alone.
    stop_when_lost : bool
        Whether an object is left alone beyond a frame on which it was not found.
    """

    direction: Direction = "forward"
    frames: Frames | None = None
    track_ids: tuple[int, ...] | None = None
    skip_unchanged: bool = False
    only_stale: bool = False
    stop_when_lost: bool = False

    def tracks(self, session: Session) -> list[Track]:
        """Return the objects that it may change, as far as there are any."""
        ids = session.tracks if self.track_ids is None else self.track_ids
        there = [session.tracks[i] for i in ids if i in session.tracks]
        return [track for track in there if not track.is_locked]

    def frames_of(self, track: Track) -> range:
        """Return the frames of an object that it is about; may be empty."""
        frames, life = self.frames, track.lifespan
        if frames is None:
            return life
        if not isinstance(frames, range):
            frames = frames.get(track.track_id, range(0))
        return range(max(frames.start, life.start), min(frames.stop, life.stop))

    def plan(self, session: Session, on_screen: int | None = None) -> Plan:
        """Return what is left of it to compute."""
        return session.plan(
            self.direction,
            self.frames,
            [track.track_id for track in self.tracks(session)],
            only_stale=self.only_stale,
            on_screen=on_screen,
            skip_unchanged=self.skip_unchanged,
            stop_when_lost=self.stop_when_lost,
        )
