"""Missing, damaged, wrong and hostile model files are told apart in words."""

from __future__ import annotations

import pickle

import pytest
import torch
from omegaconf import OmegaConf

from napari_sam2_ivos.core.errors import ModelError
from napari_sam2_ivos.engine import catalogue
from napari_sam2_ivos.engine.checkpoint import build, load_model, read_weights
from napari_sam2_ivos.engine.device import choose_device

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
    monkeypatch.setenv(catalogue.MODELS_DIR_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=r"put sam2\.1_hiera_tiny\.pt into"):
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
    with pytest.raises(ModelError):
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
