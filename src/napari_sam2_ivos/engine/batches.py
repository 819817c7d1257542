"""Objects that go through the model together."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari_sam2_ivos.engine.contexts import Context
    from napari_sam2_ivos.engine.forward import Forward, Raw
    from napari_sam2_ivos.engine.windows import Look

LOSING_LOGIT = -10.0
"""What a pixel that another object has won gets in the memory, as upstream."""


class Stopped(Exception):
    """The run was asked to stop in the middle of a step."""


class Looking(NamedTuple):
    """An object to find: what it attends to, and where it is looked for.

    `attempt` is 0 at first, 1 in any larger view, and 2 when it was found there and is
    looked at once more from near.
    """

    track_id: int
    context: Context
    look: Look
    attempt: int = 0


class Batches:
    """Runs many objects on one frame, as many at once as fit.

    Parameters
    ----------
    forward : Forward
    exclusive : bool
        Whether objects that are run together may not overlap. All of them must then
        look at the whole frame.
    """

    def __init__(self, forward: Forward, *, exclusive: bool) -> None:
        self._forward = forward
        self._exclusive = exclusive

    def run(
        self,
        objects: Sequence[Looking],
        frame: int,
        stop: Callable[[], bool],
        *,
        reverse: bool,
    ) -> Iterator[tuple[list[Looking], Raw]]:
        """Yield objects and what the model makes of them, batch by batch.

        Those whose contexts have the same frames go through one forward, windows and
        whole frames apart, and those that look at the same stand beside each other.

        Parameters
        ----------
        objects : sequence of Looking
        frame : int
        stop : callable
            Asked between batches; if true, `Stopped` is raised.
        reverse : bool
        """
        whole = self._forward.networks.whole_view
        groups: dict[object, list[Looking]] = defaultdict(list)
        for one in sorted(objects, key=lambda one: one.look.view):
            groups[one.context.frames, one.look.view == whole].append(one)
        batches: Iterator[tuple[list[Looking], Raw]] = (
            batch
            for group in groups.values()
            for batch in self._in_batches(group, frame, stop, reverse=reverse)
        )
        if self._exclusive:
            batches = iter(_separated(list(batches)))
        yield from batches

    def _in_batches(
        self,
        group: list[Looking],
        frame: int,
        stop: Callable[[], bool],
        *,
        reverse: bool,
    ) -> Iterator[tuple[list[Looking], Raw]]:
        """Run objects with equal contexts through one network.

        A batch that does not fit into the memory of the card is tried again in
        halves.
        """
        start, view = 0, group[0].look.view
        while start < len(group):
            check(stop)
            batch = group[start : start + self._forward.batch_size(view)]
            looks = [one.look for one in batch]
            contexts = [one.context for one in batch]
            try:
                raw = self._forward.decode(frame, looks, contexts, reverse=reverse)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise
                self._forward.limit_batch(view, len(batch) // 2)
                continue
            start += len(batch)
            yield batch, raw


def check(stop: Callable[[], bool]) -> None:
    """Raise `Stopped` if a run is to stop."""
    if stop():
        raise Stopped


def _separated(
    batches: list[tuple[list[Looking], Raw]],
) -> list[tuple[list[Looking], Raw]]:
    """Give each pixel of mask logits ``(N, 1, h, w)`` to the highest, in place."""
    grids = [raw.low_res for _, raw in batches]
    winner = torch.cat(grids).argmax(dim=0, keepdim=True)
    first = 0
    for grid in grids:
        ids = torch.arange(first, first + len(grid), device=grid.device)
        loses = ids[:, None, None, None] != winner
        grid[loses] = grid[loses].clamp(max=LOSING_LOGIT)
        first += len(grid)
    return batches
