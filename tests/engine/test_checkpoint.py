"""Missing, damaged, wrong and hostile model files are told apart in words."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file

from napari_sam2_ivos.core.errors import ModelError
from napari_sam2_ivos.engine import catalogue, checkpoint
from napari_sam2_ivos.engine.checkpoint import build, load_model, read_weights
from napari_sam2_ivos.engine.choice import Choice
from napari_sam2_ivos.engine.device import choose_device
from napari_sam2_ivos.engine.installed import MODELS_DIR_VARIABLE

CPU = torch.device("cpu")


class _Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('code of a checkpoint was run')",))


@pytest.fixture
def bundled_config():
    return catalogue.config_path(catalogue.find("bundled"))


def test_a_missing_checkpoint_is_named(tmp_path, bundled_config):
    with pytest.raises(ModelError, match=r"no checkpoint file .*nowhere\.pt"):
        load_model(CPU, checkpoint=tmp_path / "nowhere.pt", config=bundled_config)


def test_a_checkpoint_needs_a_config(tmp_path):
    with pytest.raises(ModelError, match="needs its config"):
        load_model(CPU, checkpoint=tmp_path / "some.pt")


@pytest.mark.parametrize(
    "config", ["sam2.1_hiera_t.yaml", "configs/sam2.1/sam2.1_hiera_t.yaml"]
)
def test_a_config_of_sam2_is_found_by_its_name(tmp_path, config):
    path = tmp_path / "empty.pt"
    torch.save({"model": {"a": torch.zeros(1)}}, path)
    with pytest.raises(
        ModelError, match=r"does not fit config 'sam2\.1_hiera_t\.yaml'"
    ):
        load_model(CPU, checkpoint=path, config=config)
    with pytest.raises(ModelError, match=r"no config file 'other\.yaml'.*hiera_s"):
        load_model(CPU, checkpoint=path, config="other.yaml")


def test_a_model_that_is_not_installed_says_where_it_goes(tmp_path, monkeypatch):
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=r"put sam2\.1_hiera_tiny\.pt into"):
        load_model(CPU, "tiny")


def test_a_file_of_another_size_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    (tmp_path / "sam2.1_hiera_tiny.pt").write_bytes(b"half")
    with pytest.raises(ModelError, match=r"sam2\.1_hiera_tiny\.pt' is not used.*cut"):
        load_model(CPU, "tiny")


def test_a_published_file_is_checked_before_it_is_used(
    tmp_path, bundled_config, monkeypatch
):
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    path = tmp_path / "published.pt"
    torch.save(build(bundled_config).state_dict(), path)
    content = path.read_bytes()
    entry = replace(
        catalogue.find("tiny"),
        url="http://nowhere/published.pt",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        config=str(bundled_config),  # an absolute path stays as it is
    )
    monkeypatch.setattr(checkpoint, "choose", lambda *_: Choice(entry, ""))
    assert load_model(CPU, "tiny").name == "sam2.1-tiny"
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match=r"published\.pt' is not model.*SHA-256"):
        load_model(CPU, "tiny")


def test_an_unknown_model_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"bundled, sam2\.1-tiny"):
        catalogue.find("sam9")


@pytest.mark.parametrize("name", ["cut.pt", "cut.safetensors", "empty.pt", "text.pt"])
def test_a_damaged_file_is_refused(tmp_path, name):
    path = tmp_path / name
    whole = tmp_path / "whole.pt"
    torch.save({"model": {"a": torch.zeros(1000)}}, whole)
    damaged = {"empty": b"", "text": b"<html>not found</html>"}
    content = damaged.get(path.stem, whole.read_bytes()[:500])
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        read_weights(path)


def test_code_in_a_checkpoint_is_never_run(tmp_path):
    path = tmp_path / "bomb.pt"
    torch.save({"model": _Bomb()}, path)
    with pytest.raises(ModelError, match="could run code; it was not read"):
        read_weights(path)
    path.write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ModelError):
        read_weights(path)


def test_code_in_a_config_is_never_run(tmp_path, bundled_config):
    config = OmegaConf.load(bundled_config)
    config.model.image_encoder.trunk = {
        "_target_": "os.mkdir",
        "path": str(tmp_path / "x"),
    }
    path = tmp_path / "bomb.yaml"
    OmegaConf.save(config, path)
    with pytest.raises(ModelError, match=r"os\.mkdir.*no part of SAM 2"):
        build(path)
    assert not (tmp_path / "x").exists()


def test_weights_that_do_not_fit_are_counted_and_named(tmp_path, bundled_config):
    weights = build(bundled_config).state_dict()
    weights.pop("no_mem_embed")
    weights["surplus"] = torch.zeros(1)
    path = tmp_path / "other.pt"
    torch.save({"model": weights}, path)
    with pytest.raises(ModelError) as caught:
        load_model(CPU, checkpoint=path, config=bundled_config)
    assert "1 weights are missing (no_mem_embed)" in str(caught.value)
    assert "1 are not part of it (surplus)" in str(caught.value)


@pytest.mark.parametrize("kind", ["training.pt", "plain.pth", "plain.safetensors"])
def test_a_fine_tune_of_another_size_loads(tmp_path, bundled_config, kind):
    """As MedSAM2 is: weights among other things, for images of 512 pixels."""
    config = OmegaConf.load(bundled_config)
    config.model.image_size = 512
    config.model._target_ = "sam2.sam2_video_predictor.SAM2VideoPredictor"
    OmegaConf.save(config, tmp_path / "t512.yaml")
    weights = build(tmp_path / "t512.yaml").state_dict()
    path = tmp_path / kind
    if path.suffix == ".safetensors":
        save_file(weights, path)
    else:
        among = {"model": weights, "epoch": 75, "optimizer": {"state": {}}, "loss": 0.1}
        torch.save(among if path.stem == "training" else weights, path)
    loaded = load_model(CPU, checkpoint=path, config=tmp_path / "t512.yaml")
    assert loaded.name == path.stem
    assert loaded.net.image_size == 512
    for name, value in loaded.net.state_dict().items():
        assert torch.equal(value, weights[name]), name


def test_a_model_is_loaded_once(tmp_path, bundled_config):
    path = tmp_path / "own.pt"
    torch.save({"model": build(bundled_config).state_dict()}, path)
    first = load_model(CPU, checkpoint=path, config=bundled_config)
    assert load_model(CPU, checkpoint=path, config=bundled_config) is first


def test_every_model_of_the_catalogue_can_be_built():
    for entry in catalogue.entries():
        assert catalogue.config_path(entry).is_file(), entry.name


def test_an_absent_device_lists_those_there_are():
    with pytest.raises(ModelError, match=r"Use one of: .*cpu"):
        choose_device("tpu")
