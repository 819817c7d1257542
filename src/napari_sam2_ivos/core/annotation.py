"""What there is of a movie: objects and labels, changed in steps that can be undone."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.errors import PromptError, StoreError
from napari_sam2_ivos.core.history import History
from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.core.regions import Change, common, is_empty, regions, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore, Segmenter
    from napari_sam2_ivos.core.regions import Window
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

    labels_changing = Signal(int)
    """Emitted with the frame whose label plane is about to be written."""
    labels_changed = Signal(int, list)
    """Emitted with the frame whose label plane was written, and with the windows."""
    track_touched = Signal(int)
    """Emitted with the ID of an object that is being edited, added or taken away."""
    tracks_changed = Signal(str)
    """Emitted after an edit of prompts or objects, with what was done."""

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
        self.history = History(self.part, self._put, self.gather, self._swap)
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
                self.tracks_changed.emit(name)

    def undo(self) -> str | None:
        """Take back the last action; return what it was, None for nothing."""
        return self._after("Undo", self.history.undo())

    def redo(self) -> str | None:
        """Do again what was undone last; return what it was, None for nothing."""
        return self._after("Redo", self.history.redo())

    def _after(self, what: str, name: str | None) -> str | None:
        if name is not None:
            self.tracks_changed.emit(f"{what}: {name}")
        return name

    def _swap(self, track_id: int, track: Track | None) -> Track | None:
        """Put back an object as it was, and return it as it was until now."""
        self.track_touched.emit(track_id)
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

    def noting(self, track: Track) -> None:
        """Take note that what is said about an object is about to change."""
        self.history.note_track(track.track_id, track)
        self.track_touched.emit(track.track_id)

    def drop_track(self, track: Track) -> None:
        """Take an object away; its masks are left to whoever asks."""
        self.changing(track)
        del self.tracks[track.track_id]
        self.segmenter.forget(track.track_id, self._n_edits)

    def changing(self, track: Track) -> None:
        """Take note that an object is about to change.

        Nothing that was planned for it before is written any more.
        """
        self.noting(track)
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
            self.recolour(frame, [track.window_on(frame)], {track.track_id: 0})
            self._return_pixels(track, frame)
        track.clear(frames)

    def _return_pixels(self, track: Track, frame: int) -> None:
        """Have objects that have fewer pixels than their mask composed anew.

        Nothing of them is computed again: the segmenter knows their masks.
        """
        own = track.window_on(frame)
        for track_id, other in self.tracks.items():
            if other is track or other.is_locked or other.is_given(frame):
                continue
            window = other.window_on(frame)
            if is_empty(common(own, window)) or not other.is_fresh(frame):
                continue
            region = self.part(frame, *window)
            if np.count_nonzero(region == track_id) < other.area[frame]:
                self.noting(other)
                other.mark_stale(np.array([frame]))

    def recolour(
        self, frame: int, windows: Sequence[Window], ids: Mapping[int, int]
    ) -> None:
        """Give pixels of parts of a label plane other track IDs.

        Parameters
        ----------
        frame : int
        windows : sequence of (slice, slice)
            Rows and columns of the parts, which may overlap.
        ids : mapping of int to int
            Track IDs to replace, and by which, all at once; 0 is background.
        """
        changes = []
        for region, members in self.gather(windows):
            before = self.part(frame, *region)
            after = before.copy()
            own = [windows[i] for i in members]
            for at in (within(window, region) for window in own):
                for old, new in ids.items():
                    after[at][before[at] == old] = new
            if (before != after).any():
                changes.append(Change(region, before, after, own))
        if changes:
            self.write(frame, changes)

    def plane(self, frame: int) -> np.ndarray:
        """Return the whole label plane of a frame, ``(Y, X)``; see `part`."""
        return np.asarray(self.labels[frame])

    def part(self, frame: int, rows: slice, columns: slice) -> np.ndarray:
        """Return a part of the label plane of a frame, and read no more than that.

        Parameters
        ----------
        frame : int
        rows, columns : slice
            Inside the plane, with start and stop and without a step.

        Returns
        -------
        ndarray, (h, w)
            Not to be written into: it may be the store's own.
        """
        return np.asarray(self.labels[frame, rows, columns])

    def gather(self, windows: Sequence[Window]) -> list[tuple[Window, list[int]]]:
        """Gather parts of a label plane into regions to read; see `core.regions`."""
        chunks = getattr(self.labels, "chunks", (1, 1, 1))
        return regions(windows, self.movie.plane_shape, chunks[1:])

    def shown_mask(self, track: Track, frame: int) -> Mask:
        """Return the pixels of an object in the label plane of a frame."""
        rows, columns = track.window_on(frame)
        pixels = self.part(frame, rows, columns) == track.track_id
        return Mask.from_plane(pixels, rows.start, columns.start)

    def write(self, frame: int, changes: Iterable[Change]) -> None:
        """Write regions of a label plane that do not overlap.

        Raises
        ------
        StoreError
            If there is no space; then some of the regions may be written.
        """
        parts = []
        for region, before, after, windows in changes:
            if np.array_equal(before, after):
                continue
            for window in windows:
                at = within(window, region)
                self.history.note_part(frame, window, before[at], after[at])
            parts.append((region, after))
        self._put(frame, parts)

    def _put(self, frame: int, parts: Iterable[tuple[Window, np.ndarray]]) -> None:
        written = []
        self.labels_changing.emit(frame)
        try:
            for window, pixels in parts:
                written.append(window)
                self.labels[(frame, *window)] = pixels
        except OSError as error:
            raise StoreError(
                f"Frame {frame} could not be saved: {error}. Free some space or choose"
                " another place; every earlier frame is kept."
            ) from error
        finally:
            self.labels_changed.emit(frame, written)
