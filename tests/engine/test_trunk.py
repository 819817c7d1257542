"""The convolutional trunk fits where SAM 2 expects Hiera."""

from __future__ import annotations

from importlib.resources import as_file, files

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sam2")

from hydra.utils import instantiate  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from napari_sam2_ivos.engine.trunk import ConvTrunk  # noqa: E402


def test_features_are_finest_first_at_strides_4_to_32():
    trunk = ConvTrunk(channels=(8, 16, 24, 32), depths=(1, 1, 1, 1))
    features = trunk(torch.zeros(2, 3, 64, 96))
    assert trunk.channel_list == [32, 24, 16, 8]
    assert [tuple(f.shape) for f in features] == [
        (2, 8, 16, 24),
        (2, 16, 8, 12),
        (2, 24, 4, 6),
        (2, 32, 2, 3),
    ]


def test_every_pixel_moves_the_output():
    torch.manual_seed(0)  # few random channels may all be silent at a place
    trunk = ConvTrunk(channels=(64, 64, 64, 64), depths=(1, 1, 1, 1))
    image = torch.rand(1, 3, 64, 64, requires_grad=True)
    trunk(image)[0].square().sum().backward()
    assert image.grad is not None
    assert (image.grad.abs().sum(1) > 0).all()


def test_widths_and_depths_must_match():
    with pytest.raises(ValueError, match="once per stride"):
        ConvTrunk(channels=(8, 16), depths=(1,))


def test_the_bundled_config_builds_a_sam2_model_small_enough_to_ship():
    config = files("napari_sam2_ivos") / "models" / "bundled.yaml"
    model = instantiate(OmegaConf.create(config.read_text()).model, _recursive_=True)
    n_bytes = 2 * sum(v.numel() for v in model.state_dict().values())
    assert n_bytes < 12_000_000
    model.eval()
    size = model.image_size
    with torch.inference_mode():
        out = model.forward_image(torch.zeros(1, 3, size, size))
    sides = [f.shape[-1] for f in out["backbone_fpn"]]
    assert sides == [size // 4, size // 8, size // 16]


def test_the_bundled_weights_are_all_of_the_config_and_no_others():
    folder = files("napari_sam2_ivos") / "models"
    config = OmegaConf.create((folder / "bundled.yaml").read_text())
    model = instantiate(config.model, _recursive_=True)
    with as_file(folder / "bundled.safetensors") as path:
        assert path.stat().st_size < 12_000_000
        weights = load_file(path)
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    assert all(value.isfinite().all() for value in weights.values())
