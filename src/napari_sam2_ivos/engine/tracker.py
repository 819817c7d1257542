"""One step of SAM 2 for many objects: prompts answered, others tracked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.engine.contexts import (
    Context,
    context_of,
    is_known,
    missing,
    nearest_anchors,
)
from napari_sam2_ivos.engine.memory import Key, Memory
from napari_sam2_ivos.engine.prompting import mask_input, mask_prior, point_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from napari_sam2_ivos.core.planning import Plan, Step
    from napari_sam2_ivos.engine.forward import Forward, Raw
    from napari_sam2_ivos.engine.memory import MemoryBank

MAX_ANCHORS_ATTENDED = 4
"""Anchors an object attends to, nearest first, unless the model's config asks for
fewer. SAM 2 was trained with at most 2 prompted frames in 8; each further one costs a
whole memory (upstream: no limit)."""

PRIOR_LOGIT_LIMIT = 32.0
"""Upstream clamps the earlier mask to this before it refines it."""

LOSING_LOGIT = -10.0
"""What a pixel that another object has won gets in the memory, as upstream."""


class Stopped(Exception):
    """The run was asked to stop in the middle of a step."""


class Tracker:
    """Computes steps into a memory bank.

    What it makes of a frame follows from the prompts alone: it tracks what is
    missing in between before it goes on, whatever was computed in which order.

    Parameters
    ----------
    forward : Forward
    bank : MemoryBank
        The one that `forward` reads.
    exclusive : bool
        Whether objects of a step may not overlap in each other's memory. An
        object then depends on the others that are tracked with it.
    """

    def __init__(self, forward: Forward, bank: MemoryBank, *, exclusive: bool) -> None:
        self._forward = forward
        self._bank = bank
        self._exclusive = exclusive
        self._net = net = forward.net
        self._plane_shape = forward.plane_shape
        asked = int(net.max_cond_frames_in_attn)  # -1: as many as there are
        few = asked if asked > 0 else MAX_ANCHORS_ATTENDED
        self._n_anchors = min(MAX_ANCHORS_ATTENDED, few)
        n_pointers = min(forward.n_frames, int(net.max_obj_ptrs_in_encoder))
        self._reach = max(int(net.num_maskmem), n_pointers) - 1

    def step(self, plan: Plan, step: Step, stop: Callable[[], bool]) -> None:
        """Put the memory of every object of a step into the bank.

        Parameters
        ----------
        plan : Plan
        step : Step
            One of the plan.
        stop : callable
            Asked between batches; if true, `Stopped` is raised.
        """
        self._bank.expect(len(plan.prompts))
        tracked = []
        for track_id in step.track_ids:
            if step.frame in plan.prompts[track_id]:
                _check(stop)
                self._answer(track_id, step.frame, plan, stop)
            else:
                tracked.append(track_id)
        self._track(tracked, step.frame, plan, stop, reverse=step.reverse)

    def glance(
        self, plan: Plan, step: Step, stop: Callable[[], bool]
    ) -> dict[int, Memory]:
        """Guess objects on a frame from the nearest prompts on either side.

        Nothing is tracked in between and nothing is kept.

        Returns
        -------
        dict of int to Memory
            By track ID.
        """
        groups: dict[object, list[tuple[int, Context]]] = defaultdict(list)
        for track_id in step.track_ids:
            own = plan.prompts[track_id]
            near = nearest_anchors(own, step.frame, self._n_anchors)
            for anchor in near:
                self._answer(track_id, anchor, plan, stop)
            context = Context(tuple(Key(track_id, a, True) for a in sorted(near)))
            groups[context.frames].append((track_id, context))
        found: dict[int, Memory] = {}
        for group in groups.values():
            # SAM 2 takes object pointers from one side: that of the first anchor.
            reverse = group[0][1].anchors[0].frame > step.frame
            for ids, raw in self._in_batches(group, step.frame, stop, reverse=reverse):
                memories = self._forward.memories(raw, reverse=reverse)
                found.update(zip(ids, memories, strict=True))
        return found

    # ---- prompts answered ----------------------------------------------------

    def _answer(
        self, track_id: int, frame: int, plan: Plan, stop: Callable[[], bool]
    ) -> None:
        """Answer the prompts of a frame, unless the bank has the answer already."""
        now = plan.prompts[track_id][frame]
        key = Key(track_id, frame, True)
        known = self._bank.get(key)
        if known is not None and known.prompts == now:
            return
        context, prior, reverse = Context(), None, False
        model = self._plane_shape, self._net.image_size, self._net.device
        mask = points = None
        if now.given is not None:
            mask = mask_input(now.given, *model)
        else:
            points = point_inputs(now, *model)
            if now.mask is not None:
                prior = mask_prior(now.mask, *model)
            elif now.refines:
                context, prior, reverse = self._tracked_there(
                    track_id, frame, plan, stop
                )
        # Its memory features are made when a frame is tracked from it: a click
        # need not wait for them.
        raw = self._forward.decode(
            frame, [context], points=points, mask=mask, prior=prior, reverse=reverse
        )
        (memory,) = self._forward.memories(raw, reverse=reverse)
        self._bank.put(key, replace(memory, prompts=now))

    def _tracked_there(
        self, track_id: int, frame: int, plan: Plan, stop: Callable[[], bool]
    ) -> tuple[Context, torch.Tensor | None, bool]:
        """Return what a correction starts from: context and mask as tracked.

        The mask that the user corrects, if it is still known; else as it would be
        tracked from the prompts before, or those after if there are none. From
        those only that are no corrections themselves: two could wait for each
        other.
        """
        own = {a: p for a, p in plan.prompts[track_id].items() if a != frame}
        key = Key(track_id, frame, False)
        memory = self._bank.get(key)
        reverse = bool(own) and min(own) > frame
        if memory is not None:
            reverse = memory.reverse
        if reverse:
            own = {a: p for a, p in own.items() if a < frame or not p.refines}
        if not nearest_anchors(own, frame, 1, reverse):
            return Context(), None, False
        without = replace(plan, prompts={track_id: own})
        if memory is None:
            self._track([track_id], frame, without, stop, reverse=reverse)
            memory = self._bank.get(key)
            assert memory is not None, "it was just tracked"
        context = self._context(track_id, frame, without, stop, reverse=reverse)
        if memory.flag:
            return context, None, reverse
        prior = torch.from_numpy(memory.low_res).to(self._net.device)[None, None]
        limit = PRIOR_LOGIT_LIMIT
        return context, prior.clamp(-limit, limit), reverse

    # ---- others tracked --------------------------------------------------------

    def _track(
        self,
        track_ids: Collection[int],
        frame: int,
        plan: Plan,
        stop: Callable[[], bool],
        *,
        reverse: bool,
    ) -> None:
        """Track objects onto a frame, and first onto those before that they lack."""
        to_do: dict[int, list[int]] = defaultdict(list)
        for track_id in track_ids:
            if is_known(self._bank, Key(track_id, frame, False), reverse=reverse):
                continue
            own = plan.prompts[track_id]
            lacks = missing(
                self._bank, track_id, own, frame, self._reach, reverse=reverse
            )
            for at in [frame, *lacks]:
                to_do[at].append(track_id)
        for at in sorted(to_do, reverse=reverse):
            self._track_ready(to_do[at], at, plan, stop, reverse=reverse)

    def _track_ready(
        self,
        track_ids: Collection[int],
        frame: int,
        plan: Plan,
        stop: Callable[[], bool],
        *,
        reverse: bool,
    ) -> None:
        """Track objects that lack nothing onto a frame."""
        groups: dict[object, list[tuple[int, Context]]] = defaultdict(list)
        contexts = {}
        for track_id in track_ids:
            context = self._context(track_id, frame, plan, stop, reverse=reverse)
            contexts[track_id] = context
            groups[context.frames].append((track_id, context))
        waiting = []
        for group in groups.values():
            for ids, raw in self._in_batches(group, frame, stop, reverse=reverse):
                if self._exclusive:
                    waiting.append((ids, raw))
                else:
                    self._remember(ids, frame, raw, contexts, plan, reverse=reverse)
        _separate([raw.low_res for _, raw in waiting])
        for ids, raw in waiting:
            self._remember(ids, frame, raw, contexts, plan, reverse=reverse)

    def _context(
        self,
        track_id: int,
        frame: int,
        plan: Plan,
        stop: Callable[[], bool],
        *,
        reverse: bool,
    ) -> Context:
        """Return what an object attends to; its prompts are answered first."""
        own = plan.prompts[track_id]
        for anchor in nearest_anchors(own, frame, self._n_anchors, reverse):
            self._answer(track_id, anchor, plan, stop)
        return context_of(
            self._bank,
            track_id,
            own,
            frame,
            n_anchors=self._n_anchors,
            reach=self._reach,
            reverse=reverse,
        )

    def _in_batches(
        self,
        group: list[tuple[int, Context]],
        frame: int,
        stop: Callable[[], bool],
        *,
        reverse: bool,
    ) -> Iterator[tuple[list[int], Raw]]:
        """Yield track IDs and what the model made of them, batch by batch.

        A batch that does not fit into the memory of the card is tried again in
        halves.
        """
        size, start = self._forward.batch_size, 0
        while start < len(group):
            _check(stop)
            batch = group[start : start + size]
            contexts = [context for _, context in batch]
            try:
                raw = self._forward.decode(frame, contexts, reverse=reverse)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise
                size = len(batch) // 2
                self._forward.batch_size = size
                continue
            start += len(batch)
            yield [track_id for track_id, _ in batch], raw

    def _remember(
        self,
        track_ids: list[int],
        frame: int,
        raw: Raw,
        contexts: Mapping[int, Context],
        plan: Plan,
        *,
        reverse: bool,
    ) -> None:
        """Put tracked objects into the bank, without what the guards refuse."""
        memories = self._forward.memories(raw, reverse=reverse)
        features = self._forward.encode(frame, raw, from_prompts=False)
        n_pixels = self._plane_shape[0] * self._plane_shape[1]
        for i, (track_id, memory) in enumerate(zip(track_ids, memories, strict=True)):
            before = contexts[track_id].nearest(frame)
            known = self._bank.get(before)
            assert known is not None, "contexts name only what the bank holds"
            n_steps = abs(frame - before.frame)
            flag = Flag.ABSENT
            if memory.object_score > 0:
                flag = plan.guards.flag(memory.extent, known.extent, n_steps, n_pixels)
            key = Key(track_id, frame, False)
            self._bank.put(key, replace(memory, flag=flag))
            if not flag:
                # A copy: a view would keep the whole batch alive.
                self._bank.put_features(key, features[i : i + 1].clone())


def _check(stop: Callable[[], bool]) -> None:
    if stop():
        raise Stopped


def _separate(grids: list[torch.Tensor]) -> None:
    """Give each pixel of mask logits ``(N, 1, h, w)`` to the highest, in place."""
    if not grids:
        return
    winner = torch.cat(grids).argmax(dim=0, keepdim=True)
    first = 0
    for grid in grids:
        ids = torch.arange(first, first + len(grid), device=grid.device)
        loses = ids[:, None, None, None] != winner
        grid[loses] = grid[loses].clamp(max=LOSING_LOGIT)
        first += len(grid)
