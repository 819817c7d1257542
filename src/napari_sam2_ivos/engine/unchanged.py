"""Where the masks of an object are again what they were before an edit."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.engine.memory import Key

if TYPE_CHECKING:
    from napari_sam2_ivos.core.planning import Plan, Step
    from napari_sam2_ivos.engine.memory import Memory, MemoryBank

N_UNCHANGED = 15
"""Frames in a row: as far back as SAM 2 attends to anything that was tracked."""

POINTER_TOLERANCE = 0.02
"""By how much of its length an object pointer may differ to count as the same."""


class Unchanged:
    """Lets an object keep its old masks where they come out as before anyway.

    After `N_UNCHANGED` equal frames in a row, what follows up to the next anchor
    would be equal too, but for what the model still sees of the edited frame
    itself. So it is something to choose (`Plan.skip_unchanged`).

    Parameters
    ----------
    bank : MemoryBank
    plan : Plan
    """

    def __init__(self, bank: MemoryBank, plan: Plan) -> None:
        self._bank = bank
        self._plan = plan
        self._n_equal: defaultdict[tuple[int, bool], int] = defaultdict(int)
        self._before: dict[int, Memory] = {}

    def revive(self, step: Step) -> None:
        """Take the old memories of objects that have settled, before a step."""
        self._before.clear()
        if not self._plan.skip_unchanged:
            return
        for track_id in step.track_ids:
            cell = track_id, step.reverse
            if step.frame in self._plan.prompts[track_id]:
                self._n_equal[cell] = 0  # what follows follows from this anchor
                continue
            key = Key(track_id, step.frame, False)
            old = self._bank.outdated(key)
            if old is None or old.reverse != step.reverse:
                self._n_equal[cell] = 0
            elif self._n_equal[cell] >= N_UNCHANGED:
                self._bank.revive(key)
            else:
                self._before[track_id] = old

    def note(self, step: Step) -> None:
        """Compare the objects of a step with what they were, after it."""
        for track_id, old in self._before.items():
            now = self._bank.get(Key(track_id, step.frame, False))
            cell = track_id, step.reverse
            is_equal = now is not None and _are_equal(now, old)
            self._n_equal[cell] = self._n_equal[cell] + 1 if is_equal else 0


def _are_equal(now: Memory, old: Memory) -> bool:
    difference = np.linalg.norm(now.pointer - old.pointer)
    return (
        now.flag == old.flag
        and now.view == old.view
        and bool(difference <= POINTER_TOLERANCE * np.linalg.norm(old.pointer))
        and np.array_equal(now.low_res > 0, old.low_res > 0)
    )
