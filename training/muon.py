"""Muon: momentum whose matrices are made orthogonal before each step."""

from __future__ import annotations

from collections import defaultdict

import torch

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan et al. 2024, the quintic's factors


def is_matrix(p: torch.nn.Parameter) -> bool:
    """Whether a parameter maps features to features: not a bias, table or filter."""
    return p.ndim > 1 and p.shape[1] > 1 and min(len(p), p[0].numel()) >= 16


class Muon(torch.optim.Optimizer):
    """Muon of Jordan et al. 2024, with steps as large as AdamW's (Liu et al. 2025).

    A batch of a few clips gives a gradient of low rank: some directions of each
    matrix learn and the others wait. Orthogonal steps move them all alike.
    `torch.optim.Muon` takes no convolutions; here they are matrices of output
    channels by everything else.

    Parameters
    ----------
    params : iterable
        Matrices, see `is_matrix`.
    lr : float
        As for AdamW.
    momentum, weight_decay : float
    """

    def __init__(
        self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.05
    ) -> None:
        super().__init__(
            params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters; those of one shape together."""
        for group in self.param_groups:
            alike = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    alike[len(p), p[0].numel()].append(p)
            for (n, m), params in alike.items():
                steps = []
                for p in params:
                    state = self.state[p]
                    if not state:
                        state["momentum"] = torch.zeros_like(p)
                    state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                    steps.append(
                        p.grad.lerp(state["momentum"], group["momentum"]).reshape(n, m)
                    )
                scale = 0.2 * max(n, m) ** 0.5 * group["lr"]
                for p, s in zip(params, orthogonal(torch.stack(steps)), strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.sub_(s.view(p.shape).to(p), alpha=scale)


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Push the singular values of matrices towards 1, by Newton and Schulz.

    Parameters
    ----------
    matrices : torch.Tensor, (B, n, m) float32

    Returns
    -------
    torch.Tensor, (B, n, m) bfloat16
    """
    a, b, c = NEWTON_SCHULZ
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-9)
    x = x.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x
