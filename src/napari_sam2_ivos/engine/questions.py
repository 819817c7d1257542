"""What the model is asked when the user has prompted a frame, and where it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_sam2_ivos.core.prompts import FramePrompts
from napari_sam2_ivos.engine.contexts import Context
from napari_sam2_ivos.engine.paste import regrid
from napari_sam2_ivos.engine.prompting import mask_input, mask_prior, point_inputs
from napari_sam2_ivos.engine.windows import Look, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.prompts import Mask, Point
    from napari_sam2_ivos.core.views import View
    from napari_sam2_ivos.engine.forward import Forward
    from napari_sam2_ivos.engine.memory import Memory
    from napari_sam2_ivos.engine.windows import Windows

PRIOR_LOGIT_LIMIT = 32.0
"""Upstream clamps the earlier mask to this before it refines it."""


@dataclass(frozen=True, eq=False)
class Question:
    """Where the model looks, and the prompts in its own terms (`engine.prompting`)."""

    look: Look
    points: dict[str, Any] | None = None
    mask: torch.Tensor | None = None
    prior: torch.Tensor | None = None


class Questions:
    """Makes questions of prompts.

    Where the model looks follows from the prompts of the frame alone, or from where
    the object was tracked that they correct.

    Parameters
    ----------
    forward : Forward
    windows : Windows
    """

    def __init__(self, forward: Forward, windows: Windows) -> None:
        self._forward = forward
        self._windows = windows
        self._model = int(forward.net.image_size), forward.net.device
        self._clicked: dict[tuple[int, Point], Look] = {}

    def ask(
        self,
        prompts: FramePrompts,
        frame: int,
        tracked: Look | None,
        answer: Memory | None,
    ) -> Question:
        """Return what to ask.

        Parameters
        ----------
        prompts : FramePrompts
        frame : int
        tracked : Look or None
            Where the object was tracked to, if these prompts correct that.
        answer : Memory or None
            The mask that was tracked there, if it is known.
        """
        given = prompts.given
        if given is not None:
            look = self._look_at_mask(given)
            return Question(look, mask=mask_input(given, look.view, *self._model))
        if prompts.mask is not None:
            look = self._look_at_mask(prompts.mask)
        else:
            look = tracked or self._look_for_first(prompts, frame)
        look = self._windows.holding(look, prompts)
        points = point_inputs(prompts, [look.view], *self._model)
        prior = None
        if prompts.mask is not None:
            prior = mask_prior(prompts.mask, look.view, *self._model)
        elif answer is not None:
            prior = self._prior(answer, look.view)
        return Question(look, points, prior=prior)

    def _look_at_mask(self, mask: Mask) -> Look:
        """Return where to look at an object whose mask is known."""
        y, x = mask.centroid
        if np.isnan(y):
            return self._windows.anywhere()
        return self._windows.look(y, x, float(max(mask.pixels.shape)))

    def _look_for_first(self, prompts: FramePrompts, frame: int) -> Look:
        """Return where to look for an object of which nothing is known but prompts."""
        if prompts.box is not None:
            b = prompts.box
            y, x = (b.y0 + b.y1) / 2, (b.x0 + b.x1) / 2
            return self._windows.look(y, x, max(b.y1 - b.y0, b.x1 - b.x0))
        first = next((p for p in prompts.points if p.positive), prompts.points[0])
        if (frame, first) not in self._clicked:
            self._clicked[frame, first] = self._look_for_click(first, frame)
        return self._clicked[frame, first]

    def _look_for_click(self, click: Point, frame: int) -> Look:
        """Return the view in which a click says most.

        A click does not tell how large its object is, so it is answered in views of
        all sizes.
        """
        looks = self._windows.ladder(click.y, click.x)
        if len(looks) == 1:
            return looks[0]
        views = [look.view for look in looks]
        points = point_inputs(FramePrompts(points=(click,)), views, *self._model)
        contexts = [Context()] * len(looks)
        raw = self._forward.decode(frame, looks, contexts, points=points, reverse=False)
        answers = self._forward.memories(views, raw, reverse=False)
        return self._best(looks, answers)

    def _best(self, looks: Sequence[Look], answers: Sequence[Memory]) -> Look:
        found = []
        for look, memory in zip(looks, answers, strict=True):
            size = size_of(memory.extent)
            if memory.object_score <= 0 or size == 0:
                continue
            share = size / max(look.view[2:])
            bad = self._windows.cuts(memory) or share > 0.6
            found.append((not bad, memory.predicted_iou, look, size))
        if not found:
            return looks[0]
        _, _, look, size = max(found, key=lambda f: (f[0], f[1]))
        return self._windows.look(look.y, look.x, size)

    def _prior(self, answer: Memory, view: View) -> torch.Tensor:
        """Return the mask to be corrected, ``(1, 1, h, w)`` logits over a view."""
        grid = regrid(answer.low_res, answer.view, view)
        prior = torch.from_numpy(grid)[None, None].to(self._model[1])
        return prior.clamp(-PRIOR_LOGIT_LIMIT, PRIOR_LOGIT_LIMIT)
