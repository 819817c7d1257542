"""Saving as one goes: after every action, and every frame that was tracked."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.io.sessions.cells import row_of
from napari_sam2_ivos.io.sessions.commit import Change, commit_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.sessions.about import About
    from napari_sam2_ivos.io.sessions.folder import SessionFolder


LARGEST_HELD = 2**28
"""Bytes of planes that are held as they were while what changes them goes on."""


class Saving:
    """Takes note of what changes in a session, and writes it when it is told to.

    Notes are taken where the session is edited; `write` may run on another thread
    meanwhile. What could not be written is kept and written the next time.

    Parameters
    ----------
    session : Session
    folder : SessionFolder
        Where it is saved.
    is_new : bool
        Whether nothing of the session is in the folder yet.
    in_doubt : iterable of int
        Frames whose label planes in the folder may not fit what is there of their
        objects.
    """

    pending = Signal()
    """Emitted when there is something to write."""

    def __init__(
        self,
        session: Session,
        folder: SessionFolder,
        *,
        is_new: bool = True,
        in_doubt: Iterable[int] = (),
    ) -> None:
        self.session = session
        self.folder = folder
        self._writing, self._noting = Lock(), Lock()
        self._touched: set[int] = set()
        self._changes: list[Change] = []
        self._planes: set[int] = set()  # changed, and so noted, but not written
        self._unsettled: set[int] = set()  # changed by what is not over yet
        self._held: dict[int, np.ndarray] = {}  # as they were when that began
        self._to_write: set[int] = set()
        self._copies: dict[int, np.ndarray] = {}  # to write, but changed since
        self._torn: set[int] = set()
        self._doubt = set(in_doubt)
        self._kept: set[int] = set()
        self._about: About | None = None
        self._logged = session.history.last_number
        if is_new:
            for track in session.tracks.values():
                self._planes.update(np.flatnonzero(track.state).tolist())
            self.note_objects("Save", list(session.tracks))
        session.track_touched.connect(self._touch)
        session.tracks_changed.connect(self._note_action)
        session.frame_computed.connect(self._note_frame)
        session.labels_changing.connect(self._begin_plane)

    @property
    def is_pending(self) -> bool:
        """Whether there is anything that is not written yet."""
        return bool(self._changes or self._planes or self._about)

    def note_about(self, about: About) -> None:
        """Have it written what the session is made with."""
        self._about = about
        self.pending.emit()

    def note_objects(self, name: str, track_ids: list[int]) -> None:
        """Have objects written that changed in another way than by an edit."""
        self._touched.update(track_ids)
        self._note_action(name)

    def write(self) -> None:
        """Write everything that has happened until now.

        Label planes go first, and while that lasts it is noted which, and they are
        kept as they were: whatever the moment at which the program is killed, opening
        the session finds the state before or after. Planes of an action that is not
        over yet wait for it.

        Raises
        ------
        StoreError
            If something cannot be written. It is tried again the next time.
        """
        with self._writing:
            self.folder.check_writable()
            n = self.folder.n
            changes, planes = self._begin_write()
            self._kept = (self._kept | planes) - self._doubt
            doubt = self._doubt | self._kept | planes | self._torn
            try:
                if doubt:
                    self.folder.mark_in_doubt(doubt, self._kept)
                for frame in sorted(planes):
                    self.folder.write_plane(frame, self._plane(frame))
                    planes.remove(frame)
                if changes:
                    self.folder.commit(commit_of(changes, n, self._torn))
                self._write_about()
                if doubt or changes:
                    self.folder.end_commit(self._torn)
            except BaseException:
                self._not_written(changes, planes)
                if self.folder.n != n:  # what was kept is older than the objects
                    self._doubt, self._kept = doubt, set()
                raise
            self._doubt, self._kept = set(self._torn), set()

    def close(self) -> None:
        """Take no more notes, and let other programs write."""
        session = self.session
        session.track_touched.disconnect(self._touch)
        session.tracks_changed.disconnect(self._note_action)
        session.frame_computed.disconnect(self._note_frame)
        session.labels_changing.disconnect(self._begin_plane)
        self.folder.close()

    # ---- taking notes ------------------------------------------------------

    def _touch(self, track_id: int) -> None:
        self._touched.add(track_id)

    def _note_action(self, name: str) -> None:
        ids, known = sorted(self._touched), self.session.tracks
        self._touched.clear()
        self._logged = self.session.history.last_number
        objects = {i: known[i].copy() if i in known else None for i in ids}
        with self._noting:
            for frame in self._unsettled:
                self._settle(frame)
            self._unsettled.clear()
            if ids:
                self._changes.append(Change(name, objects))
        if ids:
            self.pending.emit()

    def _note_frame(self, frame: int) -> None:
        tracks = [t for t in self.session.tracks.values() if t.state[frame]]
        ids = {"track_id": [track.track_id for track in tracks]}
        rows = {**ids, **row_of(tracks, frame)}
        history = self.session.history
        is_new_run = history.last_number != self._logged
        self._logged = history.last_number
        with self._noting:
            if is_new_run or not self._changes or self._changes[-1].objects:
                name = history.undo_name if is_new_run else None
                self._changes.append(Change(name or ""))
            self._changes[-1].frames[frame] = rows
            if frame in self._unsettled:
                self._unsettled.remove(frame)
                self._settle(frame)
        self.pending.emit()

    def _begin_plane(self, frame: int) -> None:
        """Hold a plane as it is, if it is not written yet: what comes is not noted."""
        with self._noting:
            self._unsettled.add(frame)
            if frame in self._to_write:
                self._to_write.remove(frame)
                if not self._hold(frame, self._copies):
                    self._torn.add(frame)
            elif frame in self._planes and frame not in self._held:
                self._hold(frame, self._held)

    def _hold(self, frame: int, planes: dict[int, np.ndarray]) -> bool:
        n_held = len(self._held) + len(self._copies) + 1
        if n_held * 2 * np.prod(self.session.movie.plane_shape) > LARGEST_HELD:
            return False
        planes[frame] = np.array(self.session.plane(frame))
        return True

    def _settle(self, frame: int) -> None:
        self._planes.add(frame)
        self._held.pop(frame, None)

    # ---- writing -----------------------------------------------------------

    def _begin_write(self) -> tuple[list[Change], set[int]]:
        """Return what is noted, and the planes that belong to it."""
        with self._noting:
            changes, self._changes = self._changes, []
            late = self._planes & self._unsettled
            self._copies, self._held = self._held, {}
            self._torn = late - self._copies.keys()
            planes = self._planes - self._torn
            self._planes = set(self._torn)
            self._to_write = planes - self._copies.keys()
            return changes, planes

    def _plane(self, frame: int) -> np.ndarray:
        with self._noting:
            self._to_write.discard(frame)
            if frame in self._copies:
                return self._copies.pop(frame)
            return np.array(self.session.plane(frame))

    def _not_written(self, changes: list[Change], planes: set[int]) -> None:
        with self._noting:
            self._changes = changes + self._changes
            self._planes |= planes
            self._to_write.clear()
            left = self._unsettled & planes & self._copies.keys()
            self._held.update({frame: self._copies[frame] for frame in left})
            self._copies.clear()

    def _write_about(self) -> None:
        about = self._about
        if about is not None:
            self.folder.write_about(about)
            self._about = None if self._about is about else self._about
