"""What a list of objects shows about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, STALE

if TYPE_CHECKING:
    from napari_sam2_ivos.core.tracks import Track


@dataclass(frozen=True)
class ObjectRow:
    """One object in a list.

    Attributes
    ----------
    track_id : int
    first, last : int or None
        First and last computed frame.
    n_anchors : int
        Number of frames with prompts.
    state : str
        "new", "prompted", "tracked", "changed" or "running".
    """

    track_id: int
    first: int | None
    last: int | None
    n_anchors: int
    state: str

    @property
    def state_text(self) -> str:
        """The state in words."""
        return _TEXTS[self.state][0]

    @property
    def explanation(self) -> str:
        """What the state means and what to do next."""
        return _TEXTS[self.state][1]


_TEXTS = {
    "new": ("new", "Click on it in the image."),
    "prompted": ("not tracked", "Prompted on its frames only; press Track."),
    "tracked": ("tracked", "Every computed frame is up to date."),
    "changed": ("changed", "Prompts changed since; press Track to redo those frames."),
    "running": ("tracking …", "Being computed."),
}


def row_of(track: Track, is_running: bool = False) -> ObjectRow:
    """Return what to show about an object."""
    computed = np.flatnonzero(track.state & COMPUTED)
    first, last = (
        (int(computed[0]), int(computed[-1])) if computed.size else (None, None)
    )
    state = track.state[computed]
    if not track.prompts and not computed.size:
        return new_row(track.track_id)
    if is_running:
        word = "running"
    elif (state & STALE).any():
        word = "changed"
    elif (state & ANCHOR).all():
        word = "prompted"
    else:
        word = "tracked"
    return ObjectRow(track.track_id, first, last, len(track.prompts), word)


def new_row(track_id: int) -> ObjectRow:
    """Return what to show about an object that has no prompt yet."""
    return ObjectRow(track_id, None, None, 0, "new")
