"""The memory bank: nothing lost, nothing that grows in main memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_sam2_ivos.core.guards import Extent
from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine.forward import compressible
from napari_sam2_ivos.engine.memory import (
    N_NEAR_PER_OBJECT,
    Key,
    Memory,
    MemoryBank,
    packed,
)

SIDE = 32
VIEW = View(0, 0, 64, 64)


def memory(value, box=(0, 0, 10, 10), flag=Flag.NONE):
    grid = np.full((SIDE, SIDE), value, np.float16)
    extent = Extent(100.0, 5.0, 5.0, *box)
    pointer = np.full(8, value, np.float32)
    return Memory(packed(grid), pointer, 3.0, 0.9, extent, VIEW, False, flag)


@pytest.fixture
def bank():
    return MemoryBank(1 << 20)


def test_what_left_the_main_memory_comes_back(bank):
    n = 20 * N_NEAR_PER_OBJECT
    for frame in range(n):
        bank.put(Key(1, frame, False), memory(frame / 10))
    assert len(bank._near) == N_NEAR_PER_OBJECT
    assert len(bank) == n
    back = bank.get(Key(1, 0, False))
    np.testing.assert_array_equal(back.low_res, np.zeros((SIDE, SIDE)))
    back = bank.get(Key(1, 7, False))
    np.testing.assert_array_equal(back.pointer, np.full(8, 0.7, np.float32))
    assert (back.object_score, back.predicted_iou, back.flag) == (3.0, 0.9, Flag.NONE)


def test_forgotten_is_outdated_until_it_is_put_again(bank):
    key = Key(1, 4, False)
    bank.put(key, memory(1))
    bank.forget(1, [4])
    assert bank.get(key) is None
    assert bank.outdated(key) is not None
    bank.put(key, memory(2))
    assert bank.outdated(key) is None
    assert bank.get(key).pointer[0] == 2
    bank.forget(1)
    assert len(bank) == 0


def test_objects_around_a_place(bank):
    bank.put(Key(1, 0, False), memory(1, (0, 0, 10, 10)))
    bank.put(Key(2, 0, True), memory(1, (8, 8, 20, 20)))
    bank.put(Key(3, 0, False), memory(1, (30, 30, 40, 40)))
    bank.put(Key(4, 1, False), memory(1, (0, 0, 10, 10)))
    assert bank.overlapping(0, bank.extent(1, 0)) == {1, 2}


def test_empty_masks_have_no_place(bank):
    empty = memory(-1, (np.nan,) * 4)
    bank.put(Key(1, 0, False), empty)
    bank._near.clear()
    assert np.isnan(bank.get(Key(1, 0, False)).extent.y_min)
    assert bank.overlapping(0, [Extent(1, 0, 0, -9, -9, 99, 99)]) == set()


def test_logits_lose_nothing_that_counts():
    logits = torch.linspace(-40, 40, SIDE * SIDE).reshape(1, 1, SIDE, SIDE)
    kept = compressible(logits).float()
    near = logits.abs() <= 10
    assert torch.allclose(kept[near], logits[near], atol=5e-3)
    assert (kept > 0).equal(logits > 0)
    assert (kept.sigmoid() - logits.sigmoid()).abs().max() < 1e-3
