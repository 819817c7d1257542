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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.prompts import Mask, Point
    from napari_sam2_ivos.engine.forward import Forward
    from napari_sam2_ivos.engine.memory import Memory
    from napari_sam2_ivos.engine.windows import Look, Windows

PRIOR_LOGIT_LIMIT = 32.0
"""Upstream clamps the earlier mask to this before it refines it."""

LARGEST_SHARE = 0.4
"""Share of the longer side of a view that what a click means is long at most: of views
that are twice as large as the next, one fits better."""


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
            return Question(look, mask=mask_input(given, look.view, *self._model(look)))
        if prompts.mask is not None:
            look = self._look_at_mask(prompts.mask)
        elif tracked is not None and self._windows.holds(tracked, prompts):
            look = tracked
        else:  # the user shows it elsewhere
            look = self._look_for_first(prompts, frame)
        look = self._windows.holding(look, prompts)
        points = point_inputs(prompts, [look.view], *self._model(look))
        prior = None
        if prompts.mask is not None:
            prior = mask_prior(prompts.mask, look.view, *self._model(look))
        elif answer is not None:
            prior = self._prior(answer, look)
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

        A click does not tell how large its object is. Unless the largest view, which is
        the whole frame, shows it well, it is answered in windows of all sizes, and the
        answer that the model trusts most tells the size.
        """
        y, x = click.y, click.x
        *smaller, largest = self._windows.ladder(y, x)
        if not smaller:
            return largest
        found = self._sizes(click, frame, [largest])
        for _, size in found:
            look = self._windows.look(y, x, size)
            if look.view == largest.view:
                return look
        found += self._sizes(click, frame, smaller)
        if not found:
            return largest
        _, size = max(found)
        return self._windows.look(y, x, size)

    def _sizes(
        self, click: Point, frame: int, looks: Sequence[Look]
    ) -> list[tuple[float, float]]:
        """Return predicted IoU and size of what a click means in each of some views.

        What cannot be is left out: that it is not there, or not all in the view.
        """
        views = [look.view for look in looks]
        model = self._model(looks[0])
        points = point_inputs(FramePrompts(points=(click,)), views, *model)
        contexts = [Context()] * len(looks)
        raw = self._forward.decode(frame, looks, contexts, points=points, reverse=False)
        found = []
        for answer in self._forward.memories(views, raw, reverse=False):
            size = self._windows.size_of(answer)
            fits = size <= LARGEST_SHARE * max(answer.view.height, answer.view.width)
            is_there = answer.object_score > 0 and size > 0
            if is_there and fits and not self._windows.cuts(answer):
                found.append((answer.predicted_iou, size))
        return found

    def _prior(self, answer: Memory, look: Look) -> torch.Tensor:
        """Return the mask to be corrected, ``(1, 1, h, w)`` logits over a view."""
        image_size, device = self._model(look)
        grid = regrid(answer.low_res, answer.view, look.view, image_size // 4)
        prior = torch.from_numpy(grid)[None, None].to(device)
        return prior.clamp(-PRIOR_LOGIT_LIMIT, PRIOR_LOGIT_LIMIT)

    def _model(self, look: Look) -> tuple[int, torch.device]:
        """Return input size and device of the network that looks."""
        net = self._forward.networks.seeing(look.view)
        return int(net.image_size), net.device
