"""Intensity changes of training clips: what another microscope would have shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from clips import smooth_noise

if TYPE_CHECKING:
    import numpy as np

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def vary_intensity(rng: np.random.Generator, frames: torch.Tensor) -> torch.Tensor:
    """Change contrast, gamma, polarity, background, brightness, focus and noise.

    Parameters
    ----------
    frames : torch.Tensor, (T, S, S) float32
        About 0 to 1.

    Returns
    -------
    torch.Tensor, (T, S, S) float32
        Clipped to 0..1.
    """
    n, size = frames.shape[0], frames.shape[-1]
    if rng.random() < 0.3:
        blur = rng.uniform(0.4, 1.5)
        x = torch.arange(-3, 4).float()
        kernel = torch.exp(-((x / blur) ** 2) / 2)
        kernel /= kernel.sum()
        frames = F.conv2d(
            F.conv2d(frames[:, None], kernel.view(1, 1, 7, 1), padding=(3, 0)),
            kernel.view(1, 1, 1, 7),
            padding=(0, 3),
        )[:, 0]
    low, high = torch.quantile(
        frames[:, ::4, ::4].flatten(), torch.tensor([0.003, 0.997])
    )
    span = (high - low).clamp(min=1e-3)
    low = low - span * float(rng.uniform(-0.08, 0.25))
    high = high + span * float(rng.uniform(-0.15, 0.5))
    frames = ((frames - low) / (high - low).clamp(min=1e-3)).clamp(0, 1)
    frames = frames ** float(torch.exp(torch.tensor(rng.normal(0, 0.3))))
    if rng.random() < 0.15:
        frames = 1 - frames
    if rng.random() < 0.4:
        field = smooth_noise(rng, 1, size, int(rng.integers(1, 4)))
        frames = frames + float(rng.uniform(0.02, 0.15)) * field
    if rng.random() < 0.5:
        wander = torch.from_numpy(rng.normal(0, 0.03, (n, 1, 1))).float()
        frames = frames * (1 + wander) + wander.flip(0)
    noise = float(rng.uniform(0, 0.06)) if rng.random() < 0.6 else 0.0
    if noise:
        frames = frames + noise * torch.randn(frames.shape)
    return frames.clamp(0, 1)


def to_model(frames: torch.Tensor) -> torch.Tensor:
    """Make model input of gray frames.

    Parameters
    ----------
    frames : torch.Tensor, (B, S, S) float32, 0 to 1

    Returns
    -------
    torch.Tensor, (B, 3, S, S) float32
        Gray repeated, with ImageNet's mean and deviation, as SAM 2 wants it.
    """
    return (frames[:, None] - MEAN) / STD
