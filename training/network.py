"""Build the bundled model and give it a start from which it learns quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn

if TYPE_CHECKING:
    from pathlib import Path

    from sam2.modeling.sam2_base import SAM2Base


def build(config: Path, image_size: int | None = None) -> SAM2Base:
    """Instantiate the model of a yaml file, at another image size if asked."""
    cfg = OmegaConf.load(config)
    if image_size:
        cfg.model.image_size = image_size
    return instantiate(cfg.model, _recursive_=True)


def initialise(model: SAM2Base, seed: int = 0) -> None:
    """Make attention local from the start.

    From PyTorch's random weights a SAM 2 spends most of a short training on
    finding out that a click concerns the pixels around it. Three things tell it:
    positional frequencies fine enough for cells, queries and keys of the
    decoder's cross-attention that compare positions by the same frequencies, and
    equal biases of queries and keys in the memory attention, which under rotary
    encoding favour the same place in the earlier frame.
    """
    generator = torch.Generator().manual_seed(seed)
    encoder = model.sam_prompt_encoder
    matrix = encoder.pe_layer.positional_encoding_gaussian_matrix
    n = matrix.shape[1]
    sigmas = torch.tensor([1.0, 2.0, 4.0, 7.0]).repeat(n)[:n] * model.image_size / 320
    matrix.copy_(torch.randn(2, n, generator=generator) * sigmas)
    with torch.no_grad():
        for embedding in [
            *encoder.point_embeddings,
            encoder.not_a_point_embed,
            encoder.no_mask_embed,
        ]:
            embedding.weight.mul_(0.3)
        decoder = model.sam_mask_decoder.transformer
        attentions = [decoder.final_attn_token_to_image]
        for layer in decoder.layers:
            attentions += [
                layer.cross_attn_token_to_image,
                layer.cross_attn_image_to_token,
            ]
        for attention in attentions:
            _compare_positions(attention, n)
        for layer in model.memory_attention.layers:
            for projection in (
                layer.cross_attn_image.q_proj,
                layer.cross_attn_image.k_proj,
            ):
                nn.init.constant_(projection.bias, 1.5)
        nn.init.constant_(
            model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias, 2.0
        )


def _compare_positions(attention: nn.Module, n: int, gain: float = 2.0) -> None:
    """Let each head compare positions by its own few frequencies."""
    head_dim = attention.internal_dim // attention.num_heads
    weight = torch.zeros_like(attention.q_proj.weight)
    for head in range(attention.num_heads):
        for j in range(head_dim // 2):
            row = head * head_dim + 2 * j
            column = (head * head_dim // 2 + j) % n
            weight[row, column] = gain
            weight[row + 1, n + column] = gain
    for projection in (attention.q_proj, attention.k_proj):
        noise = 0.3 * projection.weight
        projection.weight.copy_(weight + noise)


def resize_positions(model: SAM2Base, trained_at: int) -> None:
    """Keep the positional frequencies per pixel when the image size changes.

    Prompts are encoded in coordinates relative to the image. A model trained on
    crops of `trained_at` pixels sees the same encoding per pixel at its own image
    size when the frequencies grow in proportion.
    """
    matrix = model.sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix
    matrix.mul_(model.image_size / trained_at)
