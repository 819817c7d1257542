"""What there is of a movie: objects and labels, changed in steps that can be undone."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.errors import PromptError, StoreError
from napari_sam2_ivos.core.history import History

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.patches import Window
    from napari_sam2_ivos.core.ports import LabelStore, Segmenter
    from napari_sam2_ivos.core.tracks import Track


class Annotation:
    """Objects and labels of one movie, with what every edit of them is made of.

    Parameters
    ----------
    movie : Movie
    segmenter : Segmenter
    labels : LabelStore
        ``(T, Y, X)`` unsigned store, all background to begin with.

    Attributes
    ----------
    tracks : dict of int to Track
    history : History
    """

    labels_changed = Signal(int)
    """Emitted with the frame whose label plane was written."""
    tracks_changed = Signal()
    """Emitted after an edit of prompts or objects."""

    def __init__(self, movie: Movie, segmenter: Segmenter, labels: LabelStore) -> None:
        if tuple(labels.shape) != movie.shape:
            raise StoreError(
                f"The label stack has shape {tuple(labels.shape)}, but the movie needs"
                f" {movie.shape}."
            )
        self.movie = movie
        self.segmenter = segmenter
        self.labels = labels
        self.tracks: dict[int, Track] = {}
        self.history = History(self.plane, self._put, self._swap)
        self._n_edits = 0
        self._depth = 0

    def track(self, track_id: int) -> Track:
        """Return an object, or raise `PromptError` if the ID is unknown."""
        if track_id not in self.tracks:
            known = ", ".join(map(str, sorted(self.tracks))) or "none yet"
            raise PromptError(f"There is no object {track_id}. Objects: {known}.")
        return self.tracks[track_id]

    def unlocked(self, track_id: int) -> Track:
        """Return an object that may be changed, or raise `PromptError`."""
        track = self.track(track_id)
        if track.is_locked:
            raise PromptError(
                f"Object {track_id} is locked. Unlock it in the list of objects first."
            )
        return track

    @property
    def next_track_id(self) -> int:
        """The lowest ID above all that are in use."""
        return max(self.tracks, default=0) + 1

    def children(self, track_id: int) -> list[int]:
        """Return the objects that came from this one by division."""
        return sorted(i for i, track in self.tracks.items() if track.parent == track_id)

    def ancestors(self, track_id: int) -> list[int]:
        """Return the objects that this one came from by division, its mother first."""
        found: list[int] = []
        parent = self.tracks[track_id].parent
        while parent is not None:
            found.append(parent)
            parent = self.tracks[parent].parent
        return found

    # ---- undo ------------------------------------------------------------

    @contextmanager
    def action(self, name: str, key: object = None) -> Iterator[None]:
        """Make everything inside one step of undo; what is inside it may say so too.

        What cannot be done to the end is not done at all.
        """
        if self._depth == 0:
            self.history.begin(name, key)
        self._depth += 1
        try:
            yield
        except BaseException:
            if self._depth == 1:
                # On a full disk it stays half done, for the user to undo.
                with suppress(StoreError):
                    self.history.take_back()
            raise
        finally:
            self._depth -= 1
            if self._depth == 0:
                self.history.end()
                self.tracks_changed.emit()

    def undo(self) -> str | None:
        """Take back the last action; return what it was, None for nothing."""
        return self._after(self.history.undo())

    def redo(self) -> str | None:
        """Do again what was undone last; return what it was, None for nothing."""
        return self._after(self.history.redo())

    def _after(self, name: str | None) -> str | None:
        if name is not None:
            self.tracks_changed.emit()
        return name

    def _swap(self, track_id: int, track: Track | None) -> Track | None:
        """Put back an object as it was, and return it as it was until now."""
        now = self.tracks.pop(track_id, None)
        self._n_edits += 1
        forgotten = None
        if track is not None:
            track.version = self._n_edits
            self.tracks[track_id] = track
            if now is not None:
                forgotten = now.differs_from(track)
        self.segmenter.forget(track_id, self._n_edits, forgotten)
        return now

    # ---- what edits are made of ------------------------------------------

    def put_track(self, track: Track) -> Track:
        """Add an object."""
        self.history.note_track(track.track_id, None)
        self.tracks[track.track_id] = track
        self.changing(track)
        return track

    def drop_track(self, track: Track) -> None:
        """Take an object away; its masks are left to whoever asks."""
        self.changing(track)
        del self.tracks[track.track_id]
        self.segmenter.forget(track.track_id, self._n_edits)

    def changing(self, track: Track) -> None:
        """Take note that an object is about to change.

        Nothing that was planned for it before is written any more.
        """
        self.history.note_track(track.track_id, track)
        self._n_edits += 1
        track.version = self._n_edits

    def spoil(self, track: Track, frames: npt.NDArray[Any]) -> None:
        """Mark computed frames stale; their masks stay until computed again."""
        self.changing(track)
        track.mark_stale(frames)
        self.segmenter.forget(track.track_id, track.version, frames.tolist())

    def erase(self, track: Track, frames: npt.NDArray[Any]) -> None:
        """Take an object off some frames; others get back what it took from them."""
        self.changing(track)
        for frame in frames[track.window[frames].any(axis=1)].tolist():
            self.recolour(frame, track.window_on(frame), {track.track_id: 0})
            self._return_pixels(track, frame)
        track.clear(frames)

    def _return_pixels(self, track: Track, frame: int) -> None:
        """Have objects that have fewer pixels than their mask composed anew.

        Nothing of them is computed again: the segmenter knows their masks.
        """
        y0, x0, y1, x1 = track.window[frame].tolist()
        plane = self.plane(frame)
        for track_id, other in self.tracks.items():
            if other is track or other.is_locked or other.is_given(frame):
                continue
            a0, b0, a1, b1 = other.window[frame].tolist()
            apart = a0 >= y1 or a1 <= y0 or b0 >= x1 or b1 <= x0
            if apart or not other.is_fresh(frame):
                continue
            region = plane[a0:a1, b0:b1]
            if np.count_nonzero(region == track_id) < other.area[frame]:
                self.history.note_track(track_id, other)
                other.mark_stale(np.array([frame]))

    def recolour(
        self, frame: int, window: tuple[slice, slice], ids: Mapping[int, int]
    ) -> None:
        """Give pixels of a part of a label plane other track IDs.

        Parameters
        ----------
        frame : int
        window : (slice, slice)
            Rows and columns of the part.
        ids : mapping of int to int
            Track IDs to replace, and by which, all at once; 0 is background.
        """
        if any(part.start >= part.stop for part in window):
            return
        before = self.plane(frame)[window]
        after = before.copy()
        for old, new in ids.items():
            after[before == old] = new
        if (before != after).any():
            self.history.note_part(frame, window, before, after)
            self._put(frame, after, window)

    def plane(self, frame: int) -> np.ndarray:
        """Return the label plane of a frame, ``(Y, X)``."""
        return np.asarray(self.labels[frame])

    def write(
        self, frame: int, plane: np.ndarray, windows: Iterable[Window] | None = None
    ) -> None:
        """Write a label plane, ``(Y, X)``, which has changed in `windows` only."""
        before = self.plane(frame)
        if windows is None:
            windows = [tuple(slice(0, n) for n in plane.shape)]
        for window in windows:
            self.history.note_part(frame, window, before[window], plane[window])
        self._put(frame, plane)

    def _put(
        self, frame: int, pixels: np.ndarray, window: tuple[slice, ...] = ()
    ) -> None:
        try:
            self.labels[(frame, *window) if window else frame] = pixels
        except OSError as error:
            raise StoreError(
                f"Frame {frame} could not be saved: {error}. Free some space or choose"
                " another place; every earlier frame is kept."
            ) from error
        self.labels_changed.emit(frame)
