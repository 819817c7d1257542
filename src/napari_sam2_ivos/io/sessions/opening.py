"""Reading a session's folder, whatever happened to it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.mending import mend
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.atomic import cannot_save
from napari_sam2_ivos.io.lazy_array import READ_ERRORS
from napari_sam2_ivos.io.sessions.about import about_from_json
from napari_sam2_ivos.io.sessions.cells import put, read_columns
from napari_sam2_ivos.io.sessions.folder import SessionFolder
from napari_sam2_ivos.io.sessions.json_files import read_json
from napari_sam2_ivos.io.sessions.layout import (
    ACTIONS,
    FRAMES,
    IN_DOUBT,
    KIND,
    OBJECTS,
    SCHEMA,
    SESSION,
)
from napari_sam2_ivos.io.sessions.object_file import object_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.io.sessions.about import About
    from napari_sam2_ivos.io.sessions.json_files import Fields

HIGHEST = 2**53
"""Largest number that a part of a session can have: JSON has no larger whole ones."""


@dataclass(eq=False)
class SavedSession:
    """A session as it was found in its folder.

    Parameters
    ----------
    folder : SessionFolder
    about : About
    tracks : dict of int to Track
    in_doubt : set of int
        Frames whose label planes may not fit their objects.
    mended : set of int
        Objects that are not as they were saved: saving was cut short, or a file is
        damaged.
    recovered : set of int
        Those of which only the pixels are left.
    remarks : list of str
        Sentences for the user about that.
    """

    folder: SessionFolder
    about: About
    tracks: dict[int, Track] = field(default_factory=dict)
    in_doubt: set[int] = field(default_factory=set)
    mended: set[int] = field(default_factory=set)
    recovered: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)


def read_about(path: Path) -> About:
    """Return what a session is of, reading no more than that.

    Raises
    ------
    FormatError
        If the folder is no session, or one of a newer program.
    """
    fields = read_json(path / SESSION)
    if fields.text("kind") != KIND:
        raise FormatError(f"'{path}' is no session of this program.")
    schema = fields.whole("schema", 1, HIGHEST)
    if schema > SCHEMA:
        raise FormatError(
            f"'{path}' was saved by a newer version ({fields.text('program')}), and"
            " this one could misread it. Update napari-sam2-ivos to open it."
        )
    return about_from_json(fields, path)


def open_folder(path: Path, *, to_write: bool = True) -> SavedSession:
    """Read a session but for its label planes; what is damaged is left out and said.

    Parameters
    ----------
    path : Path
    to_write : bool
        Whether to go on with it; else it is left to others to write.

    Raises
    ------
    FormatError
        If the folder is no session, one of a newer program, or has lost its labels.
    """
    about = read_about(path)
    saved = SavedSession(SessionFolder(path, to_write=to_write), about)
    try:
        shape = tuple(saved.folder.labels.shape)
        if shape != about.movie.shape:
            raise FormatError(
                f"'{path}' has labels of another movie, {shape} instead of"
                f" {about.movie.shape}. Take its labels from a copy of the session."
            )
        reading = _Reading(saved)
        reading.objects()
        reading.actions()
        reading.frames()
        reading.parents()
        reading.doubts()
    except BaseException:
        saved.folder.close()
        raise
    return saved


def load_labels(saved: SavedSession, labels: LabelStore) -> Iterator[int]:
    """Copy the label planes of a session into a store; yields each frame done.

    A plane that cannot be read is left empty: its masks count as out of date. Where
    saving was cut short, objects are made to fit their pixels (`core.mending`).
    """
    damaged = []
    for frame in range(labels.shape[0]):
        try:
            plane = np.asarray(saved.folder.labels[frame])
        except READ_ERRORS:
            damaged.append(frame)
            plane = np.zeros(labels.shape[1:], labels.dtype)
            saved.in_doubt.add(frame)
        if plane.any():
            labels[frame] = plane
        if frame in saved.in_doubt:
            _mend(saved, frame, plane)
        yield frame
    if damaged:
        saved.remarks.append(
            f"The labels of {len(damaged)} frames are damaged, the first of them frame"
            f" {damaged[0]}. Track again to have them computed anew."
        )
    if recovered := sorted(saved.recovered):
        saved.remarks.append(
            "Objects that were not saved to the end have their masks back but not their"
            f" prompts: {', '.join(map(str, recovered[:10]))}."
        )


def mend_in_doubt(saved: SavedSession) -> None:
    """Make objects fit their pixels, reading only the planes that are in doubt."""
    for frame in sorted(saved.in_doubt):
        _mend(saved, frame, np.asarray(saved.folder.labels[frame]))


def _mend(saved: SavedSession, frame: int, plane: np.ndarray) -> None:
    unfit = mend(saved.tracks, frame, plane)
    unknown = unfit - saved.tracks.keys()
    if unknown:
        for track_id in unknown:
            saved.tracks[track_id] = Track(track_id, saved.about.movie.shape[0])
        mend(saved.tracks, frame, plane)
    saved.recovered |= unknown
    saved.mended |= unfit


class _Reading:
    """Reads the files of a session; the highest number wins where two tell the same."""

    def __init__(self, saved: SavedSession) -> None:
        self.saved = saved
        self.path = saved.folder.path
        self.shape = saved.about.movie.shape
        self.numbers: dict[int, int] = {}

    def objects(self) -> None:
        """Read the file of every object."""
        for path in _numbered(self.path / OBJECTS):
            try:
                self._take_object(read_json(path))
            except FormatError as error:
                self._damaged(path, error)

    def actions(self) -> None:
        """Read objects that were not yet in a file of their own, newest first."""
        settled: set[int] = set()
        for path in reversed(_numbered(self.path / ACTIONS)):
            try:
                self._take_action(read_json(path), settled)
            except FormatError as error:
                self._damaged(path, error)

    def frames(self) -> None:
        """Read the state of objects on frames that were tracked since."""
        for path in _numbered(self.path / FRAMES):
            try:
                self._take_frame(read_json(path), int(path.stem))
            except FormatError as error:
                self._damaged(path, error)

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

    def doubts(self) -> None:
        """Read which label planes may not fit their objects."""
        path = self.path / IN_DOUBT
        if path.exists():
            try:
                frames = read_json(path).items("frames")
                known = range(self.shape[0])
                self.saved.in_doubt.update(f for f in frames if f in known)
            except FormatError:
                self.saved.in_doubt.update(range(self.shape[0]))

    def _take_object(self, fields: Fields) -> None:
        n = self._count(fields)
        track = object_from_json(fields, self.shape)
        self.saved.tracks[track.track_id] = track
        self.numbers[track.track_id] = n

    def _take_action(self, fields: Fields, settled: set[int]) -> None:
        n = self._count(fields)
        ids = set(fields.track_ids("changed")) - settled
        settled |= ids
        for track_id in ids:
            if fields.has("objects") and n > self.numbers.get(track_id, 0):
                objects = fields.fields("objects")
                if objects.has(str(track_id)):
                    self._take_object(objects.fields(str(track_id)))
                else:
                    self.saved.tracks.pop(track_id, None)

    def _take_frame(self, fields: Fields, frame: int) -> None:
        n = self._count(fields)
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

    def _damaged(self, path: Path, error: FormatError) -> None:
        """Keep a damaged file under another name, and doubt every frame."""
        self.saved.remarks.append(str(error))
        self.saved.in_doubt.update(range(self.shape[0]))
        if not self.saved.folder.lock.refusal:
            try:
                path.rename(path.with_suffix(f".damaged-{time.time_ns()}"))
            except OSError as failure:
                raise cannot_save(path, failure) from failure


def _numbered(folder: Path) -> list[Path]:
    """Return the files of a folder that have a number for a name, in its order."""
    found = [path for path in folder.glob("*.json") if path.stem.isdecimal()]
    return sorted(found, key=lambda path: int(path.stem))
