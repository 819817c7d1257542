"""What a list of objects shows about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, FINE, GIVEN, STALE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
    name, class_name : str
    score : float or None
        The model's own estimate of the worst mask that nobody has looked at, 0..1.
    score_frame : int
        Where that mask is.
    is_locked, is_hidden : bool
    """

    track_id: int
    first: int | None
    last: int | None
    n_anchors: int
    state: str
    n_empty: int = 0
    empty_text: str = ""
    name: str = ""
    class_name: str = ""
    score: float | None = None
    score_frame: int = 0
    is_locked: bool = False
    is_hidden: bool = False

    @property
    def title(self) -> str:
        """The ID, with the name if it has one."""
        return f"{self.track_id}  {self.name}" if self.name else str(self.track_id)

    @property
    def frames_text(self) -> str:
        """From which frame to which it was computed."""
        if self.first is None:
            return "–"
        one = self.first == self.last
        return str(self.first) if one else f"{self.first} – {self.last}"

    @property
    def score_text(self) -> str:
        """The worst score as a percentage, or a dash."""
        return "–" if self.score is None else f"{min(self.score, 1.0):.0%}"

    @property
    def state_text(self) -> str:
        """The state in a word or two, since its column is narrow."""
        if self.state == "running":
            return _TEXTS[self.state][0]
        if self.is_hidden:
            return "hidden"
        if self.is_locked:
            return "locked"
        if self.state == "tracked" and self.n_empty:
            return f"{self.n_empty} empty"
        return _TEXTS[self.state][0]

    @property
    def explanation(self) -> str:
        """What the state means and what to do next."""
        lines = [_TEXTS[self.state][1]]
        if self.is_hidden:
            lines.append("Hidden in the image; press Hide to show it again.")
        if self.is_locked:
            lines.append("Locked: nothing changes it until it is unlocked.")
        if self.n_empty:
            lines.append(f"Left empty on purpose: {self.empty_text}. {_IF_WRONG}")
        return "\n".join(lines)

    def matches(self, text: str) -> bool:
        """Whether it is one that a user looks for, by ID, name or class."""
        text = text.strip().casefold()
        words = (self.name.casefold(), self.class_name.casefold())
        return str(self.track_id).startswith(text) or any(text in w for w in words)


_TEXTS = {
    "new": ("new", "Click on it in the image."),
    "prompted": ("not tracked", "Prompted on its frames only; press Track."),
    "tracked": ("tracked", "Every computed frame is up to date."),
    "changed": ("changed", "Prompts changed since; press Track to redo those frames."),
    "running": ("tracking …", "Being computed."),
}

_IF_WRONG = "Where the object is there after all, click on it."


class ObjectRows:
    """The rows of all objects; only those of objects that changed are made anew."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[tuple[Any, ...], ObjectRow]] = {}

    def of(
        self,
        tracks: Mapping[int, Track],
        running: Collection[int] = (),
        hidden: Collection[int] = (),
        begun: int | None = None,
    ) -> list[ObjectRow]:
        """Return what to show about objects, by ID.

        Parameters
        ----------
        tracks : mapping of int to Track
        running, hidden : collection of int
            Track IDs of objects that are being computed, and that cannot be seen.
        begun : int, optional
            An object that is listed too if it has no prompt yet.
        """
        before, self._made = self._made, {}
        for i in sorted(tracks):
            track = tracks[i]
            words = track.name, track.class_name
            key = (track.version, track.revision, words, i in running, i in hidden)
            known = before.get(i)
            if known is None or known[0] != key:
                known = key, row_of(track, *key[3:])
            self._made[i] = known
        rows = [row for _, row in self._made.values()]
        if begun is not None and begun not in tracks:
            rows.append(new_row(begun))
            rows.sort(key=lambda row: row.track_id)
        return rows


def row_of(
    track: Track, is_running: bool = False, is_hidden: bool = False
) -> ObjectRow:
    """Return what to show about an object."""
    computed = np.flatnonzero(track.state & COMPUTED)
    first, last = (
        (int(computed[0]), int(computed[-1])) if computed.size else (None, None)
    )
    state = track.state[computed]
    if not track.prompts and not computed.size:
        word = "new"
    elif is_running:
        word = "running"
    elif (state & STALE).any():
        word = "changed"
    elif (state & ANCHOR).all():
        word = "prompted"
    else:
        word = "tracked"
    reasons = [
        (Flag(flag), np.flatnonzero(track.flag == flag))
        for flag in np.unique(track.flag[track.flag > 0])
    ]
    score, score_frame = _worst(track)
    return ObjectRow(
        track.track_id,
        first,
        last,
        len(track.prompts),
        word,
        sum(frames.size for _, frames in reasons),
        "; ".join(_where(flag, frames) for flag, frames in reasons),
        track.name,
        track.class_name,
        score,
        score_frame,
        track.is_locked,
        is_hidden,
    )


def new_row(track_id: int) -> ObjectRow:
    """Return what to show about an object that has no prompt yet."""
    return ObjectRow(track_id, None, None, 0, "new")


def _worst(track: Track) -> tuple[float | None, int]:
    """Return the lowest score and its frame, of masks that nobody has looked at."""
    unseen = track.state & (COMPUTED | ANCHOR | FINE | GIVEN) == COMPUTED
    frames = np.flatnonzero(unseen & (track.area > 0))
    if not frames.size:
        return None, 0
    worst = int(frames[np.argmin(track.predicted_iou[frames])])
    return float(track.predicted_iou[worst]), worst


def _where(flag: Flag, frames: np.ndarray) -> str:
    """Return for example "not seen on 3 frames (12–14)"."""
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    words = [f"{r[0]}–{r[-1]}" if r.size > 1 else f"{r[0]}" for r in runs[:MAX_RUNS]]
    if len(runs) > MAX_RUNS:
        words.append("and more")
    plural = "s" if frames.size > 1 else ""
    return f"{flag} on {frames.size} frame{plural} ({', '.join(words)})"
