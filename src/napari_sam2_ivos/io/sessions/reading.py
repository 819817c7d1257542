"""Reading the small files of a session, whatever happened to them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, FINE, GIVEN
from napari_sam2_ivos.io.atomic import cannot_save
from napari_sam2_ivos.io.sessions.cells import put, read_columns
from napari_sam2_ivos.io.sessions.json_files import read_json
from napari_sam2_ivos.io.sessions.kept_planes import put_back
from napari_sam2_ivos.io.sessions.layout import (
    ACTIONS,
    BEFORE,
    COMMIT,
    FRAMES,
    IN_DOUBT,
    OBJECTS,
)
from napari_sam2_ivos.io.sessions.object_file import object_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from napari_sam2_ivos.io.sessions.json_files import Fields
    from napari_sam2_ivos.io.sessions.saved import SavedSession

HIGHEST = 2**53
"""Largest number that a part of a session can have: JSON has no larger whole ones."""


class Reading:
    """Reads the files of a session; the highest number wins where two tell the same."""

    def __init__(self, saved: SavedSession) -> None:
        self.saved = saved
        self.path = saved.folder.path
        self.shape = saved.about.movie.shape
        self.numbers: dict[int, int] = {}
        self.kept: list[int] = []
        self.marked_at = -1
        self.torn: list[int] = []
        self.content: dict[str, Any] | None = None

    def objects(self) -> None:
        """Read the file of every object."""
        for path in _numbered(self.path / OBJECTS):
            try:
                self._take_object(read_json(path), int(path.stem))
            except FormatError as error:
                self._damaged(path, error)

    def actions(self) -> None:
        """Find out how many there were; what they did is in the other files."""
        numbers = [int(path.stem) for path in _numbered(self.path / ACTIONS)]
        folder = self.saved.folder
        folder.n = max([folder.n, *(n for n in numbers if n <= HIGHEST)])

    def frames(self) -> None:
        """Read the state of objects on frames that were tracked since."""
        for path in _numbered(self.path / FRAMES):
            try:
                self._take_frame(read_json(path), int(path.stem))
            except FormatError as error:
                self._damaged(path, error, [int(path.stem)])

    def parents(self) -> None:
        """Let go of parents that are not there, or are their own descendants."""
        tracks = self.saved.tracks
        for track in tracks.values():
            seen, at = {track.track_id}, track.parent
            while at in tracks and at not in seen:
                seen.add(at)
                at = tracks[at].parent
            if at == track.track_id or track.parent not in (None, *tracks):
                track.parent = None
                self.saved.mended.add(track.track_id)

    def states(self) -> None:
        """Let what is said of frames fit the prompts, as it does unless it is damaged.

        Prompted frames are anchors and no others, what is there is in the object's
        life, and masks that follow from no prompt are as if they were given.
        """
        for track in self.saved.tracks.values():
            before, life = track.state.copy(), track.lifespan
            track.state &= ~np.uint8(ANCHOR)
            track.state[track.anchors] |= np.uint8(ANCHOR)
            there = np.flatnonzero(track.state).tolist()
            if there and not (there[0] in life and there[-1] in life):
                ends = (*life[:1], *life[-1:], there[0], there[-1])
                track.lifespan = range(min(ends), max(ends) + 1)
            orphans = track.orphans()
            orphans = orphans[track.area[orphans] > 0]
            track.state[orphans] = COMPUTED | GIVEN | (track.state[orphans] & FINE)
            if track.lifespan != life or (track.state != before).any():
                self.saved.mended.add(track.track_id)

    def doubts(self) -> None:
        """Read which label planes may not fit their objects."""
        path = self.path / IN_DOUBT
        if path.exists():
            try:
                fields = read_json(path)
                self.saved.in_doubt.update(self._frames_in(fields, "frames"))
                self.kept = self._frames_in(fields, "kept")
                self.marked_at = fields.whole("n", 0, HIGHEST)
            except FormatError:
                self.saved.in_doubt.update(range(self.shape[0]))

    def _frames_in(self, fields: Fields, name: str) -> list[int]:
        n = self.shape[0]
        return [f for f in fields.items(name) if type(f) is int and 0 <= f < n]

    def commit(self) -> None:
        """Read what may not be in the files of objects and frames yet."""
        path = self.path / COMMIT
        if not path.exists():
            return
        try:
            fields = read_json(path)
            self._take_commit(fields)
        except FormatError as error:
            self._damaged(path, error)
        else:
            self.content = fields.content

    def end(self) -> None:
        """Bring a write that was cut short to its end, or take it back."""
        saved, folder = self.saved, self.saved.folder
        if saved.remarks:
            return  # what is damaged is in doubt
        if folder.n > self.marked_at and saved.in_doubt:
            if self.content is not None and folder.n == self.content["n"]:
                saved.in_doubt.intersection_update(self.torn)
            elif folder.n == self.marked_at + 1:
                saved.in_doubt.clear()  # it was one frame
        if folder.lock.refusal:
            return
        try:
            if folder.n == self.marked_at:
                kept = [f for f in self.kept if (self.path / BEFORE / str(f)).is_dir()]
                put_back(self.path, kept)
                saved.in_doubt.difference_update(kept)
            if self.content is not None:
                folder.spread({**self.content, "n": folder.n})
            folder.end_commit(saved.in_doubt)
        except OSError as error:
            raise cannot_save(self.path, error) from error

    def _take_commit(self, fields: Fields) -> None:
        self._count(fields)
        self.torn = self._frames_in(fields, "torn")
        objects, frames = fields.fields("objects"), fields.fields("frames")
        for number in fields.fields("actions").content:
            _number(fields, number)
        for key in objects.content:
            track_id = _number(fields, key)
            if objects.has(key):
                self._take_object(objects.fields(key), track_id)
            else:
                self.saved.tracks.pop(track_id, None)
        for key in frames.content:
            self._take_frame(frames.fields(key), _number(fields, key))

    def _take_object(self, fields: Fields, track_id: int) -> None:
        n = self._count(fields)
        track = object_from_json(fields, self.shape)
        self._check_name(fields, "track_id", track_id)
        self.saved.tracks[track.track_id] = track
        self.numbers[track.track_id] = n

    def _take_frame(self, fields: Fields, frame: int) -> None:
        n = self._count(fields)
        self._check_name(fields, "frame", frame)
        ids = fields.track_ids("track_id")
        if frame >= self.shape[0]:
            raise FormatError(f"'{fields.place}' is of no frame of the movie.")
        columns = read_columns(fields, len(ids), self.shape[1:])
        for i, track_id in enumerate(ids):
            track = self.saved.tracks.get(track_id)
            if track is not None and n > self.numbers[track_id]:
                row = {name: column[i] for name, column in columns.items()}
                put(track, np.array([frame]), row)

    def _count(self, fields: Fields) -> int:
        n = fields.whole("n", 0, HIGHEST)
        self.saved.folder.n = max(self.saved.folder.n, n)
        return n

    def _check_name(self, fields: Fields, name: str, number: int) -> None:
        """Make sure that a file is the one that its name says: it may be renamed."""
        if fields.whole(name, 0, HIGHEST) != number:
            raise FormatError(
                f"'{fields.place}' is damaged: it is not of {name} {number}. Take it"
                " from a copy of the session if you have one."
            )

    def _damaged(
        self, path: Path, error: FormatError, frames: Iterable[int] | None = None
    ) -> None:
        """Keep a damaged file under another name, and doubt frames, all by default."""
        known = range(self.shape[0])
        self.saved.remarks.append(str(error))
        self.saved.in_doubt.update(
            known if frames is None else (f for f in frames if f in known)
        )
        if not self.saved.folder.lock.refusal:
            # The doubt is to be found the next time, as the file will not be.
            self.saved.folder.mark_in_doubt(self.saved.in_doubt)
            try:
                path.rename(path.with_suffix(f".damaged-{time.time_ns()}"))
            except OSError as failure:
                raise cannot_save(path, failure) from failure


def _number(fields: Fields, key: str) -> int:
    """Return the number that a field is named by."""
    if not (key.isascii() and key.isdecimal() and len(key) < 9):
        raise FormatError(f"'{fields.place}' is damaged: '{key[:20]}' is no number.")
    return int(key)


def _numbered(folder: Path) -> list[Path]:
    """Return the files of a folder that have a number for a name, in its order."""
    found = [path for path in folder.glob("*.json") if path.stem.isdecimal()]
    return sorted(found, key=lambda path: int(path.stem))
