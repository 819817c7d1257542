"""The quick attention is upstream's, and so is what is shared between objects."""

from __future__ import annotations

import pytest
import torch
from sam2.modeling.sam.transformer import RoPEAttention

from napari_sam2_ivos.engine import attention, precision
from napari_sam2_ivos.engine.catalogue import config_path, find
from napari_sam2_ivos.engine.checkpoint import build, make_fast


@pytest.fixture
def cross():
    torch.manual_seed(0)
    return RoPEAttention(
        embedding_dim=64,
        num_heads=1,
        downsample_rate=1,
        kv_in_dim=32,
        rope_k_repeat=True,
        feat_sizes=(8, 8),
    ).eval()


@pytest.mark.parametrize("block", [1 << 23, 1000], ids=["at once", "in blocks"])
@torch.inference_mode()
def test_attention_to_memories_and_pointers(cross, block, monkeypatch):
    monkeypatch.setattr(attention, "BLOCK_ELEMENTS", block)
    query, keys = torch.randn(2, 64, 64), torch.randn(2, 3 * 64 + 8, 32)
    values = torch.randn_like(keys)
    expected = cross(query, keys, values, num_k_exclude_rope=8)
    quick = attention.QuickAttention(cross)
    found = quick(query, keys, values, num_k_exclude_rope=8)
    torch.testing.assert_close(found, expected)


@torch.inference_mode()
def test_attention_to_the_image_itself_at_another_size(cross):
    own = RoPEAttention(embedding_dim=64, num_heads=1, feat_sizes=(8, 8)).eval()
    image = torch.randn(2, 100, 64)
    expected = own(image, image, image)
    quick = attention.QuickAttention(own)
    torch.testing.assert_close(quick(image, image, image), expected)


@torch.inference_mode()
def test_a_whole_network_made_fast_gives_the_same(monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda: False)
    torch.manual_seed(0)
    net = build(config_path(find("bundled")), input_size=64).eval()
    tokens, channels = net.sam_image_embedding_size**2, net.hidden_dim
    image, position = torch.randn(2, tokens, 1, channels).expand(-1, -1, 3, -1)
    memory = torch.randn(2 * tokens + 4, 3, net.mem_dim)
    maps = [torch.randn(1, c, s, s) for c, s in ((16, 16), (32, 8), (channels, 4))]
    flat = [m.flatten(2).permute(2, 0, 1).expand(-1, 3, -1) for m in maps]
    masks, score = torch.randn(3, 1, 64, 64), torch.ones(3, 1)

    def run():
        attended = net.memory_attention(
            curr=[image],
            curr_pos=[position],
            memory=memory,
            memory_pos=memory / 2,
            num_obj_ptr_tokens=4,
        )
        sizes = [(m.shape[-2], m.shape[-1]) for m in maps]
        heads = net._forward_sam_heads(
            attended.permute(1, 2, 0).reshape(3, -1, *sizes[-1]),
            high_res_features=[m.expand(3, -1, -1, -1) for m in maps[:2]],
            multimask_output=True,
        )
        encoded, _ = net._encode_new_memory(flat, sizes, masks, score, False)
        best = heads[2].max(dim=-1).values  # ours gives no other
        return attended, best, *(heads[i] for i in (0, 3, 5, 6)), encoded

    expected = run()
    make_fast(net)
    for found, wanted in zip(run(), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
