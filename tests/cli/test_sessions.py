"""Sessions on the command line: saved as one goes, gone on with, looked into."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from napari_sam2_ivos.core.errors import EngineError
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from tests.core.bench import Remembering


class Bright(Remembering):
    """Knows cells by their brightness, and tracks what it lacks, as the engine does."""

    def _blobs(self, frame):
        return ndimage.label(self.movie.plane(frame) > 1000)[0]


@pytest.fixture(autouse=True)
def _fake_model(monkeypatch):
    def load(movie, **options):
        return Bright(movie)

    monkeypatch.setattr("napari_sam2_ivos.api.load_segmenter", load)


def labels_of(session):
    saved = open_folder(session, to_write=False)
    return np.asarray(saved.folder.labels[:])


@pytest.fixture
def whole(run_cli, tmp_path, movie_file, clicks):
    """Return the labels of a run without a session."""
    out = tmp_path / "whole.tif"
    code, _, err = run_cli("track", movie_file, "--prompts", clicks, "--out", out)
    assert code == 0, err
    return tifffile.imread(out)


def test_a_run_is_saved_as_a_session(run_cli, tmp_path, movie_file, clicks, whole):
    session = tmp_path / "movie.ivos"
    code, out, err = run_cli(
        "track", movie_file, "--prompts", clicks, "--session", session
    )
    assert code == 0, err
    assert str(session) in out
    np.testing.assert_array_equal(labels_of(session), whole)
    about = json.loads((session / "session.json").read_text("utf-8"))
    assert about["scale"] == [0.5, 0.5]
    assert about["interval_s"] == 60
    assert about["movie"]["relative_path"] == "../movie.tif"
    code, out, _ = run_cli("resume", session)
    assert code == 0
    assert "up to date" in out


def test_a_run_that_fails_is_gone_on_with(
    run_cli, tmp_path, movie_file, clicks, whole, monkeypatch
):
    session = tmp_path / "movie.ivos"

    def failing(movie, **options):
        return FakeSegmenter(movie, fail_at=6, error=EngineError("Out of memory"))

    with monkeypatch.context() as patch:
        patch.setattr("napari_sam2_ivos.api.load_segmenter", failing)
        code, _, err = run_cli(
            "track", movie_file, "--prompts", clicks, "--session", session
        )
    assert code == 1
    assert "Out of memory" in err
    saved = labels_of(session)
    np.testing.assert_array_equal(saved[:6], whole[:6])
    assert not saved[6:].any()
    code, out, err = run_cli("resume", session)
    assert code == 0, err
    assert "6 of 6 frames" in out
    np.testing.assert_array_equal(labels_of(session), whole)


def test_replayed_it_gives_the_same_labels(
    run_cli, tmp_path, movie_file, clicks, whole
):
    session = tmp_path / "movie.ivos"
    run_cli("track", movie_file, "--prompts", clicks, "--session", session)
    code, out, err = run_cli("resume", session, "--again")
    assert code == 0, err
    assert "12 of 12 frames" in out
    np.testing.assert_array_equal(labels_of(session), whole)


def test_nothing_is_written_over(run_cli, tmp_path, movie_file, clicks):
    session = tmp_path / "movie.ivos"
    session.mkdir()
    code, _, err = run_cli(
        "track", movie_file, "--prompts", clicks, "--session", session
    )
    assert code == 1
    assert "there already" in err
    assert "sam2-ivos resume" in err
    assert list(session.iterdir()) == []


def test_somewhere_the_result_must_go(run_cli, movie_file, clicks):
    code, _, err = run_cli("track", movie_file, "--prompts", clicks)
    assert code == 1
    assert "--out, --session" in err


def test_the_movie_has_moved(run_cli, tmp_path, movie_file, clicks):
    session = tmp_path / "movie.ivos"
    run_cli("track", movie_file, "--prompts", clicks, "--session", session)
    elsewhere = tmp_path / "far" / "away.tif"
    elsewhere.parent.mkdir()
    movie_file.rename(elsewhere)
    code, _, err = run_cli("resume", session)
    assert code == 1
    assert "was not found" in err
    code, _, err = run_cli("resume", session, "--movie", elsewhere)
    assert code == 0, err
    code, _, err = run_cli("resume", session)  # it knows the new place
    assert code == 0, err


def test_masks_of_another_program(run_cli, tmp_path, movie_file, blobs):
    truth = tmp_path / "truth.tif"
    tifffile.imwrite(truth, blobs[1])
    session = tmp_path / "given.ivos"
    code, out, err = run_cli(
        "import", truth, "--movie", movie_file, "--session", session
    )
    assert code == 0, err
    assert "2 objects" in out
    np.testing.assert_array_equal(labels_of(session), blobs[1])


def test_masks_of_another_program_as_prompts(run_cli, tmp_path, movie_file, blobs):
    truth = tmp_path / "truth.tif"
    sparse = np.where(np.arange(12)[:, None, None] % 6 == 0, blobs[1], 0)
    tifffile.imwrite(truth, sparse.astype(np.uint16))
    session = tmp_path / "prompts.ivos"
    code, _, err = run_cli(
        "import", truth, "--movie", movie_file, "--session", session, "--as", "prompts"
    )
    assert code == 0, err
    saved = open_folder(session, to_write=False)
    assert {i: t.anchors for i, t in saved.tracks.items()} == {1: [0, 6], 2: [0, 6]}
    run_cli("resume", session)
    np.testing.assert_array_equal(labels_of(session) > 0, blobs[1] > 0)


def test_what_is_in_a_session(run_cli, tmp_path, movie_file, clicks):
    session = tmp_path / "movie.ivos"
    run_cli("track", movie_file, "--prompts", clicks, "--session", session)
    code, out, err = run_cli("info", session)
    assert code == 0, err
    rows = dict(line.split(None, 1) for line in out.splitlines())
    assert rows["objects"].strip() == "2"
    assert rows["masks"].startswith("24, of which 0")
    assert "movie.tif" in rows["movie"]


def test_a_session_in_another_format(run_cli, tmp_path, movie_file, clicks, whole):
    session, folder = tmp_path / "movie.ivos", tmp_path / "01_RES"
    run_cli("track", movie_file, "--prompts", clicks, "--session", session)
    code, out, err = run_cli("export", session, "--format", "ctc", "--out", folder)
    assert code == 0, err
    assert str(folder) in out
    assert "cannot hold the pixel size, the frame interval" in err
    masks = [tifffile.imread(p) for p in sorted(folder.glob("mask*.tif"))]
    np.testing.assert_array_equal(masks, whole)
    code, _, err = run_cli("export", session, "--format", "ctc", "--out", folder)
    assert code == 1
    assert "--overwrite" in err
    code, _, err = run_cli(
        "export", session, "--format", "ctc", "--out", folder, "--overwrite"
    )
    assert code == 0, err


def test_labels_are_handed_on_without_their_movie(
    run_cli, tmp_path, movie_file, clicks, whole
):
    session, out = tmp_path / "movie.ivos", tmp_path / "labels.tif"
    run_cli("track", movie_file, "--prompts", clicks, "--session", session)
    movie_file.unlink()
    code, _, err = run_cli("export", session, "--format", "tiff", "--out", out)
    assert code == 0, err
    np.testing.assert_array_equal(tifffile.imread(out), whole)
    code, _, err = run_cli(
        "export", session, "--format", "ome-zarr-image", "--out", tmp_path / "a.zarr"
    )
    assert code == 1
    assert "was not found" in err


@pytest.mark.parametrize(
    ("form", "name", "words"),
    [
        ("tif", "a.tif", "no format 'tif'. Choose one of tiff,"),
        ("tiff", "a.png", "does not end in .tif or .tiff"),
    ],
)
def test_what_cannot_be_exported(
    run_cli, tmp_path, movie_file, clicks, form, name, words
):
    session = tmp_path / "movie.ivos"
    run_cli("track", movie_file, "--prompts", clicks, "--session", session)
    code, _, err = run_cli(
        "export", session, "--format", form, "--out", tmp_path / name
    )
    assert code == 1
    assert words in err


def test_the_formats_are_listed(run_cli):
    code, out, _ = run_cli("formats")
    assert code == 0
    assert "trackmate" in out
    assert "YOLO segmentation" in out


def test_what_is_no_session(run_cli, tmp_path):
    (tmp_path / "empty.ivos").mkdir()
    for command in (["resume"], ["export", "--format", "ctc", "--out", tmp_path / "o"]):
        code, _, err = run_cli(command[0], tmp_path / "empty.ivos", *command[1:])
        assert code == 1
        assert "session.json" in err
