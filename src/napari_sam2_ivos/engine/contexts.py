"""Which memories an object attends to on a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam2_ivos.engine.memory import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam2_ivos.core.prompts import FramePrompts
    from napari_sam2_ivos.engine.memory import MemoryBank

    Prompts = Mapping[int, FramePrompts]


WARM_UP = 2
"""How far back an object is tracked again of which nothing is known any more, in
lengths of its memory."""


@dataclass(frozen=True)
class Context:
    """The memories that one object attends to on one frame.

    Parameters
    ----------
    anchors : tuple of Key
        Prompted frames, ascending.
    recent : tuple of Key
        Tracked frames between the nearest of these and the frame, nearest first.
    """

    anchors: tuple[Key, ...] = ()
    recent: tuple[Key, ...] = ()

    @property
    def frames(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Their frames: objects with equal ones go through one forward."""
        return tuple(k.frame for k in self.anchors), tuple(k.frame for k in self.recent)

    def nearest(self, frame: int) -> Key:
        """Return the memory that is nearest to the frame."""
        return min(self.anchors + self.recent, key=lambda key: abs(key.frame - frame))


def nearest_anchors(
    own: Prompts, frame: int, n: int, reverse: bool | None = None
) -> list[int]:
    """Return up to `n` prompted frames, nearest first.

    Those before `frame`, after it if `reverse`, or on both sides if None.
    """
    side = [a for a in own if reverse is None or (a > frame if reverse else a < frame)]
    return sorted(side, key=lambda anchor: (abs(anchor - frame), anchor))[:n]


def stretch(own: Prompts, frame: int, reach: int | None, *, reverse: bool) -> range:
    """Return the frames between the nearest anchor and `frame`, nearest first.

    Not more than `reach` of them. An anchor is a barrier: nothing tracked before it
    is attended to, as the authors of SAM 2 advise for corrections (sam2 issue 154,
    ``clear_non_cond_mem_around_input``).
    """
    (anchor,) = nearest_anchors(own, frame, 1, reverse)
    step = 1 if reverse else -1
    stop = anchor if reach is None else frame + step * (reach + 1)
    stop = min(stop, anchor) if reverse else max(stop, anchor)
    return range(frame + step, stop, step)


def is_known(bank: MemoryBank, key: Key, *, reverse: bool) -> bool:
    """Whether a tracked frame is in the bank, up to date, tracked that way."""
    memory = bank.get(key)
    return memory is not None and memory.reverse == reverse


def missing(
    bank: MemoryBank,
    track_id: int,
    own: Prompts,
    frame: int,
    reach: int,
    *,
    reverse: bool,
) -> list[int]:
    """Return frames to track before `frame` can be, so that it lacks no memory.

    Nearest first. Normally there are none; there are after another direction was
    asked for, or another model, of which nothing is known yet. Then no more than
    `WARM_UP` times as many as are attended to are tracked, from the anchors alone:
    a click may not wait for a thousand frames.

    Parameters
    ----------
    bank : MemoryBank
    track_id : int
    own : mapping of int to FramePrompts
        Prompts of the object.
    frame : int
    reach : int
        How many frames back anything is attended to.
    reverse : bool
    """
    found: list[int] = []
    n_known = 0
    for past in stretch(own, frame, None, reverse=reverse):
        if is_known(bank, Key(track_id, past, False), reverse=reverse):
            n_known += 1
            if n_known == reach:
                break
        else:
            n_known = 0
            found.append(past)
            if len(found) == WARM_UP * reach:
                break
    return found


def context_of(
    bank: MemoryBank,
    track_id: int,
    own: Prompts,
    frame: int,
    *,
    n_anchors: int,
    reach: int,
    reverse: bool,
) -> Context:
    """Return what an object attends to when it is tracked onto a frame.

    Anchors of the side that it comes from only, so that a correction changes
    nothing on its other side. Without any anchor it is empty.
    """
    anchors = nearest_anchors(own, frame, n_anchors, reverse)
    if not anchors:
        return Context()
    recent = []
    for past in stretch(own, frame, reach, reverse=reverse):
        key = Key(track_id, past, False)
        memory = bank.get(key)
        if memory is not None and memory.reverse == reverse and not memory.flag:
            recent.append(key)
    return Context(
        tuple(Key(track_id, anchor, True) for anchor in sorted(anchors)), tuple(recent)
    )
