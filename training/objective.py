"""Losses: masks, their predicted quality, presence, and a dense auxiliary task."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

ABSENT_WEIGHT = 2.0
"""Objects that are gone are seldom, and a mother that goes on as her daughter spoils
all frames that follow."""


def mask_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Balanced cross-entropy + 2 dice + 5 cross-entropy.

    Parameters
    ----------
    logits : torch.Tensor, (N, K, h, w)
    target : torch.Tensor, (N, h, w) float, 0 to 1

    Returns
    -------
    torch.Tensor, (N, K)
    """
    y = target[:, None].flatten(2)
    x = logits.float().flatten(2)
    bce = F.binary_cross_entropy_with_logits(x, y.expand_as(x), reduction="none")
    inside, outside = y / y.sum(-1, keepdim=True).clamp(min=1), 1 - y
    balanced = (bce * inside).sum(-1) + (bce * outside).mean(-1)
    p = x.sigmoid()
    dice = 1 - (2 * (p * y).sum(-1) + 1) / (p.sum(-1) + y.sum(-1) + 1)
    return balanced + 2 * dice + 5 * bce.mean(-1)


def decode_loss(
    masks: torch.Tensor,
    ious: torch.Tensor,
    scores: torch.Tensor,
    target: torch.Tensor,
    present: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of one pass of the mask decoder over all four mask tokens.

    Parameters
    ----------
    masks : torch.Tensor, (N, 4, h, w)
        Logits of the single mask and of the three candidates.
    ious : torch.Tensor, (N, 4)
    scores : torch.Tensor, (N, 1)
        Logits of presence.
    target : torch.Tensor, (N, h, w) float
    present : torch.Tensor, (N,) bool

    Returns
    -------
    loss : torch.Tensor, ()
    iou : torch.Tensor, (N, 4)
        Measured IoU of each mask.
    """
    per_mask = mask_loss(masks, target)
    here = present.float()
    weight = here / here.sum().clamp(min=1)
    candidates = per_mask[:, 1:]
    best = candidates.min(1).values
    loss = ((per_mask[:, 0] + best + 0.15 * candidates.mean(1)) * weight).sum()
    with torch.no_grad():
        guess, truth = masks > 0, (target > 0.5)[:, None]
        inter = (guess & truth).sum((-2, -1)).float()
        iou = inter / (guess | truth).sum((-2, -1)).clamp(min=1)
    loss = loss + ((ious.float() - iou).abs().mean(1) * weight).sum()
    seldom = torch.where(present, 1.0, ABSENT_WEIGHT)
    loss = loss + F.binary_cross_entropy_with_logits(scores.float()[:, 0], here, seldom)
    return loss, iou


class DenseTask(nn.Module):
    """Foreground, rim and offset to the object's centre, from stride-4 features.

    Only used in training: it teaches the trunk what objects are before the
    decoder has learned to ask for one.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.head = nn.Sequential(
            nn.Conv2d(channels, 64, 1), nn.ReLU(), nn.Conv2d(64, 4, 1)
        )

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the loss.

        Parameters
        ----------
        features : torch.Tensor, (B, C, S / 4, S / 4)
        labels : torch.Tensor, (B, S, S) int64

        Returns
        -------
        torch.Tensor, ()
        """
        out = self.head(features).float()
        ids = labels[:, 2::4, 2::4]
        foreground = (ids > 0).float()
        rim = F.pad(ids.float(), (1, 1, 1, 1), mode="replicate")[:, None]
        highest = F.max_pool2d(rim, 3, 1)[:, 0]
        lowest = -F.max_pool2d(-rim, 3, 1)[:, 0]
        edge = ((highest != lowest) & (ids > 0)).float()
        loss = F.binary_cross_entropy_with_logits(out[:, 0], foreground)
        loss = loss + F.binary_cross_entropy_with_logits(out[:, 1], edge)
        offsets = centre_offsets(ids)
        error = F.smooth_l1_loss(out[:, 2:], offsets, reduction="none").mean(1)
        return loss + (error * foreground).sum() / foreground.sum().clamp(min=1)


def centre_offsets(ids: torch.Tensor) -> torch.Tensor:
    """Offsets (y, x) from each pixel to the centroid of its object, over 4 pixels.

    Parameters
    ----------
    ids : torch.Tensor, (B, h, w) int64

    Returns
    -------
    torch.Tensor, (B, 2, h, w) float32
    """
    b, h, w = ids.shape
    key = (ids + (ids.max() + 1) * torch.arange(b)[:, None, None]).flatten()
    _, index, count = key.unique(return_inverse=True, return_counts=True)
    grid = torch.stack(torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij"))
    grid = grid.float().expand(b, 2, h, w)
    offsets = []
    for axis in range(2):
        place = grid[:, axis].flatten()
        total = torch.zeros(len(count)).index_add_(0, index, place)
        offsets.append(((total / count)[index] - place).view(b, h, w) / 4)
    return torch.stack(offsets, 1)
