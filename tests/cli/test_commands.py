"""The command as such, `info`, `models` and `demo`."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas
import pytest
import tifffile
from PIL import Image

from napari_sam2_ivos import __version__
from napari_sam2_ivos.cli import demo as demo_module
from napari_sam2_ivos.cli.demo import mean_iou
from napari_sam2_ivos.engine import catalogue
from napari_sam2_ivos.engine.installed import MODELS_DIR_VARIABLE, installed_path


def test_help_names_every_command(run_cli):
    code, out, _ = run_cli("--help")
    assert code == 0
    for name in ("demo", "track", "models", "info"):
        assert name in out


def test_version(run_cli):
    assert run_cli("--version")[1].split() == ["napari-sam2-ivos", __version__]


def test_info(run_cli, movie_file):
    code, out, _ = run_cli("info", movie_file)
    assert code == 0
    for words in ("time 12, y 40, x 60", "uint16", "0.5 um", "60 s", "200 to 3000"):
        assert words in out


def test_info_of_missing_pixels(run_cli, tmp_path):
    data = np.ones((4, 30, 40))
    data[0, :3] = np.nan
    np.save(tmp_path / "m.npy", data)
    code, _, err = run_cli("info", tmp_path / "m.npy")
    assert code == 0
    assert err.startswith("Note: 'm.npy' has NaN or infinite pixels")


def test_info_of_a_single_image(run_cli, tmp_path):
    np.save(tmp_path / "m.npy", np.ones((30, 40)))
    code, out, err = run_cli("info", tmp_path / "m.npy")
    assert code == 1
    assert not out
    assert err.startswith("Error: 'm.npy' is a single image")
    assert len(err.splitlines()) == 1


def test_models(run_cli):
    code, out, _ = run_cli("models")
    assert code == 0
    for entry in catalogue.entries():
        (line,) = [x for x in out.splitlines() if x.startswith(f"{entry.name} ")]
        assert entry.licence in line
        there = installed_path(entry) is not None
        assert line.split()[1] == ("yes" if there else "no")


def test_models_names_the_one_that_is_used(run_cli, tmp_path, monkeypatch):
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    cut = tmp_path / "sam2.1_hiera_tiny.pt"
    cut.write_bytes(b"half")
    _, out, err = run_cli("models")
    assert "Used if no --model is given: bundled on " in out
    assert f"looked for in {tmp_path}, " in out
    assert f"Note: File '{cut}' is not used" in err


def test_an_unknown_model(run_cli):
    code, _, err = run_cli("models", "--download", "sam9")
    assert code == 1
    assert "sam9" in err


def test_a_download_shows_where_the_file_is(run_cli, monkeypatch, tmp_path):
    def download(entry, progress):
        progress(5, 10)
        return tmp_path / entry.file_name

    monkeypatch.setattr("napari_sam2_ivos.engine.download.download", download)
    code, out, _ = run_cli("models", "--download", "tiny")
    assert code == 0
    assert str(tmp_path / "sam2.1_hiera_tiny.pt") in out


def test_a_download_without_internet_says_what_to_do(run_cli, monkeypatch, tmp_path):
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    monkeypatch.setattr(catalogue, "_META_URL", "http://127.0.0.1:1/")
    code, out, err = run_cli("models", "--download", "tiny")
    assert code == 1
    assert not out
    line = err.splitlines()[-1]
    assert line.startswith("Error: Model 'sam2.1-tiny' could not be downloaded. Tried:")
    assert "it cannot be reached" in line
    assert f"put sam2.1_hiera_tiny.pt into {tmp_path} or " in line


def test_demo(run_cli, fake_model, tmp_path):
    out = tmp_path / "demo"
    code, said, err = run_cli(
        "demo", "--headless", "--out", out, "--look-at", "whole-frame"
    )
    assert code == 0, err
    assert fake_model[0].asked_for["look_at"] == "whole-frame"
    assert sorted(item.name for item in out.iterdir()) == [
        "labels.tif",
        "movie.tif",
        "overlay.png",
        "prompts.csv",
        "tracks.csv",
    ]
    labels = tifffile.imread(out / "labels.tif")
    assert labels.shape == tifffile.imread(out / "movie.tif").shape
    assert len(np.unique(labels)) > 3
    with Image.open(out / "overlay.png") as picture:
        picture.verify()
    assert set(pandas.read_csv(out / "tracks.csv").track_id) == set(
        np.unique(labels[labels > 0])
    )
    for item in out.iterdir():
        assert str(item) in said
    assert "Mean IoU with the truth" in said
    assert "Model: bundled on " in said
    again = tmp_path / "again.tif"
    run_cli(
        "track", out / "movie.tif", "--prompts", out / "prompts.csv", "--out", again
    )
    np.testing.assert_array_equal(tifffile.imread(again), labels)
    assert run_cli("demo", "--headless", "--out", out)[0] == 0  # a second time


def test_demo_of_ones_own_movie(run_cli, fake_model, movie_file, tmp_path):
    movie = tifffile.imread(movie_file)
    truth = tmp_path / "truth.tif"
    tifffile.imwrite(truth, (movie > movie.mean()).astype(np.uint8))
    out = tmp_path / "demo"
    code, said, err = run_cli(
        "demo", movie_file, "--truth", truth, "--headless", "--out", out
    )
    assert code == 0, err
    assert "1 objects" in said
    assert not (out / "movie.tif").exists(), "it is on disk already"
    assert run_cli("demo", movie_file, "--headless")[0] == 1, "no truth, no prompts"
    tifffile.imwrite(truth, np.zeros((2, 3, 4), np.uint8))
    code, _, err = run_cli("demo", movie_file, "--truth", truth, "--headless")
    assert code == 1
    assert "shape" in err


def test_demo_opens_a_window_where_there_is_a_display(
    run_cli, fake_model, tmp_path, monkeypatch
):
    shown = []
    monkeypatch.setattr(demo_module, "has_display", lambda: True)
    monkeypatch.setattr(demo_module, "_show", lambda *job: shown.append(job))
    assert run_cli("demo", "--out", tmp_path)[0] == 0
    assert shown
    assert run_cli("demo", "--headless", "--out", tmp_path)[0] == 0
    assert len(shown) == 1


def test_mean_iou():
    truth = np.zeros((3, 4, 4), np.uint16)
    truth[:2, :2, :2] = 1
    found = truth.copy()
    found[1] = 0
    assert mean_iou(truth, truth, [1]) == 1.0
    assert mean_iou(found, truth, [1]) == 0.5
    assert mean_iou(found, truth, [2]) == 0.0
    truth[2] = 0  # the cell has left
    assert mean_iou(found, truth, [1]) == 0.5


# ---- as a process --------------------------------------------------------


def command(*args):
    return subprocess.run(
        [sys.executable, "-m", "napari_sam2_ivos.cli.app", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"COLUMNS": "200"},
        check=False,
    )


def test_bad_input_is_one_line_and_a_code(tmp_path):
    done = command("info", tmp_path / "no.tif")
    assert done.returncode == 1
    assert not done.stdout
    assert done.stderr.startswith("Error: There is no file or folder")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_option_is_a_code():
    done = command("track", "--nonsense")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_run_without_a_usable_model_says_so(movie_file, clicks, tmp_path):
    done = command(
        *("track", movie_file, "--prompts", clicks, "--out", tmp_path / "o.tif"),
        *(
            "--checkpoint",
            tmp_path / "none.pt",
            "--config",
            "configs/sam2.1/sam2.1_hiera_t.yaml",
        ),
    )
    assert done.returncode == 1
    assert "none.pt" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o.tif").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="displays are named there only")
def test_display(monkeypatch):
    pytest.importorskip("napari")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", "")
    assert not demo_module.has_display()
    monkeypatch.setenv("DISPLAY", ":0")
    assert demo_module.has_display()
