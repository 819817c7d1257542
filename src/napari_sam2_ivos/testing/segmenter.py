"""A segmenter without a model: follows blobs by threshold and overlap."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.prompts import is_gone
from napari_sam2_ivos.core.results import Flag, FrameResult, ObjectMask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.planning import Plan, Step
    from napari_sam2_ivos.core.prompts import FramePrompts


GROWTH = (0, 2, -2)
"""By how many pixels a single click's candidates are larger than the blob under it."""


class FakeSegmenter:
    """Stands in for SAM 2 where a test needs a session but no model.

    A prompted frame gives the mask of the prompts, the box itself, or the
    bright blob under a positive point, with a mask or a box that and the mask;
    another frame gives the blob that overlaps most with the object's mask on the
    neighbouring frame.

    Parameters
    ----------
    movie : Movie
    threshold : float
        Blobs are brighter than this on the 0..1 scale of the whole movie.
    fail_at : int, optional
        Frame on which to raise `error`, to test what happens then.
    error : Exception, optional
    """

    def __init__(
        self,
        movie: Movie,
        threshold: float = 0.4,
        fail_at: int | None = None,
        error: Exception | None = None,
    ) -> None:
        self.movie = movie
        self.threshold = threshold
        self.fail_at = fail_at
        self.error = error
        self.closed = False
        self._mapping: IntensityMapping | None = None
        self._masks: dict[tuple[int, int], np.ndarray] = {}

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Compute a plan; see `core.ports.Segmenter`."""
        for step in plan.steps:
            if should_stop is not None and should_stop():
                return
            if step.frame == self.fail_at and self.error is not None:
                raise self.error
            blobs = self._blobs(step.frame)
            ids = [i for i in step.track_ids if not self._is_lost(plan, step, i)]
            yield FrameResult(
                step.frame,
                tuple(self._segment(plan, step, i, blobs) for i in ids),
                is_glance=step.is_glance,
            )

    def forget(
        self, track_id: int, version: int, frames: Iterable[int] | None = None
    ) -> None:
        """Drop what is remembered of an object."""
        wanted = None if frames is None else set(frames)
        for key in list(self._masks):
            if key[0] == track_id and (wanted is None or key[1] in wanted):
                del self._masks[key]

    def close(self) -> None:
        """Note that the segmenter was closed."""
        self.closed = True

    def _blobs(self, frame: int) -> np.ndarray:
        if self._mapping is None:
            self._mapping = IntensityMapping.of_movie(self.movie)
        grey = self._mapping(self.movie.plane(frame)).mean(axis=-1)
        blobs, _ = ndimage.label(grey > self.threshold)
        return blobs

    def _is_lost(self, plan: Plan, step: Step, track_id: int) -> bool:
        """Whether it was left empty on the frame before; then it is so here too."""
        own, before = plan.prompts[track_id], _before(step)
        mask = self._masks.get((track_id, before))
        if not plan.stop_when_lost or step.is_glance or mask is None or mask.any():
            return False
        is_new = step.frame in own or before in own
        if is_new or is_gone(own, step.frame, reverse=step.reverse):
            return False
        self._masks[track_id, step.frame] = mask
        return True

    def _segment(
        self, plan: Plan, step: Step, track_id: int, blobs: np.ndarray
    ) -> ObjectMask:
        prompts = plan.prompts[track_id].get(step.frame)
        flag = Flag.NONE
        if prompts is not None:
            mask = _answer(prompts, blobs)
        elif is_gone(plan.prompts[track_id], step.frame, reverse=step.reverse):
            mask = np.zeros(blobs.shape, bool)
        else:
            neighbour = _before(step)
            if step.is_glance:
                anchors = plan.prompts[track_id]
                neighbour = min(anchors, key=lambda at: abs(at - step.frame))
            mask = self._overlapping(self._masks.get((track_id, neighbour)), blobs)
            if not mask.any() and not step.is_glance:
                flag = Flag.ABSENT
        if not step.is_glance:
            self._masks[track_id, step.frame] = mask
        rows, columns = np.nonzero(mask)
        if rows.size == 0:
            is_anchor = prompts is not None
            nothing = ObjectMask.nothing(
                track_id, reverse=step.reverse, score=-5.0, is_anchor=is_anchor
            )
            return replace(nothing, flag=flag)
        top, left = int(rows.min()), int(columns.min())
        crop = mask[top : rows.max() + 1, left : columns.max() + 1]
        logits = np.where(crop, 5.0, -5.0).astype(np.float32)
        return ObjectMask(
            track_id, top, left, logits, 5.0, 0.9, prompts is not None, step.reverse
        )

    def _overlapping(
        self, previous: np.ndarray | None, blobs: np.ndarray
    ) -> np.ndarray:
        if previous is None or not previous.any():
            return np.zeros(blobs.shape, bool)
        counts = np.bincount(blobs[previous])
        counts[0] = 0
        return (blobs == counts.argmax()) & bool(counts.any())


def _answer(prompts: FramePrompts, blobs: np.ndarray) -> np.ndarray:
    """Mask that the prompts ask for."""
    if prompts.given is not None:
        return prompts.given.to_plane(blobs.shape)
    basis = prompts.mask
    mask = np.zeros(blobs.shape, bool) if basis is None else basis.to_plane(blobs.shape)
    if prompts.box is not None:
        b = prompts.box
        y0, x0 = max(0, ceil(b.y0)), max(0, ceil(b.x0))
        mask[y0 : floor(b.y1) + 1, x0 : floor(b.x1) + 1] = True
    for point in prompts.points:
        blob = blobs[_pixel(point.y, blobs.shape[0]), _pixel(point.x, blobs.shape[1])]
        region = blobs == blob if blob else np.zeros(blobs.shape, bool)
        mask = mask | region if point.positive else mask & ~region
    growth = GROWTH[prompts.candidate % len(GROWTH)] if prompts.is_ambiguous else 0
    if growth > 0:
        mask = ndimage.binary_dilation(mask, iterations=growth)
    elif growth < 0:
        mask = ndimage.binary_erosion(mask, iterations=-growth)
    return mask


def _before(step: Step) -> int:
    """Frame that a step tracks from."""
    return step.frame + (1 if step.reverse else -1)


def _pixel(coordinate: float, size: int) -> int:
    return int(np.clip(round(coordinate), 0, size - 1))
