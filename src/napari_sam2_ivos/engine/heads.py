"""SAM's mask decoder without the enlarged masks that nobody looks at."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from sam2.modeling.sam2_base import NO_OBJ_SCORE


def skip_enlarged_masks(net: Any) -> None:
    """Let the heads of a network give masks on the mask grid only.

    Upstream enlarges all three candidates to the size of the input, 16 times as many
    values as the grid has, and uses one of them. Here the chosen one is enlarged where
    its memory is made, and pasted into the plane where it is shown.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
        Changed in place.
    """
    net._forward_sam_heads = partial(_decode, net)


def _decode(
    net: Any,
    backbone_features: torch.Tensor,
    point_inputs: dict[str, Any] | None = None,
    mask_inputs: torch.Tensor | None = None,
    high_res_features: list[torch.Tensor] | None = None,
    multimask_output: bool = False,
) -> tuple[torch.Tensor | None, ...]:
    """Return what ``SAM2Base._forward_sam_heads`` does, but for what nobody uses.

    That is None for enlarged masks, and of the IoUs the one of the chosen mask.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
    backbone_features : Tensor, (N, C, H, W)
    point_inputs : dict, optional
        ``point_coords`` (N, P, 2) as (x, y), ``point_labels`` (N, P), and
        ``candidate``, which of several masks to take: 0, if it is not there, is the
        one with the highest predicted IoU, 1 the next, and behind the last one comes
        the first again.
    mask_inputs : Tensor, (N, 1, h, w), optional
    high_res_features : list of Tensor, optional
    multimask_output : bool

    Returns
    -------
    low_res_multimasks, None, iou (N, 1), low_res, None, pointer, object_score
    """
    n, device = len(backbone_features), backbone_features.device
    candidate = 0
    if point_inputs is not None:
        candidate = point_inputs.get("candidate", 0)
        points = point_inputs["point_coords"], point_inputs["point_labels"]
    else:  # one point that counts for nothing
        labels = -torch.ones(n, 1, dtype=torch.int32, device=device)
        points = torch.zeros(n, 1, 2, device=device), labels
    size = net.sam_prompt_encoder.mask_input_size
    if mask_inputs is not None and mask_inputs.shape[-2:] != size:
        mask_inputs = F.interpolate(
            mask_inputs.float(), size, mode="bilinear", antialias=True
        )
    sparse, dense = net.sam_prompt_encoder(points=points, boxes=None, masks=mask_inputs)
    masks, ious, tokens, score = net.sam_mask_decoder(
        image_embeddings=backbone_features,
        image_pe=net.sam_prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=multimask_output,
        repeat_image=False,
        high_res_features=high_res_features,
    )
    if net.pred_obj_scores:
        masks = torch.where(score[:, None, None] > 0, masks, NO_OBJ_SCORE)
    masks = masks.float()
    low_res, iou, token = masks, ious, tokens[:, 0]
    if multimask_output:
        order = ious.argsort(dim=-1, descending=True, stable=True)
        chosen = order[:, candidate % order.size(1)]
        rows = torch.arange(n, device=device)
        low_res, iou = masks[rows, chosen].unsqueeze(1), ious[rows, chosen].unsqueeze(1)
        if tokens.size(1) > 1:
            token = tokens[rows, chosen]
    pointer = net.obj_ptr_proj(token)
    if net.pred_obj_scores:
        there = score.sigmoid() if net.soft_no_obj_ptr else (score > 0).float()
        if net.fixed_no_obj_ptr:
            pointer = there * pointer
        pointer = pointer + (1 - there) * net.no_obj_ptr
    return masks, None, iou, low_res, None, pointer, score
