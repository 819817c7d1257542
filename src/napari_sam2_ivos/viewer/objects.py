"""What a list of objects shows about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, STALE

if TYPE_CHECKING:
    from napari_sam2_ivos.core.tracks import Track


MAX_RUNS = 4
"""How many runs of frames are listed before it becomes "and more"."""


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
    n_empty : int
        Number of frames that were left empty, because the object was not seen
        there or its mask was refused.
    empty_text : str
        Which frames these are and why, in words.
    """

    track_id: int
    first: int | None
    last: int | None
    n_anchors: int
    state: str
    n_empty: int = 0
    empty_text: str = ""

    @property
    def state_text(self) -> str:
        """The state in a word or two, since its column is narrow."""
        if self.state == "tracked" and self.n_empty:
            return f"{self.n_empty} empty"
        return _TEXTS[self.state][0]

    @property
    def explanation(self) -> str:
        """What the state means and what to do next."""
        text = _TEXTS[self.state][1]
        if self.n_empty:
            text += f"\nLeft empty on purpose: {self.empty_text}. {_IF_WRONG}"
        return text


_TEXTS = {
    "new": ("new", "Click on it in the image."),
    "prompted": ("not tracked", "Prompted on its frames only; press Track."),
    "tracked": ("tracked", "Every computed frame is up to date."),
    "changed": ("changed", "Prompts changed since; press Track to redo those frames."),
    "running": ("tracking …", "Being computed."),
}

_IF_WRONG = "Where the object is there after all, click on it."


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
    reasons = [
        (flag, np.flatnonzero(track.flag == flag))
        for flag in Flag
        if flag is not Flag.NONE
    ]
    return ObjectRow(
        track.track_id,
        first,
        last,
        len(track.prompts),
        word,
        sum(frames.size for _, frames in reasons),
        "; ".join(_where(flag, frames) for flag, frames in reasons if frames.size),
    )


def new_row(track_id: int) -> ObjectRow:
    """Return what to show about an object that has no prompt yet."""
    return ObjectRow(track_id, None, None, 0, "new")


def _where(flag: Flag, frames: np.ndarray) -> str:
    """Return for example "not seen on 3 frames (12–14)"."""
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    words = [f"{r[0]}–{r[-1]}" if r.size > 1 else f"{r[0]}" for r in runs[:MAX_RUNS]]
    if len(runs) > MAX_RUNS:
        words.append("and more")
    plural = "s" if frames.size > 1 else ""
    return f"{flag} on {frames.size} frame{plural} ({', '.join(words)})"
