"""Edits of objects that need an answer first: which ID, which frames, which other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.viewer.reasons import Reasons
from napari_sam2_ivos.widgets.questions import (
    ask_frames,
    ask_id,
    ask_object,
    ask_word,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtWidgets import QWidget

    from napari_sam2_ivos.viewer.controller import Controller

NO_MOTHER = 0
"""Stands for no object where one is asked for; no object has this ID."""


class ObjectAsking:
    """Asks, then edits; nothing happens if the user would rather not.

    Parameters
    ----------
    controller : Controller
    parent : QWidget
        What dialogs belong to.
    track_id : int
        The object that is edited.
    """

    def __init__(self, controller: Controller, parent: QWidget, track_id: int) -> None:
        self._c = controller
        self._parent = parent
        self._id = track_id

    def for_id(self) -> None:
        """Give it another ID, on all frames or some."""
        answer = ask_id(
            self._parent,
            f"ID of object {self._id}",
            "An ID that another object has is asked about before anything happens.",
            self._c.session.next_track_id,
            Reasons(self._c).frame,
            self._c.movie.n_frames,
        )
        if answer is not None:
            self._c.editing.rename(self._id, *answer)

    def for_class(self, track_ids: Sequence[int]) -> None:
        """Say what kind of thing some objects are."""
        tracks, one = self._c.session.tracks, len(track_ids) == 1
        which = f"object {track_ids[0]}" if one else "these objects"
        answer = ask_word(
            self._parent,
            f"Class of {which}",
            f"What kind of thing {'is' if one else 'are'} {which}?",
            tracks[track_ids[-1]].class_name,
            sorted({track.class_name for track in tracks.values()} - {""}),
        )
        if answer is not None:
            self._c.editing.set_class(track_ids, answer)

    def delete_range(self) -> None:
        """Take it off some frames."""
        self._frames("Delete it on", self._c.editing.delete_range)

    def cut(self) -> None:
        """Keep it on some frames only."""
        self._frames("Keep it only on", self._c.editing.cut)

    def swap(self) -> None:
        """Let it and another one change places from here on."""
        text = "From this frame on, swap it with which object?"
        other = self._other(f"Swap object {self._id}", text)
        if other is not None:
            self._c.editing.swap(self._id, other)

    def merge(self) -> None:
        """Make another one part of it."""
        text = f"Which object becomes part of object {self._id}?"
        other = self._other(f"Merge with object {self._id}", text)
        if other is not None:
            self._c.editing.merge(self._id, other)

    def for_mother(self) -> None:
        """Say from which object it came."""
        text = f"From which object did {self._id} come by division?"
        no_mother = (NO_MOTHER, "No mother")
        mother = self._other(f"Mother of object {self._id}", text, no_mother)
        if mother is not None:
            self._c.editing.set_parent(self._id, mother or None)

    def _frames(self, what: str, act: Callable[[int, int, int], None]) -> None:
        there = np.flatnonzero(Reasons(self._c).masks)
        frames = ask_frames(
            self._parent,
            f"Object {self._id}",
            f"{what} these frames, the last one included:",
            (int(there[0]), int(there[-1])),
            self._c.movie.n_frames,
        )
        if frames is not None:
            act(self._id, *frames)

    def _other(self, title: str, text: str, *more: tuple[int, str]) -> int | None:
        tracks = self._c.session.tracks
        others = [
            (row.track_id, row.title)
            for row in self._c.rows()
            if row.track_id in tracks and row.track_id != self._id
        ]
        return ask_object(self._parent, title, text, [*more, *others])
