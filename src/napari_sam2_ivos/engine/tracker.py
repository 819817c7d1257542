"""One step of SAM 2 for many objects: prompts answered, others tracked."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import torch

from napari_sam2_ivos.engine.memory import Key, Memory
from napari_sam2_ivos.engine.prompting import mask_input, point_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam2_ivos.core.planning import Step
    from napari_sam2_ivos.core.prompts import FramePrompts
    from napari_sam2_ivos.engine.features import FeatureCache
    from napari_sam2_ivos.engine.memory import MemoryBank

    Prompts = Mapping[int, Mapping[int, FramePrompts]]

MAX_ANCHORS_ATTENDED = 4
"""Anchors an object attends to, nearest first, unless the model's config asks for
fewer. SAM 2 was trained with at most 2 prompted frames in 8; each further one costs a
whole memory (upstream: no limit)."""

PRIOR_LOGIT_LIMIT = 32.0
"""Upstream clamps the earlier mask to this before it refines it."""

TOKENS_PER_BATCH = {"cpu": 4_096, "mps": 8_192, "cuda": 32_768}
"""Objects times image tokens in one forward: on a GPU 8 objects at 1024 px and 32
at 512. A CPU gains nothing from more, and a cancel waits for the whole batch."""


class Stopped(Exception):
    """The run was asked to stop in the middle of a step."""


class _Context:
    """Which memories an object attends to on a frame.

    Two objects whose contexts are equal in `frames` go through one forward.
    """

    def __init__(self, anchors: list[Key], recent: list[Key]) -> None:
        self.anchors = anchors
        self.recent = recent

    @property
    def frames(self) -> tuple[tuple[int, ...], tuple[tuple[int, bool], ...]]:
        anchors = tuple(key.frame for key in self.anchors)
        return anchors, tuple((key.frame, key.is_anchor) for key in self.recent)


class Tracker:
    """Computes steps into a memory bank.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
    features : FeatureCache
    bank : MemoryBank
    plane_shape : (int, int)
        Height and width of a plane, pixels.
    n_frames : int
        Frames of the movie; SAM 2 scales pointer distances by it if it is short.
    """

    def __init__(
        self,
        net: Any,
        features: FeatureCache,
        bank: MemoryBank,
        plane_shape: tuple[int, int],
        n_frames: int,
    ) -> None:
        self._net = net
        self._features = features
        self._bank = bank
        self._plane_shape = plane_shape
        self._n_frames = n_frames
        self._memory_position: torch.Tensor | None = None

    def step(self, prompts: Prompts, step: Step, stop: Callable[[], bool]) -> None:
        """Put the memory of every object of a step into the bank.

        Parameters
        ----------
        prompts : mapping of int to mapping of int to FramePrompts
            Track ID to frame to prompts.
        step : Step
        stop : callable
            Asked between batches; if true, `Stopped` is raised.
        """
        self._bank.expect(len(prompts))
        groups: dict[object, list[tuple[int, _Context]]] = defaultdict(list)
        for track_id in step.track_ids:
            own = prompts[track_id]
            if step.frame in own:
                self._answer(track_id, step.frame, own, step.reverse)
                if stop():
                    raise Stopped
            else:
                context = self._context(track_id, step.frame, own, step.reverse)
                groups[context.frames].append((track_id, context))
        n_tokens = self._net.sam_image_embedding_size**2
        size = max(1, TOKENS_PER_BATCH[self._net.device.type] // n_tokens)
        for group in groups.values():
            for start in range(0, len(group), size):
                if stop():
                    raise Stopped
                self._track(step.frame, group[start : start + size], step.reverse)

    # ---- memories to attend to -------------------------------------------

    def _context(
        self,
        track_id: int,
        frame: int,
        own: Mapping[int, FramePrompts],
        reverse: bool,
    ) -> _Context:
        """Find the memories of an object that a frame is tracked from.

        Anchors and recent frames of the side it is tracked from only, so that
        a correction changes nothing on its other side.
        """
        side = [a for a in own if (a > frame if reverse else a < frame)]
        nearest = sorted(side, key=lambda a: abs(a - frame))
        attended = nearest[: self._n_anchors]
        others = nearest[self._n_anchors :]
        for anchor in attended:
            self._answer(track_id, anchor, own, reverse)
        recent = []
        for distance in range(1, max(self._net.num_maskmem, self._n_pointers)):
            past = frame + distance if reverse else frame - distance
            if past in own and self._n_anchors == 1:
                break  # it goes on from this anchor and from nothing before it
            if past in own:
                key = Key(track_id, past, True)
                known = past in others and self._bank.get(key) is not None
            else:
                key = Key(track_id, past, False)
                memory = self._bank.get(key)
                known = memory is not None and memory.reverse == reverse
            if known:
                recent.append(key)
        return _Context([Key(track_id, a, True) for a in sorted(attended)], recent)

    @property
    def _n_anchors(self) -> int:
        asked = int(self._net.max_cond_frames_in_attn)  # -1: as many as there are
        return min(MAX_ANCHORS_ATTENDED, asked) if asked > 0 else MAX_ANCHORS_ATTENDED

    @property
    def _n_pointers(self) -> int:
        return min(self._n_frames, int(self._net.max_obj_ptrs_in_encoder))

    def _outputs(self, frame: int, contexts: list[_Context]) -> dict[str, Any]:
        """Return memories of several objects in the shape of sam2's ``output_dict``.

        The contexts have equal `frames`; the objects are stacked as a batch.
        """

        def stacked(keys: list[Key]) -> dict[str, Any]:
            near = abs(keys[0].frame - frame) < self._net.num_maskmem
            needed = keys[0].is_anchor or near
            pointers = [self._known(key).pointer for key in keys]
            out: dict[str, Any] = {"obj_ptr": torch.cat(pointers)}
            if needed:
                feats = [self._memory_features(key).float() for key in keys]
                out["maskmem_features"] = torch.cat(feats)
                assert self._memory_position is not None
                position = self._memory_position.expand(len(keys), -1, -1, -1)
                out["maskmem_pos_enc"] = [position]
            return out

        first = contexts[0]
        anchors = {
            key.frame: stacked([c.anchors[i] for c in contexts])
            for i, key in enumerate(first.anchors)
        }
        recent = {
            key.frame: stacked([c.recent[i] for c in contexts])
            for i, key in enumerate(first.recent)
        }
        return {"cond_frame_outputs": anchors, "non_cond_frame_outputs": recent}

    def _known(self, key: Key) -> Memory:
        memory = self._bank.get(key)
        assert memory is not None, "contexts name only what the bank holds"
        return memory

    def _memory_features(self, key: Key) -> torch.Tensor:
        """Return the memory features of a key, made (again) if they are not there.

        From the low-resolution mask, as upstream does for prompted frames.
        """
        features = self._bank.features(key)
        if features is None:
            memory = self._known(key)
            features = self._encode(
                key.frame,
                self._enlarge(memory.low_res.float().to(self._net.device)),
                memory.object_score,
                from_prompts=key.is_anchor,
            )
            self._bank.put_features(key, features)
        return features

    # ---- forward passes ----------------------------------------------------

    def _answer(
        self,
        track_id: int,
        frame: int,
        own: Mapping[int, FramePrompts],
        reverse: bool,
    ) -> None:
        """Answer the prompts of a frame, unless the bank has the answer already."""
        prompts = own[frame]
        key = Key(track_id, frame, True)
        known = self._bank.get(key)
        if known is not None and known.prompts == prompts:
            return
        context, prior = _Context([], []), None
        if prompts.mask is None and prompts.refines:
            tracked = self._bank.get(Key(track_id, frame, False))
            if tracked is not None:
                reverse = tracked.reverse
            context = self._context(track_id, frame, own, reverse)
            if context.anchors and tracked is None:
                self._track(frame, [(track_id, context)], reverse)
                tracked = self._known(Key(track_id, frame, False))
            if context.anchors and tracked is not None:
                logits = tracked.low_res.float().to(self._net.device)
                prior = logits.clamp(-PRIOR_LOGIT_LIMIT, PRIOR_LOGIT_LIMIT)
        device, size = self._net.device, self._net.image_size
        mask = points = None
        if prompts.mask is not None:
            mask = mask_input(prompts.mask, self._plane_shape, size, device)
        else:
            points = point_inputs(prompts, self._plane_shape, size, device)
        low_res, _, pointer, score, iou = self._forward(
            frame, [context], reverse, points, mask, prior
        )
        # Its memory features are made when a frame is tracked from it: a click
        # need not wait for them.
        memory = Memory(low_res.half(), pointer, score, float(iou), reverse, prompts)
        self._bank.put(key, memory)

    def _track(
        self, frame: int, group: list[tuple[int, _Context]], reverse: bool
    ) -> None:
        """Track objects with equal contexts onto a frame, in one forward."""
        contexts = [context for _, context in group]
        low_res, high_res, pointer, score, iou = self._forward(frame, contexts, reverse)
        features = self._encode(frame, high_res, score, from_prompts=False)
        for i, (track_id, _) in enumerate(group):
            one = slice(i, i + 1)
            memory = Memory(
                low_res[one].half(),  # a copy: a view would keep the batch alive
                pointer[one].clone(),
                score[one].clone(),
                float(iou[i]),
                reverse,
            )
            key = Key(track_id, frame, False)
            self._bank.put(key, memory)
            self._bank.put_features(key, features[one].clone())

    def _forward(
        self,
        frame: int,
        contexts: list[_Context],
        reverse: bool,
        points: dict[str, torch.Tensor] | None = None,
        mask: torch.Tensor | None = None,
        prior: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        """Run memory attention and mask decoder.

        Returns
        -------
        low_res : Tensor, (N, 1, S / 4, S / 4)
        high_res : Tensor, (N, 1, S, S)
        pointer : Tensor, (N, C)
        score : Tensor, (N, 1)
        iou : Tensor, (N,)
        """
        n = len(contexts)
        features = self._features.get(frame)
        assert self._features.position is not None
        position = self._features.position.expand(-1, n, -1)
        _, outputs, _, _ = self._net._track_step(
            frame_idx=frame,
            is_init_cond_frame=not contexts[0].anchors,
            current_vision_feats=features.flat(n),
            current_vision_pos_embeds=[position],
            feat_sizes=features.sizes,
            point_inputs=points,
            mask_inputs=mask,
            output_dict=self._outputs(frame, contexts),
            num_frames=self._n_frames,
            track_in_reverse=reverse,
            prev_sam_mask_logits=prior,
        )
        _, _, ious, low_res, high_res, pointer, score = outputs
        return low_res, high_res, pointer, score, ious.max(dim=-1).values

    def _encode(
        self,
        frame: int,
        high_res: torch.Tensor,
        score: torch.Tensor,
        *,
        from_prompts: bool,
    ) -> torch.Tensor:
        """Make memory features of masks on a frame, ``(N, C, H, W)`` bfloat16."""
        features = self._features.get(frame)
        maps, positions = self._net._encode_new_memory(
            current_vision_feats=features.flat(len(high_res)),
            feat_sizes=features.sizes,
            pred_masks_high_res=high_res,
            object_score_logits=score,
            is_mask_from_pts=from_prompts,
        )
        if self._memory_position is None:
            self._memory_position = positions[-1][:1].clone()
        return torch.as_tensor(maps).to(torch.bfloat16)

    def _enlarge(self, low_res: torch.Tensor) -> torch.Tensor:
        size = (self._net.image_size, self._net.image_size)
        return torch.nn.functional.interpolate(
            low_res, size, mode="bilinear", align_corners=False
        )
