"""SAM 2 as the engine of a session: plans in, masks and scores out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam2_ivos.core.errors import EngineError, IvosError
from napari_sam2_ivos.core.prompts import is_gone
from napari_sam2_ivos.core.results import FrameResult, ObjectMask
from napari_sam2_ivos.engine.device import autocast
from napari_sam2_ivos.engine.features import FeatureCache
from napari_sam2_ivos.engine.memory import Key, MemoryBank
from napari_sam2_ivos.engine.paste import paste
from napari_sam2_ivos.engine.tracker import Stopped, Tracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.planning import Plan, Step
    from napari_sam2_ivos.engine.checkpoint import LoadedModel

GIB = 1 << 30
GIVEN_LOGIT = np.float32(100)
"""Logit of a mask that the user gave: above what a model says of its own."""


class Sam2Segmenter:
    """Segments one movie with one model; implements `core.ports.Segmenter`.

    Drives the modules of sam2 itself and not ``SAM2VideoPredictor``, whose
    state grows with every object and frame and which recomputes everything
    (docs/architecture.md). With the same weights and prompts the masks are
    upstream's.

    Parameters
    ----------
    model : LoadedModel
    movie : Movie
    mapping : IntensityMapping
        Fixed for the whole movie.
    feature_budget_bytes, memory_budget_bytes : int
        What cached frame features and compact memories may take.
    """

    def __init__(
        self,
        model: LoadedModel,
        movie: Movie,
        mapping: IntensityMapping,
        feature_budget_bytes: int = 1 * GIB,
        memory_budget_bytes: int = 1 * GIB,
    ) -> None:
        self.model = model
        self.movie = movie
        self.mapping = mapping
        self._features = FeatureCache(model.net, movie, mapping, feature_budget_bytes)
        self._bank = MemoryBank(memory_budget_bytes)
        self._tracker = Tracker(
            model.net, self._features, self._bank, movie.plane_shape, movie.n_frames
        )
        self._forgotten: deque[tuple[int, list[int] | None]] = deque()

    @property
    def model_name(self) -> str:
        """Name of the model in the catalogue, or of its own checkpoint file."""
        return self.model.name

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Compute a plan step by step.

        Nothing is held across a ``yield``: a worker thread may drop the
        iterator at any moment.

        Raises
        ------
        EngineError
            If the model fails, for want of memory perhaps.
        MovieError
            If a frame cannot be read.
        """
        stop = should_stop or (lambda: False)
        for step in plan.steps:
            if stop():
                return
            try:
                with self.model.lock, torch.inference_mode():
                    result = self._compute(plan, step, stop)
            except Stopped:
                return
            except IvosError:
                raise
            except torch.OutOfMemoryError as error:
                raise EngineError(
                    f"{self.model.device} ran out of memory on frame {step.frame} with"
                    f" {len(step.track_ids)} objects. Choose a smaller model, fewer"
                    " objects at a time, or the device 'cpu'. Every earlier frame is"
                    " kept."
                ) from error
            except RuntimeError as error:
                raise EngineError(
                    f"Model '{self.model.name}' failed on frame {step.frame}: {error}"
                ) from error
            yield result

    def forget(self, track_id: int, frames: Iterable[int] | None = None) -> None:
        """Drop memories of an object before the next step; safe from any thread."""
        self._forgotten.append((track_id, None if frames is None else list(frames)))

    def close(self) -> None:
        """Let go of features and memories; the model stays loaded for the next."""
        with self.model.lock:
            self._features.clear()
            self._bank.clear()

    def _compute(self, plan: Plan, step: Step, stop: Callable[[], bool]) -> FrameResult:
        while self._forgotten:
            self._bank.forget(*self._forgotten.popleft())
        there = tuple(i for i in step.track_ids if not _is_gone(plan, step, i))
        with autocast(self.model.device):
            self._tracker.step(plan.prompts, replace(step, track_ids=there), stop)
        masks = tuple(
            self._mask(plan, step, track_id)
            if track_id in there
            else ObjectMask.nothing(
                track_id, reverse=step.reverse, score=-float(GIVEN_LOGIT)
            )
            for track_id in step.track_ids
        )
        return FrameResult(step.frame, masks)

    def _mask(self, plan: Plan, step: Step, track_id: int) -> ObjectMask:
        prompts = plan.prompts[track_id].get(step.frame)
        is_anchor = prompts is not None
        memory = self._bank.get(Key(track_id, step.frame, is_anchor))
        assert memory is not None, "the tracker has just put it there"
        if prompts is not None and prompts.mask is not None:
            # The user's own pixels, not what the mask grid left of them.
            top, left = prompts.mask.top, prompts.mask.left
            logits = np.where(prompts.mask.pixels, GIVEN_LOGIT, -GIVEN_LOGIT)
        else:
            grid = memory.low_res[0, 0].float().cpu().numpy()
            top, left, logits = paste(grid, self.movie.plane_shape)
        return ObjectMask(
            track_id,
            top,
            left,
            logits,
            object_score=float(memory.object_score),
            predicted_iou=memory.predicted_iou,
            is_anchor=is_anchor,
            reverse=step.reverse,
        )


def _is_gone(plan: Plan, step: Step, track_id: int) -> bool:
    prompts = plan.prompts[track_id]
    if step.frame in prompts:
        return False
    return is_gone(prompts, step.frame, reverse=step.reverse)
