"""The Python API as the README shows it, without napari."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tifffile
import torch
from omegaconf import OmegaConf

import napari_sam2_ivos as ivos
from napari_sam2_ivos.engine import catalogue
from napari_sam2_ivos.engine.checkpoint import build
from napari_sam2_ivos.engine.installed import MODELS_DIR_VARIABLE


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoint and config of a small model with random weights."""
    folder = tmp_path_factory.mktemp("model")
    config = OmegaConf.load(catalogue.config_path(catalogue.find("bundled")))
    config.model.image_size = 64
    OmegaConf.save(config, folder / "small.yaml")
    torch.manual_seed(0)
    weights = build(folder / "small.yaml").state_dict()
    torch.save(weights, folder / "small.pt")
    return {"checkpoint": folder / "small.pt", "config": folder / "small.yaml"}


@pytest.fixture
def movie():
    data = np.zeros((4, 40, 50), np.uint16)
    data[:, 10:20, 10:20] = 900
    return data


def use(session):
    """Prompt three objects in three ways and track them both ways."""
    mask = np.zeros((40, 50), bool)
    mask[10:20, 10:20] = True
    session.add_points(track_id=1, frame=0, points=[[15, 15]], positive=[True])
    session.add_box(track_id=2, frame=0, box=[[8, 8], [22, 22]])
    session.add_mask(track_id=3, frame=2, mask=mask)
    return [result.frame for result in session.propagate(direction="both")]


def test_an_array(files, movie):
    session = ivos.open_session(movie, device="cpu", **files)
    assert use(session) == [0, 1, 2, 3, 1, 0]
    assert session.labels.shape == movie.shape
    assert session.labels.dtype == np.uint16
    assert (session.labels[2, 10:20, 10:20] == 3).all()


def test_a_path_gives_the_same_labels_as_its_array(files, movie, tmp_path):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, movie, imagej=True, metadata={"axes": "TYX"})
    sessions = [ivos.open_session(m, device="cpu", **files) for m in (movie, path)]
    for session in sessions:
        use(session)
    np.testing.assert_array_equal(*[np.asarray(s.labels) for s in sessions])


def test_without_a_model_it_says_so(movie, tmp_path, monkeypatch):
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    with pytest.raises(ivos.IvosError, match=r"sam2\.1-large' is not on this machine"):
        ivos.open_session(movie, model="large")


def test_without_a_name_the_best_model_is_taken_and_named(movie, monkeypatch):
    monkeypatch.delenv(MODELS_DIR_VARIABLE, raising=False)
    segmenter = ivos.load_segmenter(ivos.open_movie(movie), device="cpu")
    assert segmenter.model_name == "bundled"


def test_the_api_needs_no_napari(files, tmp_path, movie):
    np.save(tmp_path / "movie.npy", movie)
    code = (
        "import sys; sys.modules['napari'] = None; sys.modules['qtpy'] = None\n"
        "import napari_sam2_ivos as ivos\n"
        f"session = ivos.open_session({str(tmp_path / 'movie.npy')!r}, device='cpu',"
        f" checkpoint={str(files['checkpoint'])!r}, config={str(files['config'])!r})\n"
        "session.add_points(1, 0, [[15, 15]])\n"
        "print(sum(1 for _ in session.propagate()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "4", done.stderr
