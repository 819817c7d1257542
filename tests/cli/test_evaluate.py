"""`sam2-ivos evaluate`: numbers that can be checked by hand, or one clear line."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile


@pytest.fixture
def truth_file(tmp_path, blobs):
    path = tmp_path / "truth.tif"
    tifffile.imwrite(path, blobs[1])
    return path


def test_a_model_on_a_movie(run_cli, fake_model, movie_file, truth_file, tmp_path):
    values = tmp_path / "values.json"
    code, out, err = run_cli(
        *("evaluate", movie_file, "--truth", truth_file, "--rounds", 2),
        *("--prompts", "click", "--prompts", "mask", "--json", values),
        *("--look-at", "windows", "--window-size", 256),
    )
    assert code == 0, err
    asked_for = [
        (m.asked_for["look_at"], m.asked_for["window_size"]) for m in fake_model
    ]
    assert set(asked_for) == {("windows", 256)}
    prompts = [line.split()[1] for line in out.splitlines() if "movie.tif" in line]
    assert prompts == ["click", "mask", "round", "round"]
    written = json.loads(values.read_text())
    trials = written.pop("trials")
    assert written == {"model": "auto", "look_at": "windows", "window_size": 256}
    assert [t["prompt"] for t in trials] == ["click", "mask", "round 1", "round 2"]
    assert all(t["j_and_f"] == t["seg"] == t["tra"] == 1 for t in trials)
    assert trials[0]["j_of"] == {"1": [1.0] * 12, "2": [1.0] * 12}
    assert trials[1]["j_of"]["1"] == [None] + [1.0] * 11, "given masks do not count"
    assert all(model.closed for model in fake_model)


def test_some_frames_only(run_cli, fake_model, movie_file, truth_file, tmp_path):
    values = tmp_path / "values.json"
    code, _, err = run_cli(
        *("evaluate", movie_file, "--truth", truth_file, "--frames", "3:7"),
        *("--json", values),
    )
    assert code == 0, err
    (trial,) = json.loads(values.read_text())["trials"]
    assert (trial["n_frames"], trial["j"]) == (4, 1)


def test_a_label_stack(run_cli, truth_file, blobs, tmp_path):
    labels = blobs[1].copy()
    labels[:, 5:10][labels[:, 5:10] == 1] = 0  # half of object 1
    labels[6:][labels[6:] == 2] = 7  # object 2 changes its ID
    path, values = tmp_path / "labels.npy", tmp_path / "values.json"
    np.save(path, labels)
    code, out, err = run_cli(
        *("evaluate", "--labels", path, "--truth", truth_file, "--json", values)
    )
    assert code == 0, err
    assert "labels.npy" in out
    (trial,) = json.loads(values.read_text())["trials"]
    assert trial["j_of"]["1"] == [0.5] * 12
    assert trial["j_of"]["2"] == [1.0] * 6 + [0.0] * 6
    assert trial["j"] == 0.5


def test_synthetic_movies_of_every_kind(run_cli, fake_model, monkeypatch):
    from napari_sam2_ivos.testing import movies

    monkeypatch.setattr(movies, "HABITS", dict(list(movies.HABITS.items())[:2]))
    code, out, err = run_cli("evaluate")
    assert code == 0, err
    assert [w for w in ("nuclei", "membranes") if w in out] == ["nuclei", "membranes"]


def test_what_does_not_go_together_is_said(run_cli, movie_file, truth_file, tmp_path):
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, np.ones((12, 40, 50), np.uint16))
    empty = tmp_path / "empty.tif"
    tifffile.imwrite(empty, np.zeros((12, 40, 60), np.uint16))
    for words, part in (
        ((movie_file,), "--truth"),
        (("--truth", truth_file), "MOVIE"),
        (("--labels", truth_file), "--truth"),
        ((movie_file, "--labels", truth_file, "--truth", truth_file), "no MOVIE"),
        (("--labels", other, "--truth", truth_file), "(12, 40, 50)"),
        ((movie_file, "--truth", other), "(12, 40, 50)"),
        (("--labels", truth_file, "--truth", empty), "no object"),
        ((movie_file, "--truth", truth_file, "--frames", "5:99"), "0:12"),
    ):
        code, _, err = run_cli("evaluate", *words)
        assert code == 1
        assert part in err.splitlines()[-1]
