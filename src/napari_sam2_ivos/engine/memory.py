"""SAM 2's memory bank: what each object looked like on the frames before.

Upstream keeps 787 kB per object and frame (at 1024 px) for ever. Here the
large part, the memory features, is kept only for the frames that the next
step can attend to, and made again from the compact part when it is needed
once more; the compact part lives within a byte budget. So nothing grows with
the length of the movie.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch

    from napari_sam2_ivos.core.prompts import FramePrompts

N_HOT_PER_OBJECT = 12
"""Memory features kept per object: 6 recent frames, 4 anchors, 2 to spare."""


class Key(NamedTuple):
    """Which memory: of an object on a frame, as tracked or as prompted."""

    track_id: int
    frame: int
    is_anchor: bool


@dataclass(eq=False)
class Memory:
    """The compact memory of one object on one frame.

    Parameters
    ----------
    low_res : Tensor, (1, 1, S / 4, S / 4)
        Mask logits on the model's mask grid.
    pointer : Tensor, (1, C)
        Object pointer.
    object_score : Tensor, (1, 1)
    predicted_iou : float
    reverse : bool
        Whether it was tracked backward in time.
    prompts : FramePrompts or None
        The prompts it answers, if the frame is an anchor.
    """

    low_res: torch.Tensor
    pointer: torch.Tensor
    object_score: torch.Tensor
    predicted_iou: float
    reverse: bool
    prompts: FramePrompts | None = None

    @property
    def n_bytes(self) -> int:
        """Size in memory."""
        tensors = (self.low_res, self.pointer)
        return sum(t.numel() * t.element_size() for t in tensors)

    @property
    def is_rebuildable(self) -> bool:
        """Whether it can be dropped for good: only clicks cannot be answered again."""
        return self.prompts is None or self.prompts.mask is not None


class MemoryBank:
    """All memories of all objects, within a byte budget.

    Parameters
    ----------
    budget_bytes : int
        What the compact memories may take together. Answers to clicks are
        never dropped; there are as many as the user made.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._n_bytes = 0
        self._compact: OrderedDict[Key, Memory] = OrderedDict()
        self._pinned: dict[Key, Memory] = {}
        self._hot: OrderedDict[Key, torch.Tensor] = OrderedDict()
        self._n_objects = 0

    def __len__(self) -> int:
        return len(self._compact) + len(self._pinned)

    def expect(self, n_objects: int) -> None:
        """Make room for the memory features of `n_objects` tracked together."""
        self._n_objects = max(self._n_objects, n_objects)

    def get(self, key: Key) -> Memory | None:
        """Return a memory, or None if there is none."""
        pinned = self._pinned.get(key)
        if pinned is not None:
            return pinned
        memory = self._compact.get(key)
        if memory is not None:
            self._compact.move_to_end(key)
        return memory

    def put(self, key: Key, memory: Memory) -> None:
        """Keep a memory, instead of an earlier one of the same key."""
        self.drop(key)
        if not memory.is_rebuildable:
            self._pinned[key] = memory
            return
        self._compact[key] = memory
        self._n_bytes += memory.n_bytes
        while self._n_bytes > self._budget and len(self._compact) > 1:
            self.drop(next(iter(self._compact)))

    def features(self, key: Key) -> torch.Tensor | None:
        """Return the memory features of a key, ``(1, C, H, W)``, if still kept."""
        found = self._hot.get(key)
        if found is not None:
            self._hot.move_to_end(key)
        return found

    def put_features(self, key: Key, features: torch.Tensor) -> None:
        """Keep memory features for the steps that come soon."""
        self._hot[key] = features
        self._hot.move_to_end(key)
        self._trim_hot()

    def drop(self, key: Key) -> None:
        """Forget one memory and its features."""
        memory = self._compact.pop(key, None)
        if memory is not None:
            self._n_bytes -= memory.n_bytes
        self._pinned.pop(key, None)
        self._hot.pop(key, None)

    def forget(self, track_id: int, frames: Iterable[int] | None = None) -> None:
        """Forget an object as tracked on `frames`, or altogether.

        What answers prompts stays as long as `frames` are given: it is
        checked against the prompts before each use.
        """
        if frames is not None:
            for frame in frames:
                self.drop(Key(track_id, frame, False))
            return
        for store in (self._compact, self._pinned, self._hot):
            for key in [key for key in store if key.track_id == track_id]:
                self.drop(key)

    def clear(self) -> None:
        """Forget everything."""
        for store in (self._compact, self._pinned, self._hot):
            store.clear()
        self._n_bytes = 0

    def _trim_hot(self) -> None:
        while len(self._hot) > N_HOT_PER_OBJECT * max(1, self._n_objects):
            self._hot.popitem(last=False)
