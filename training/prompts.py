"""Simulated prompts: which objects, and where the user clicks or draws a box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage

if TYPE_CHECKING:
    from clips import Clip


def pick_objects(
    rng: np.random.Generator, clip: Clip, n_max: int, min_area: int = 24
) -> list[int]:
    """Choose track IDs that are large enough to prompt on the first frame."""
    areas = torch.bincount(clip.labels[0].flatten())
    ids = np.flatnonzero(areas.numpy() >= min_area)
    ids = ids[ids > 0]
    return [int(i) for i in rng.permutation(ids)[:n_max]]


def click(rng: np.random.Generator, region: np.ndarray) -> tuple[float, float]:
    """Choose a pixel (y, x) of a region, rather at its middle than at its rim."""
    ys, xs = np.nonzero(region)
    if len(ys) > 12 and rng.random() < 0.8:
        y0, x0, y1, x1 = ys.min(), xs.min(), ys.max() + 1, xs.max() + 1
        depth = ndimage.distance_transform_edt(np.pad(region[y0:y1, x0:x1], 1))
        depth = depth[1:-1, 1:-1]
        ys, xs = np.nonzero(depth >= rng.uniform(0.3, 1.0) * depth.max())
        ys, xs = ys + y0, xs + x0
    pick = rng.integers(len(ys))
    return float(ys[pick]), float(xs[pick])


def click_or_box(
    rng: np.random.Generator, masks: torch.Tensor, p_box: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompt each object by a click or a loose box.

    Parameters
    ----------
    masks : torch.Tensor, (N, S, S) bool
        None is empty.
    p_box : float
        Share of boxes.

    Returns
    -------
    coords : torch.Tensor, (N, 2, 2) float32
        Two points (x, y), as `sam2` wants them.
    labels : torch.Tensor, (N, 2) int32
        2 and 3 for the corners of a box; 1 and -1 (padding) for a click.
    """
    coords = np.zeros((len(masks), 2, 2), np.float32)
    labels = np.zeros((len(masks), 2), np.int32)
    for i, mask in enumerate(masks.numpy()):
        if rng.random() < p_box:
            ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            size = np.array([xs[-1] - xs[0] + 1, ys[-1] - ys[0] + 1])
            jitter = rng.normal(0, 0.06, (2, 2)) * size
            coords[i] = np.array([[xs[0], ys[0]], [xs[-1], ys[-1]]]) + jitter
            labels[i] = 2, 3
        else:
            y, x = click(rng, mask)
            coords[i, 0] = x, y
            labels[i] = 1, -1
    return torch.from_numpy(coords), torch.from_numpy(labels)


def correct(
    rng: np.random.Generator, predicted: torch.Tensor, masks: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Click where a prediction is wrong, positive on a miss, negative on excess.

    Parameters
    ----------
    predicted, masks : torch.Tensor, (N, S, S) bool

    Returns
    -------
    coords : torch.Tensor, (N, 1, 2) float32
        A point (x, y) each.
    labels : torch.Tensor, (N, 1) int32
    """
    coords = np.zeros((len(masks), 1, 2), np.float32)
    labels = np.full((len(masks), 1), -1, np.int32)
    pairs = zip(predicted.numpy(), masks.numpy(), strict=True)
    for i, (guess, truth) in enumerate(pairs):
        missed, excess = truth & ~guess, guess & ~truth
        n_missed, n_excess = missed.sum(), excess.sum()
        if n_missed + n_excess == 0:
            continue
        positive = rng.random() < n_missed / (n_missed + n_excess)
        y, x = click(rng, missed if positive else excess)
        coords[i, 0] = x, y
        labels[i, 0] = int(positive)
    return torch.from_numpy(coords), torch.from_numpy(labels)
