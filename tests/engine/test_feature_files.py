"""What the encoder made of a frame is found again at the next opening."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest
import torch

from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine.feature_files import FeatureFiles
from napari_sam2_ivos.engine.features import FeatureCache
from napari_sam2_ivos.engine.networks import Networks
from tests.engine.small import small_model, small_movie

WHOLE = View.whole(small_movie().plane_shape)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def encoded(model, monkeypatch):
    """Count of frames that went through the encoder."""
    calls = []
    forward = model.net.forward_image
    monkeypatch.setattr(
        model.net, "forward_image", lambda image: calls.append(1) or forward(image)
    )
    return calls


def opened(model, folder, low=0, budget=1 << 30):
    """A cache as in a new process: nothing in memory."""
    files = FeatureFiles(model.net, folder, budget)
    mapping = IntensityMapping(low, 1000)
    return FeatureCache(Networks(model, WHOLE), small_movie(), mapping, 1 << 30, files)


def maps(cache, frame):
    with torch.inference_mode():
        return [m.clone() for m in cache.get(frame, [WHOLE]).maps]


def test_the_next_opening_encodes_nothing_and_gives_the_same(model, tmp_path, encoded):
    first = [maps(opened(model, tmp_path), frame) for frame in range(3)]
    assert len(encoded) == 3
    again = [maps(opened(model, tmp_path), frame) for frame in range(3)]
    assert len(encoded) == 3
    for a, b in zip(first, again, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_another_contrast_or_model_finds_nothing(model, tmp_path, encoded):
    maps(opened(model, tmp_path), 0)
    maps(opened(model, tmp_path, low=100), 0)
    assert len(encoded) == 2
    weight = next(model.net.image_encoder.parameters())
    with torch.no_grad():
        weight.add_(1e-3)
    try:
        maps(opened(model, tmp_path), 0)
    finally:
        with torch.no_grad():
            weight.sub_(1e-3)
    assert len(encoded) == 3


def test_the_folder_stays_within_its_budget_and_keeps_what_was_used(model, tmp_path):
    maps(opened(model, tmp_path), 0)
    (path,) = tmp_path.glob("??/*.safetensors")
    one = path.stat().st_size
    cache = opened(model, tmp_path, budget=3 * one + one // 2)
    for age, frame in ((300, 0), (200, 1), (100, 2)):
        maps(cache, frame)
        for known in tmp_path.glob("??/*.safetensors"):
            stat = known.stat()
            os.utime(known, (stat.st_atime, stat.st_mtime - age))
    maps(opened(model, tmp_path), 0)  # the oldest, but just used
    maps(cache, 3)
    left = list(tmp_path.glob("??/*.safetensors"))
    assert len(left) <= 3
    assert path in left


def test_a_damaged_file_is_made_anew_and_said_so(model, tmp_path, encoded, caplog):
    expected = maps(opened(model, tmp_path), 0)
    (path,) = tmp_path.glob("??/*.safetensors")
    path.write_bytes(path.read_bytes()[:100])
    with caplog.at_level(logging.WARNING):
        found = maps(opened(model, tmp_path), 0)
    assert "cannot be read" in caplog.text
    assert all(torch.equal(x, y) for x, y in zip(expected, found, strict=True))
    assert len(encoded) == 2


def test_a_folder_that_cannot_be_written_stops_nothing(model, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert maps(opened(model, blocked / "features"), 0)
    assert "cannot be kept" in caplog.text


def test_half_precision_is_what_is_used_from_the_beginning(model):
    cache = FeatureCache(
        Networks(model, WHOLE), small_movie(), IntensityMapping(0, 1000), 1
    )
    first = maps(cache, 0)
    maps(cache, 1)  # frame 0 is dropped
    again = maps(cache, 0)
    assert all(torch.equal(x, y) for x, y in zip(first, again, strict=True))
    np.testing.assert_array_equal(first[0], first[0].half().float())
