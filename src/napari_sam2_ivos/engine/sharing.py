"""What is the same for all objects of a frame is computed once."""

from __future__ import annotations

from typing import Any

import torch


def share_work_between_objects(net: Any) -> None:
    """Let what sees nothing but the image run once for all objects of a forward.

    That is the self-attention of the memory attention's first layer and the memory
    encoder's projection of the image: for objects on the same frame, as all of one
    forward are here, they give the same N times, and upstream computes them N times.
    Exact up to rounding.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
        Changed in place.
    """
    layer, projection = net.memory_attention.layers[0], net.memory_encoder.pix_feat_proj
    attend, project = layer._forward_sa, projection.forward

    def attend_once(image: torch.Tensor, position: torch.Tensor | None) -> torch.Tensor:
        one = attend(image[:1], None if position is None else position[:1])
        return torch.as_tensor(one).expand(len(image), -1, -1)

    def project_once(image: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(project(image[:1])).expand(len(image), -1, -1, -1)

    layer._forward_sa = attend_once
    projection.forward = project_once
