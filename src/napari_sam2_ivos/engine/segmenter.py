"""SAM 2 as the engine of a session: plans in, masks and scores out."""

from __future__ import annotations

import sqlite3
from collections import defaultdict, deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_sam2_ivos.core.errors import EngineError, IvosError
from napari_sam2_ivos.core.prompts import is_gone
from napari_sam2_ivos.core.results import FrameResult, ObjectMask
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine.batches import Stopped
from napari_sam2_ivos.engine.features import FeatureCache
from napari_sam2_ivos.engine.forward import Forward
from napari_sam2_ivos.engine.lost import Lost
from napari_sam2_ivos.engine.memory import MemoryBank
from napari_sam2_ivos.engine.networks import Networks
from napari_sam2_ivos.engine.parts import is_in_parts
from napari_sam2_ivos.engine.paste import paste
from napari_sam2_ivos.engine.precision import autocast
from napari_sam2_ivos.engine.tracker import Tracker
from napari_sam2_ivos.engine.unchanged import Unchanged
from napari_sam2_ivos.engine.windows import Windows

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.planning import Plan, Step
    from napari_sam2_ivos.core.views import LookAt
    from napari_sam2_ivos.engine.checkpoint import LoadedModel
    from napari_sam2_ivos.engine.feature_files import FeatureFiles
    from napari_sam2_ivos.engine.memory import Memory

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
        What cached frame features and compact memories may take of the main
        memory.
    files : FeatureFiles, optional
        Where features are kept for the next opening of the movie.
    exclusive_memory : bool
        Whether objects that are tracked together may not overlap in each
        other's memory. A result then depends on which objects these were, and all
        look at the whole frame.
    look_at : {"automatic", "windows", "whole-frame"}
        What the model looks at, see `engine.windows`.
    """

    def __init__(
        self,
        model: LoadedModel,
        movie: Movie,
        mapping: IntensityMapping,
        *,
        feature_budget_bytes: int = 1 * GIB,
        memory_budget_bytes: int = GIB // 4,
        files: FeatureFiles | None = None,
        exclusive_memory: bool = False,
        look_at: LookAt = "whole-frame",
    ) -> None:
        if exclusive_memory and look_at != "whole-frame":
            raise EngineError(
                "With exclusive_memory objects share one frame, so that windows around"
                " each of them cannot be used. Set look_at to 'whole-frame'."
            )
        self.model = model
        self.movie = movie
        self.mapping = mapping
        self.look_at = look_at
        self.exclusive_memory = exclusive_memory
        whole = View.whole(movie.plane_shape)
        networks = Networks(model, whole)
        self._features = FeatureCache(
            networks, movie, mapping, feature_budget_bytes, files
        )
        self._bank = MemoryBank(memory_budget_bytes)
        sizes = int(model.net.image_size), networks.window_size
        self._windows = Windows(movie.plane_shape, *sizes, look_at)
        forward = Forward(
            networks, self._features, self._bank, self._windows, movie.n_frames
        )
        self._tracker = Tracker(
            forward, self._bank, self._windows, exclusive=exclusive_memory
        )
        self._forgotten: deque[tuple[int, int, list[int] | None]] = deque()
        self._edited: defaultdict[int, int] = defaultdict(int)

    @property
    def model_name(self) -> str:
        """Name of the model in the catalogue, or of its own checkpoint file."""
        return self.model.name

    @property
    def made_with(self) -> dict[str, Any]:
        """What its masks depend on beside the prompts, for a session to keep.

        Name, SHA-256 and device of the model; the rest as in `loading.ModelSettings`.
        """
        return {
            "model": self.model.name,
            "sha256": self.model.sha256,
            "device": str(self.model.device),
            "contrast": [self.mapping.low, self.mapping.high],
            "input_size": int(self.model.net.image_size),
            "window_size": self.window_size,
            "look_at": self.look_at,
            "exclusive_memory": self.exclusive_memory,
        }

    @property
    def view(self) -> tuple[IntensityMapping, int]:
        """How it sees a frame: grey values, and the side of its input in pixels."""
        return self.mapping, int(self.model.net.image_size)

    @property
    def window_size(self) -> int:
        """Side of its input for windows, pixels."""
        return self._windows.window_size

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
        unchanged, lost = Unchanged(self._bank, plan), Lost(self._bank, plan)
        for i, step in enumerate(plan.steps):
            if stop():
                return
            try:
                with self.model.lock, torch.inference_mode():
                    coming = plan.steps[i + 1 : i + 2]
                    result = self._compute(plan, step, coming, unchanged, lost, stop)
            except Stopped:
                return
            except IvosError:
                raise
            except torch.OutOfMemoryError as error:
                raise EngineError(
                    f"{self.model.device} ran out of memory on frame {step.frame} even"
                    " with one object at a time. Choose a smaller model or input size,"
                    " or the device 'cpu'. Every earlier frame is kept."
                ) from error
            except RuntimeError as error:
                raise EngineError(
                    f"Model '{self.model.name}' failed on frame {step.frame}: {error}"
                ) from error
            except sqlite3.Error as error:
                raise EngineError(
                    f"Frame {step.frame} could not be noted in the temporary folder:"
                    f" {error}. Free some space there; every earlier frame is kept."
                ) from error
            yield result

    def forget(
        self, track_id: int, version: int, frames: Iterable[int] | None = None
    ) -> None:
        """Take note of an edit before the next step; safe from any thread."""
        self._forgotten.append(
            (track_id, version, None if frames is None else list(frames))
        )

    def close(self) -> None:
        """Let go of features and memories; the model stays loaded for the next."""
        with self.model.lock:
            self._features.clear()
            self._bank.clear()

    # ---- inside ----------------------------------------------------------

    def _compute(
        self,
        plan: Plan,
        step: Step,
        coming: tuple[Step, ...],
        unchanged: Unchanged,
        lost: Lost,
        stop: Callable[[], bool],
    ) -> FrameResult:
        self._take_note_of_edits()
        # What the plan says of an object that was edited since is of no use.
        current = [i for i in step.track_ids if plan.versions[i] >= self._edited[i]]
        current = [i for i in current if not lost.is_lost(step, i)]
        there = tuple(i for i in current if not _is_gone(plan, step, i))
        for next_step in coming:
            ids = next_step.track_ids
            if not ids or not all(lost.is_lost(next_step, i) for i in ids):
                self._features.expect(next_step.frame, self._windows.whole)
        with autocast(self.model.device):
            if not step.track_ids:
                self._get_ready(step.frame)
            step = replace(step, track_ids=there)
            if step.is_glance:
                found = self._tracker.glance(plan, step, stop)
                return self._result(step, found, current)
            extents = [e for i in current for e in self._bank.extent(i, step.frame)]
            for track_id in set(current) - set(there):
                self._bank.forget(track_id, (step.frame,))
            unchanged.revive(step)
            self._tracker.step(plan, step, stop)
            unchanged.note(step)
        extents += [e for i in there for e in self._bank.extent(i, step.frame)]
        around = self._bank.overlapping(step.frame, extents) - set(current)
        return self._result(step, self._shown(there, step.frame), current, around)

    def _get_ready(self, frame: int) -> None:
        """Encode a frame that the user may prompt: the whole of it, if ever."""
        if self._windows.may_look_at_whole and self._windows.look_at != "windows":
            self._features.get(frame, [self._windows.whole])

    def _take_note_of_edits(self) -> None:
        while self._forgotten:
            track_id, version, frames = self._forgotten.popleft()
            self._edited[track_id] = version
            self._bank.forget(track_id, frames)

    def _shown(self, track_ids: Iterable[int], frame: int) -> dict[int, Memory]:
        """Return the memories that masks on a frame are made of."""
        found = {i: self._bank.shown(i, frame) for i in track_ids}
        return {i: memory for i, memory in found.items() if memory is not None}

    def _result(
        self,
        step: Step,
        found: Mapping[int, Memory],
        asked: Sequence[int],
        around: Collection[int] = (),
    ) -> FrameResult:
        """Return the masks of the objects asked for and of those around them."""
        gone = -float(GIVEN_LOGIT)
        objects = tuple(
            self._mask(i, found[i], reverse=step.reverse)
            if i in found
            else ObjectMask.nothing(i, reverse=step.reverse, score=gone)
            for i in asked
        )
        others = tuple(
            self._mask(i, memory, reverse=memory.reverse)
            for i, memory in self._shown(sorted(around), step.frame).items()
        )
        return FrameResult(step.frame, objects, others, step.is_glance)

    def _mask(self, track_id: int, memory: Memory, *, reverse: bool) -> ObjectMask:
        prompts = memory.prompts
        given = None if prompts is None else prompts.given
        if given is not None:
            # The user's own pixels, not what the mask grid left of them.
            top, left = given.top, given.left
            logits = np.where(given.pixels, GIVEN_LOGIT, -GIVEN_LOGIT)
        elif memory.flag:
            top, left, logits = 0, 0, np.zeros((0, 0), np.float32)
        else:
            top, left, logits = paste(memory.low_res, memory.view)
        return ObjectMask(
            track_id,
            top,
            left,
            logits,
            object_score=memory.object_score,
            predicted_iou=memory.predicted_iou,
            is_anchor=prompts is not None,
            reverse=reverse,
            flag=memory.flag,
            in_parts=is_in_parts(logits > 0),
            view=memory.view if given is None else None,
        )


def _is_gone(plan: Plan, step: Step, track_id: int) -> bool:
    prompts = plan.prompts[track_id]
    if step.frame in prompts or step.is_glance:
        return False
    return is_gone(prompts, step.frame, reverse=step.reverse)
