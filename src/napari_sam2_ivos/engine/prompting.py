"""The user's prompts in the model's own terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from napari_sam2_ivos.core.prompts import Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.prompts import FramePrompts, Mask
    from napari_sam2_ivos.core.views import View

# Labels of SAM's prompt encoder.
NOTHING, NEGATIVE, POSITIVE, BOX_TOP_LEFT, BOX_BOTTOM_RIGHT = -1, 0, 1, 2, 3

GIVEN_PRIOR = 10.0
"""Logit of a given mask that is to be corrected: what SAM 2 itself takes such a mask
for. The bundled model gives the same with anything from 2 to 32."""

CLEARANCE = 3.0
"""How far a mask's middle keeps from "not this" clicks in it, in units of how deep they
lie: of 1.5, 2, 3 and 4 the one with which most of them are obeyed."""


def point_inputs(
    prompts: FramePrompts,
    views: Sequence[View],
    image_size: int,
    device: torch.device,
) -> dict[str, Any]:
    """Return points and box as one list of labelled points.

    A box is two points in front of the others, as SAM 2 was trained. So is a click in
    the middle of a mask that the points correct: SAM 2 has learned to correct what a
    click on the object began, and answers a lone "not this" with nothing at all.

    Parameters
    ----------
    prompts : FramePrompts
    views : sequence of View
        The N parts of the frame that the model looks at.
    image_size : int
    device : torch.device

    Returns
    -------
    dict
        ``point_coords`` (N, P, 2) float32, (x, y) in pixels of the model's
        input, ``point_labels`` (N, P) int32, and ``candidate``, see `engine.heads`.
    """
    coordinates: list[tuple[float, float]] = []
    labels: list[int] = []
    if prompts.box is not None:
        b = prompts.box
        coordinates += [(b.x0, b.y0), (b.x1, b.y1)]
        labels += [BOX_TOP_LEFT, BOX_BOTTOM_RIGHT]
    points = prompts.points
    if prompts.mask is not None and prompts.mask.pixels.any():
        points = (_middle(prompts.mask, points), *points)
    for p in points:
        if not p.positive and not all(v.holds(p.y, p.x, p.y, p.x) for v in views):
            continue  # no mask reaches there
        coordinates.append((p.x, p.y))
        labels.append(POSITIVE if p.positive else NEGATIVE)
    if not labels:
        coordinates, labels = [(0.0, 0.0)], [NOTHING]
    places = [
        [
            ((x - v.left) / v.width * image_size, (y - v.top) / v.height * image_size)
            for x, y in coordinates
        ]
        for v in views
    ]
    return {
        "point_coords": torch.tensor(places, dtype=torch.float32, device=device),
        "point_labels": torch.tensor(
            [labels] * len(views), dtype=torch.int32, device=device
        ),
        "candidate": prompts.candidate if prompts.is_ambiguous else 0,
    }


def mask_input(
    mask: Mask, view: View, image_size: int, device: torch.device
) -> torch.Tensor:
    """Return a mask at the size of the model's input.

    A mask too thin for that size keeps its strongest pixels: upstream's fixed
    threshold of a half makes it vanish, and the object counts as absent.

    Returns
    -------
    Tensor, (1, 1, image_size, image_size) float32
        1 inside, 0 outside.
    """
    plane = torch.from_numpy(_seen(mask, view)).float()
    size = (image_size, image_size)
    soft = F.interpolate(
        plane[None, None], size, mode="bilinear", align_corners=False, antialias=True
    )
    threshold = torch.clamp(soft.max(), max=0.5)
    return ((soft >= threshold) & (soft > 0)).float().to(device)


def mask_prior(
    mask: Mask, view: View, image_size: int, device: torch.device
) -> torch.Tensor | None:
    """Return a mask as the earlier answer that points correct.

    A mask too thin for the mask grid keeps its strongest cells.

    Returns
    -------
    Tensor, (1, 1, image_size / 4, image_size / 4) float32, or None
        Logits; None if the mask is empty.
    """
    inside = mask_input(mask, view, image_size, device)
    soft = F.interpolate(
        inside, scale_factor=0.25, mode="bilinear", align_corners=False, antialias=True
    )
    peak = soft.max()
    return (2 * soft / peak - 1) * GIVEN_PRIOR if peak > 0 else None


def _seen(mask: Mask, view: View) -> np.ndarray:
    """Return the part of a mask that lies in a view, ``(height, width)`` bool."""
    seen = np.zeros((view.height, view.width), bool)
    rows, columns = mask.window
    top, bottom = max(rows.start, view.top), min(rows.stop, view.rows.stop)
    left, right = max(columns.start, view.left), min(columns.stop, view.columns.stop)
    if top < bottom and left < right:
        seen[
            top - view.top : bottom - view.top, left - view.left : right - view.left
        ] = mask.pixels[
            top - mask.top : bottom - mask.top, left - mask.left : right - mask.left
        ]
    return seen


def _middle(mask: Mask, points: tuple[Point, ...]) -> Point:
    """Return a click deep inside a mask, away from what it should not hold."""
    depth = ndimage.distance_transform_edt(np.pad(mask.pixels, 1))[1:-1, 1:-1]
    y, x = np.indices(depth.shape)
    merit = depth.copy()
    for p in points:
        row, column = round(p.y) - mask.top, round(p.x) - mask.left
        inside = 0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]
        if inside and not p.positive and depth[row, column] > 0:
            near = np.hypot(y - row, x - column) / (CLEARANCE * depth[row, column])
            merit *= np.minimum(near, 1.0)
    row, column = np.unravel_index(merit.argmax(), merit.shape)
    return Point(float(mask.top + row), float(mask.left + column))
