"""Who names no model gets the best that is here and fits, or the bundled one."""

from __future__ import annotations

import pytest
import torch

from napari_sam2_ivos.core.errors import ModelError
from napari_sam2_ivos.engine import catalogue, choice, device
from napari_sam2_ivos.engine.choice import AUTOMATIC, choose, foreseen

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))
GB = 10**9


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Install models, by name."""
    names = {"bundled"}
    monkeypatch.setattr(
        choice, "installed_path", lambda e: tmp_path if e.name in names else None
    )
    return names.update


@pytest.fixture(autouse=True)
def card(monkeypatch):
    """Give the graphics card a memory, in bytes."""

    def give(n_bytes):
        monkeypatch.setattr(device, "memory_bytes", lambda _: n_bytes)

    give(24 * GB)
    return give


@pytest.mark.parametrize("place", [CPU, CUDA, MPS])
def test_a_new_user_gets_the_bundled_model(here, place):
    assert choose(AUTOMATIC, place).entry.name == "bundled"
    known = foreseen(None)
    assert known is not None
    assert known.entry.name == "bundled"


def test_a_processor_gets_the_bundled_model_whatever_there_is(here):
    here({"sam2.1-tiny", "sam2.1-large"})
    found = choose(AUTOMATIC, CPU)
    assert found.entry.name == "bundled"
    assert "slow" in found.reason
    assert foreseen("cpu") == found
    assert foreseen(None) is foreseen("cuda") is None, "only torch knows the card"


@pytest.mark.parametrize(
    ("names", "best"),
    [
        ({"sam2.1-tiny"}, "sam2.1-tiny"),
        ({"sam2.1-tiny", "sam2.1-large", "sam2-large"}, "sam2.1-large"),
        ({"sam2.1-small", "sam2-large"}, "sam2.1-small"),
        ({"sam2-tiny", "sam2-base-plus"}, "sam2-base-plus"),
    ],
)
@pytest.mark.parametrize("place", [CUDA, MPS])
def test_a_graphics_card_gets_the_best(here, names, best, place):
    here(names)
    assert choose(AUTOMATIC, place).entry.name == best


def test_a_model_must_fit_the_card(here, card):
    here({"sam2.1-tiny", "sam2.1-large"})
    card(5 * GB)
    assert choose(AUTOMATIC, CUDA).entry.name == "sam2.1-tiny"
    card(4 * GB)
    found = choose(AUTOMATIC, CUDA)
    assert found.entry.name == "bundled"
    assert "more memory" in found.reason


def test_a_name_always_wins(here):
    here({"sam2.1-large"})
    assert choose("bundled", CUDA).entry.name == "bundled"
    assert choose("tiny", CPU).entry == catalogue.find("sam2.1-tiny")
    with pytest.raises(ModelError, match="no model 'sam9'"):
        choose("sam9", CPU)
