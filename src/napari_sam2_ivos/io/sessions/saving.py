"""Saving as one goes: after every action, and every frame that was tracked."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.io.sessions.cells import row_of

if TYPE_CHECKING:
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.io.sessions.about import About
    from napari_sam2_ivos.io.sessions.folder import SessionFolder


@dataclass(eq=False)
class _Change:
    """What happened at once, as it was then: an action, or frames of a run."""

    name: str = ""
    objects: dict[int, Track | None] = field(default_factory=dict)
    frames: dict[int, dict[str, Any]] = field(default_factory=dict)


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
    """

    pending = Signal()
    """Emitted when there is something to write."""

    def __init__(
        self, session: Session, folder: SessionFolder, *, is_new: bool = True
    ) -> None:
        self.session = session
        self.folder = folder
        self._writing, self._noting = Lock(), Lock()
        self._touched: set[int] = set()
        self._changes: list[_Change] = []
        self._planes: set[int] = set()
        self._under_way: set[int] = set()
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
        session.labels_changed.connect(self._end_plane)

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

        Label planes go first, and while that lasts it is noted which: whatever the
        moment at which the program is killed, opening the session finds out which
        objects do not fit their pixels.

        Raises
        ------
        StoreError
            If something cannot be written. It is tried again the next time.
        """
        with self._writing:
            if self.folder.lock.refusal:
                raise StoreError(
                    f"'{self.folder.path}' is not saved. {self.folder.lock.refusal}"
                )
            with self._noting:
                changes, self._changes = self._changes, []
            planes = sorted(self._planes)
            try:
                if planes:
                    self.folder.mark_in_doubt(planes)
                for frame in planes:
                    self._write_plane(frame)
                while changes:
                    self._write_change(changes[0])
                    del changes[0]
            finally:
                with self._noting:
                    self._changes = changes + self._changes
            about = self._about
            if about is not None:
                self.folder.write_about(about)
                self._about = None if self._about is about else self._about
            if planes:
                self.folder.mark_in_doubt(self._planes | self._under_way)

    def close(self) -> None:
        """Take no more notes, and let other programs write."""
        session = self.session
        session.track_touched.disconnect(self._touch)
        session.tracks_changed.disconnect(self._note_action)
        session.frame_computed.disconnect(self._note_frame)
        session.labels_changing.disconnect(self._begin_plane)
        session.labels_changed.disconnect(self._end_plane)
        self.folder.close()

    # ---- taking notes ------------------------------------------------------

    def _touch(self, track_id: int) -> None:
        self._touched.add(track_id)

    def _note_action(self, name: str) -> None:
        ids, known = sorted(self._touched), self.session.tracks
        self._touched.clear()
        self._logged = self.session.history.last_number
        if not ids:
            return
        objects = {i: known[i].copy() if i in known else None for i in ids}
        with self._noting:
            self._changes.append(_Change(name, objects))
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
                self._changes.append(_Change(name or ""))
            self._changes[-1].frames[frame] = rows
        self.pending.emit()

    def _begin_plane(self, frame: int) -> None:
        self._under_way.add(frame)

    def _end_plane(self, frame: int) -> None:
        self._planes.add(frame)
        self._under_way.discard(frame)

    # ---- writing -----------------------------------------------------------

    def _write_plane(self, frame: int) -> None:
        self._planes.discard(frame)  # before it is read: it may change meanwhile
        try:
            plane = np.array(self.session.plane(frame))
            self.folder.write_plane(frame, plane)
        except BaseException:
            self._planes.add(frame)
            raise

    def _write_change(self, change: _Change) -> None:
        if change.objects or change.name:
            self.folder.write_action(change.name, change.objects)
        for frame, rows in change.frames.items():
            self.folder.write_frame(frame, rows)
