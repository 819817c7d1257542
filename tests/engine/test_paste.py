"""Enlarging masks inside their box equals enlarging the whole plane."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine.paste import paste


@pytest.mark.parametrize("shape", [(64, 64), (511, 1024), (37, 50), (20, 300)])
@pytest.mark.parametrize("seed", range(4))
def test_equals_interpolating_the_whole_plane(shape, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64]
    blobs = [
        6 - np.hypot(y - cy, x - cx)
        for cy, cx in rng.uniform(0, 64, (1 + seed, 2))  # also detached, also cut off
    ]
    low_res = np.max(blobs, axis=0).astype(np.float32)
    low_res += rng.normal(0, 0.5, low_res.shape).astype(np.float32)
    whole = torch.nn.functional.interpolate(
        torch.from_numpy(low_res)[None, None], shape, mode="bilinear"
    )[0, 0].numpy()

    top, left, logits = paste(low_res, View.whole(shape))
    plane = np.full(shape, -1.0, np.float32)
    plane[top : top + logits.shape[0], left : left + logits.shape[1]] = logits
    decided = np.abs(whole) > 1e-4
    np.testing.assert_array_equal((plane > 0)[decided], (whole > 0)[decided])
    assert (logits > 0).any(axis=0)[[0, -1]].all(), "the crop is tight"


def test_an_absent_object_gives_nothing():
    _, _, logits = paste(np.full((64, 64), -1024.0, np.float32), View.whole((500, 500)))
    assert logits.size == 0
