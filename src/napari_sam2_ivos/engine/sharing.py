"""What is the same for all objects of a frame is computed once."""

from __future__ import annotations

from typing import Any

import torch


def share_first_self_attention(net: Any) -> None:
    """Let the first layer of the memory attention attend to the image once.

    Its self-attention sees nothing but the image, so for objects that are tracked
    onto the same frame, as all of one forward are here, it gives the same N times;
    upstream computes it N times. Exact up to rounding.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
        Changed in place.
    """
    layer = net.memory_attention.layers[0]
    attend = layer._forward_sa

    def attend_once(image: torch.Tensor, position: torch.Tensor | None) -> torch.Tensor:
        one = attend(image[:1], None if position is None else position[:1])
        return torch.as_tensor(one).expand(len(image), -1, -1)

    layer._forward_sa = attend_once
