"""One step of SAM 2 for many objects: prompts answered, others tracked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.engine.batches import Batches, Looking, check
from napari_sam2_ivos.engine.contexts import (
    Context,
    context_of,
    is_known,
    missing,
    nearest_anchors,
)
from napari_sam2_ivos.engine.memory import Key, Memory
from napari_sam2_ivos.engine.questions import Questions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from napari_sam2_ivos.core.planning import Plan, Step
    from napari_sam2_ivos.core.views import View
    from napari_sam2_ivos.engine.forward import Forward, Raw
    from napari_sam2_ivos.engine.memory import MemoryBank
    from napari_sam2_ivos.engine.windows import Look, Windows

MAX_ANCHORS_ATTENDED = 4
"""Anchors an object attends to, nearest first, unless the model's config asks for
fewer. SAM 2 was trained with at most 2 prompted frames in 8; each further one costs a
whole memory (upstream: no limit)."""


class Tracker:
    """Computes steps into a memory bank.

    What it makes of a frame follows from the prompts alone: it tracks what is
    missing in between before it goes on, whatever was computed in which order.

    Parameters
    ----------
    forward : Forward
    bank : MemoryBank
        The one that `forward` reads.
    windows : Windows
        Says where to look for an object.
    exclusive : bool
        Whether objects of a step may not overlap in each other's memory. An
        object then depends on the others that are tracked with it.
    """

    def __init__(
        self,
        forward: Forward,
        bank: MemoryBank,
        windows: Windows,
        *,
        exclusive: bool,
    ) -> None:
        self._forward = forward
        self._bank = bank
        self._windows = windows
        self._questions = Questions(forward, windows)
        self._batches = Batches(forward, exclusive=exclusive)
        net = forward.networks.any
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
                check(stop)
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
        sides: dict[bool, list[Looking]] = defaultdict(list)
        for track_id in step.track_ids:
            own = plan.prompts[track_id]
            near = nearest_anchors(own, step.frame, self._n_anchors)
            for anchor in near:
                self._answer(track_id, anchor, plan, stop)
            context = Context(tuple(Key(track_id, a, True) for a in sorted(near)))
            look = self._look(context, step.frame)
            # SAM 2 takes object pointers from one side: that of the first anchor.
            reverse = context.anchors[0].frame > step.frame
            sides[reverse].append(Looking(track_id, context, look))
        found: dict[int, Memory] = {}
        for reverse, objects in sides.items():
            for batch, raw in self._batches.run(
                objects, step.frame, stop, reverse=reverse
            ):
                views = [one.look.view for one in batch]
                memories = self._forward.memories(views, raw, reverse=reverse)
                ids = [one.track_id for one in batch]
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
        context, look, answer, reverse = Context(), None, None, False
        if now.refines and now.mask is None and now.given is None:
            context, look, answer, reverse = self._tracked_there(
                track_id, frame, plan, stop
            )
        question = self._questions.ask(now, frame, look, answer)
        # Its memory features are made when a frame is tracked from it: a click
        # need not wait for them.
        raw = self._forward.decode(
            frame,
            [question.look],
            [context],
            points=question.points,
            mask=question.mask,
            prior=question.prior,
            reverse=reverse,
        )
        (memory,) = self._forward.memories([question.look.view], raw, reverse=reverse)
        self._bank.put(key, replace(memory, prompts=now))

    def _tracked_there(
        self, track_id: int, frame: int, plan: Plan, stop: Callable[[], bool]
    ) -> tuple[Context, Look | None, Memory | None, bool]:
        """Return what a correction starts from: context, look and mask as tracked.

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
            return Context(), None, None, False
        without = replace(plan, prompts={track_id: own})
        if memory is None:
            self._track([track_id], frame, without, stop, reverse=reverse)
            memory = self._bank.get(key)
            assert memory is not None, "it was just tracked"
        context = self._context(track_id, frame, without, stop, reverse=reverse)
        if memory.flag:
            return context, None, None, reverse
        look = self._look(context, frame)._replace(view=memory.view)
        return context, look, memory, reverse

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
        looking = []
        for track_id in track_ids:
            context = self._context(track_id, frame, plan, stop, reverse=reverse)
            looking.append(Looking(track_id, context, self._look(context, frame)))
        kept: dict[int, Memory] = {}
        while looking:
            again: list[Looking] = []
            for batch, raw in self._batches.run(looking, frame, stop, reverse=reverse):
                views = [one.look.view for one in batch]
                found = self._forward.memories(views, raw, reverse=reverse)
                final = []
                for n, (one, memory) in enumerate(zip(batch, found, strict=True)):
                    memory = self._judged(one.context, memory, frame, plan)
                    if not memory.flag or one.track_id not in kept:
                        kept[one.track_id] = memory
                    next_one = self._look_again(one, memory)
                    if next_one is not None:
                        again.append(next_one)
                    elif not memory.flag:
                        final.append(n)
                keys = [Key(one.track_id, frame, False) for one in batch]
                for n in final:
                    self._bank.put(keys[n], kept.pop(keys[n].track_id))
                self._remember(final, keys, views, raw)
            looking = again
        for track_id, memory in kept.items():
            self._bank.put(Key(track_id, frame, False), memory)

    def _look(self, context: Context, frame: int) -> Look:
        """Return where to look for an object that is tracked onto a frame."""
        keys = sorted(
            context.anchors + context.recent, key=lambda key: abs(key.frame - frame)
        )
        past = [(key.frame, self._bank.get(key)) for key in keys]
        return self._windows.follow([(f, m) for f, m in past if m is not None], frame)

    def _look_again(self, one: Looking, memory: Memory) -> Looking | None:
        """Return where else to look for an object, from what was seen of it.

        In a larger view if it was not found or is cut off; if it was found there, once
        more from near, where its outline is finer.
        """
        if one.attempt == 2:
            return None
        if memory.flag or self._windows.cuts(memory):
            look = self._windows.larger(one.look)
            return None if look is None else one._replace(look=look, attempt=1)
        if one.attempt == 0:
            return None
        at, size = memory.extent, self._windows.size_of(memory)
        near = self._windows.look(at.y, at.x, size)
        if near.view.height >= memory.view.height:
            return None
        return one._replace(look=near, attempt=2)

    def _judged(
        self, context: Context, memory: Memory, frame: int, plan: Plan
    ) -> Memory:
        """Return a tracked memory with what the guards say of it."""
        before = context.nearest(frame)
        known = self._bank.get(before)
        assert known is not None, "contexts name only what the bank holds"
        flag = Flag.ABSENT
        if memory.object_score > 0:
            n_pixels = memory.view.height * memory.view.width
            n_steps = abs(frame - before.frame)
            flag = plan.guards.flag(memory.extent, known.extent, n_steps, n_pixels)
        return replace(memory, flag=flag)

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

    def _remember(
        self,
        which: list[int],
        keys: list[Key],
        views: list[View],
        raw: Raw,
    ) -> None:
        """Make the memory features of some objects of a batch."""
        if not which:
            return
        views = [views[n] for n in which]
        chosen = replace(raw, low_res=raw.low_res[which], score=raw.score[which])
        frame = keys[0].frame
        features = self._forward.encode(frame, views, chosen, from_prompts=False)
        for n, view, made in zip(which, views, features, strict=True):
            # A copy: a view of it would keep the whole batch alive.
            self._bank.put_features(keys[n], view, made[None].clone())
