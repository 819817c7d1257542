"""Where an object was lost, and is not looked for any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.engine.contexts import is_known, stretch
from napari_sam2_ivos.engine.memory import Key

if TYPE_CHECKING:
    from napari_sam2_ivos.core.planning import Plan, Step
    from napari_sam2_ivos.engine.memory import MemoryBank


class Lost:
    """Leaves objects alone beyond a frame on which they were left empty.

    Up to the next anchor, and in the direction in which they were tracked
    (`Plan.stop_when_lost`). A run that begins behind such a frame begins with the
    object lost: going on after a stop is no second try.

    Parameters
    ----------
    bank : MemoryBank
    plan : Plan
    """

    def __init__(self, bank: MemoryBank, plan: Plan) -> None:
        self._bank = bank
        self._plan = plan
        self._lost_at: dict[tuple[int, bool], int | None] = {}

    def is_lost(self, step: Step, track_id: int) -> bool:
        """Whether a step leaves an object alone; asked of one step after the other.

        What is known already is shown whatever was lost: it costs nothing.
        """
        own, reverse = self._plan.prompts[track_id], step.reverse
        if not self._plan.stop_when_lost or step.is_glance or step.frame in own:
            return False
        if is_known(self._bank, Key(track_id, step.frame, False), reverse=reverse):
            return False
        between = stretch(own, step.frame, None, reverse=reverse)
        if between:
            before = self._bank.get(Key(track_id, between[0], False))
            if before is not None and before.reverse == reverse:
                at = between[0] if before.flag else None
                self._lost_at[track_id, reverse] = at
        return self._lost_at.get((track_id, reverse)) in between
