"""Undo and redo: what an action changed, as it was before."""

from __future__ import annotations

import pickle
import zlib
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.patches import Patches
from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.core.regions import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

    from napari_sam2_ivos.core.regions import Window
    from napari_sam2_ivos.core.tracks import Track

MAX_ACTIONS = 100
"""How many actions can be taken back."""


@dataclass(eq=False)
class Action:
    """One thing that the user did, with everything that it changed.

    Parameters
    ----------
    name : str
        What to call it: "Undo NAME".
    tracks : dict of int to Track or None
        Copies of the objects it changed, as they were; None if there was none.
    key : object, optional
        What asked for it: the parts of one run belong to one action.
    packed : bytes
        The objects, once it is over.
    turned : Action, optional
        What undoes its undoing, as far as that got before a plane could not be
        written.
    number : int
        Its own, to find its patches by.
    """

    name: str
    tracks: dict[int, Track | None] = field(default_factory=dict)
    key: object = None
    packed: bytes = b""
    turned: Action | None = None
    number: int = field(default_factory=count().__next__)


class History:
    """What was done, so that it can be undone and done again, whole actions at a time.

    An action is everything from `begin` to the next one: the answers of the model
    that come later belong to the prompt that asked for them, and a run is one action.
    An answer that comes after an undo belongs to what was done last of all that still
    is, and what was undone can be done again all the same. An action that changes
    nothing is none.
    Kept is the state before: copies of the objects, and patches of label planes.

    Parameters
    ----------
    read : callable, (frame, rows, columns) -> ndarray, (H, W)
        Returns a part of a label plane.
    write : callable, (frame, [((rows, columns), pixels), ...]) -> None
        Writes parts of a label plane.
    gather : callable, (windows) -> [(region, positions in windows), ...]
        Gathers parts into regions to be read and written; see `core.regions`.
    swap : callable, (track ID, Track or None) -> Track or None
        Puts an object in place, or takes it away, and returns what was there.
    """

    def __init__(
        self,
        read: Callable[[int, slice, slice], np.ndarray],
        write: Callable[[int, Iterable[tuple[Window, np.ndarray]]], None],
        gather: Callable[[Sequence[Window]], list[tuple[Window, list[int]]]],
        swap: Callable[[int, Track | None], Track | None],
    ) -> None:
        self._read, self._write, self._gather = read, write, gather
        self._swap = swap
        self._done: list[Action] = []
        self._undone: list[Action] = []
        self._next: Action | None = None
        self._under_way: Action | None = None
        self._late: Action | None = None
        self._patches = Patches()

    @property
    def undo_name(self) -> str | None:
        """What would be undone; None for nothing."""
        return self._done[-1].name if self._done else None

    @property
    def redo_name(self) -> str | None:
        """What would be done again; None for nothing."""
        return self._undone[-1].name if self._undone else None

    @property
    def last_number(self) -> int | None:
        """Number of the action that was done last, by which it is told from others."""
        return self._done[-1].number if self._done else None

    def begin(self, name: str, key: object = None) -> None:
        """Begin an action: what changes from now on belongs to it.

        With the `key` of the action that is under way, go on with that.
        """
        now = self._under_way
        goes_on = now is not None and key is not None and now.key is key
        self._next = None if goes_on else Action(name, key=key)

    def end(self) -> None:
        """End an action that has changed nothing, as if it had never been begun."""
        self._next = None

    def note_track(self, track_id: int, track: Track | None) -> None:
        """Keep an object as it is, before the action under way changes it."""
        action = self._changing()
        if action is not None and track_id not in action.tracks:
            action.tracks[track_id] = None if track is None else track.copy()

    def note_part(
        self,
        frame: int,
        window: tuple[slice, ...],
        before: np.ndarray,
        after: np.ndarray,
    ) -> None:
        """Keep what the action under way changes in a part of a label plane.

        Parameters
        ----------
        frame : int
        window : (slice, slice)
            Rows and columns of the part.
        before, after : ndarray, (H, W)
        """
        changed = Mask.from_plane(before != after)
        action = self._changing() if changed.pixels.size else None
        if action is not None:
            self._patches.keep(action.number, frame, window, before, changed)

    def undo(self) -> str | None:
        """Take back the last action and return its name; None if there is none."""
        return self._move(self._done, self._undone)

    def redo(self) -> str | None:
        """Do again what was undone last and return its name; None if there is none."""
        return self._move(self._undone, self._done)

    def take_back(self) -> None:
        """Undo the action that was begun last as if it had never been."""
        action = self._under_way if self._next is None else None
        self._next = None
        if action is not None and action in self._done[-1:]:
            self._close()
            self._forget(self._turn(action))
            self._done.pop()

    # ---- inside ----------------------------------------------------------

    def _changing(self) -> Action | None:
        """Return the action that a change belongs to.

        None if there was none yet: then there is nothing to come back to either.
        """
        if self._next is not None:
            action = self._next
            self._close()
            self._settle()
            self._done.append(action)
            if len(self._done) > MAX_ACTIONS:
                self._forget(self._done.pop(0))
            self._under_way = action
        elif self._under_way is None and self._undone:
            self._under_way = self._late = self._late or Action("")
        elif self._under_way is None and self._done:
            self._under_way = self._done[-1]
        if self._under_way is not None:
            _unpack(self._under_way)
        return self._under_way

    def _settle(self) -> None:
        """Let go of what was undone: something else was done instead."""
        while self._undone:
            self._forget(self._undone.pop())
        late, self._late = self._late, None
        if late is None:
            return
        if not self._done:
            self._forget(late)
            return
        last = self._done[-1]
        for action in (last, late):
            _unpack(action)
        last.tracks = late.tracks | last.tracks
        _pack(last)
        self._patches.give(late.number, last.number)

    def _close(self) -> None:
        """End the action under way."""
        self._next = None
        if self._under_way is not None:
            _pack(self._under_way)
            self._under_way = None

    def _move(self, source: list[Action], target: list[Action]) -> str | None:
        self._close()
        if not source:
            return None
        if self._late is not None:
            self._forget(self._turn(self._late))
            self._late = None
        turned = self._turn(source[-1])
        source.pop()
        target.append(turned)
        return turned.name

    def _turn(self, action: Action) -> Action:
        """Put back what an action changed; return what does the opposite.

        Where a plane could not be written, it can be tried again.
        """
        turned = action.turned = action.turned or Action(action.name)
        for frame, patches in self._patches.of(action.number):
            parts = []
            for region, members in self._gather([window for window, _ in patches]):
                before = self._read(frame, *region)
                after = before.copy()
                for window, pixels in (patches[i] for i in members):
                    after[within(window, region)] = pixels
                changed = Mask.from_plane(before != after)
                if changed.pixels.size:
                    self._patches.keep(turned.number, frame, region, before, changed)
                    parts.append((region, after))
            if parts:
                self._write(frame, parts)
        _unpack(action)
        for track_id, track in action.tracks.items():
            turned.tracks[track_id] = self._swap(track_id, track)
        action.turned = None
        self._forget(action)
        _pack(turned)
        return turned

    def _forget(self, action: Action | None) -> None:
        while action is not None:
            self._patches.forget(action.number)
            action = action.turned


def _pack(action: Action) -> None:
    """Make the objects of an action small: most frames of most hold nothing."""
    action.packed = zlib.compress(pickle.dumps(action.tracks), level=1)
    action.tracks, action.key = {}, None


def _unpack(action: Action) -> None:
    """Have the objects of an action at hand again."""
    if action.packed:
        action.tracks = pickle.loads(zlib.decompress(action.packed))
        action.packed = b""
