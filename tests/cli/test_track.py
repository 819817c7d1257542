"""`sam2-ivos track` writes what was tracked, or one clear line."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import numpy as np
import pandas
import pytest
import tifffile
import zarr

from napari_sam2_ivos.cli.track import parse_frames
from napari_sam2_ivos.core.errors import EngineError, PromptError, StoreError
from napari_sam2_ivos.io.labels import read_labels
from napari_sam2_ivos.io.sources import open_source
from napari_sam2_ivos.testing.metrics import iou
from napari_sam2_ivos.testing.movies import synthetic_movie
from napari_sam2_ivos.testing.population import Habits
from napari_sam2_ivos.testing.segmenter import FakeSegmenter


def one_line(err):
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    assert lines[0].startswith("Error: ")
    assert "Traceback" not in err
    return lines[0]


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".zarr"])
def test_clicks_become_labels(
    run_cli, fake_model, movie_file, clicks, blobs, tmp_path, suffix
):
    out = tmp_path / f"out{suffix}"
    code, said, err = run_cli("track", movie_file, "--prompts", clicks, "--out", out)
    assert code == 0, err
    np.testing.assert_array_equal(np.asarray(read_labels(out)), blobs[1])
    assert str(out) in said
    assert "12 of 12 frames" in said
    assert fake_model[0].closed


def test_the_calibration_of_the_movie_is_kept(
    run_cli, fake_model, movie_file, clicks, tmp_path
):
    out = tmp_path / "out.tif"
    run_cli("track", movie_file, "--prompts", clicks, "--out", out)
    with tifffile.TiffFile(out) as tiff:
        assert tiff.series[0].axes == "TYX"
        assert tiff.imagej_metadata["finterval"] == 60
        assert tiff.pages[0].tags["XResolution"].value == (2, 1)


def test_table_boxes_and_picture(run_cli, fake_model, movie_file, clicks, tmp_path):
    table, picture = tmp_path / "t.csv", tmp_path / "o.png"
    boxes = tmp_path / "boxes.csv"
    code, _, err = run_cli(
        *("track", movie_file, "--prompts", clicks, "--out", tmp_path / "o.tif"),
        *("--table", table, "--overlay", picture, "--boxes", boxes),
    )
    assert code == 0, err
    assert len(pandas.read_csv(boxes)) == 24
    rows = pandas.read_csv(table)
    assert len(rows) == 24
    assert rows.area.iloc[0] == 25.0
    assert rows.time_s.max() == 11 * 60
    assert picture.stat().st_size > 1000


def test_masks_of_a_later_frame_in_both_directions(
    run_cli, fake_model, movie_file, blobs, tmp_path
):
    np.save(tmp_path / "masks.npy", blobs[1][7])
    out = tmp_path / "out.npy"
    code, _, err = run_cli(
        *("track", movie_file, "--prompts", tmp_path / "masks.npy", "--out", out),
        *("--prompt-frame", 7, "--direction", "both"),
    )
    assert code == 0, err
    np.testing.assert_array_equal(np.load(out), blobs[1])


def test_a_part_of_the_movie(run_cli, fake_model, movie_file, clicks, blobs, tmp_path):
    out = tmp_path / "out.npy"
    code, *_ = run_cli(
        *("track", movie_file, "--prompts", clicks, "--out", out, "--frames", ":5")
    )
    assert code == 0
    labels = np.load(out)
    np.testing.assert_array_equal(labels[:5], blobs[1][:5])
    assert not labels[5:].any()


def test_a_channel_of_choice(run_cli, fake_model, clicks, blobs, tmp_path):
    both = np.stack([np.full_like(blobs[0], 5), blobs[0]], axis=1)
    movie = tmp_path / "tc.tif"
    tifffile.imwrite(movie, both, imagej=True, metadata={"axes": "TCYX"})
    out = tmp_path / "out.npy"
    code, _, err = run_cli(
        "track", movie, "--prompts", clicks, "--out", out, "--hold", "C=1"
    )
    assert code == 0, err
    np.testing.assert_array_equal(np.load(out), blobs[1])
    code, _, err = run_cli(
        *("track", movie, "--prompts", clicks, "--out", out, "--overwrite"),
        *("--hold", "Z=1"),
    )
    assert code == 1
    assert "C (0 to 1)" in one_line(err)


def test_model_options_are_passed_on(run_cli, fake_model, movie_file, clicks, tmp_path):
    run_cli(
        *("track", movie_file, "--prompts", clicks, "--out", tmp_path / "o.npy"),
        *("--checkpoint", "w.pt", "--config", "c.yaml", "--device", "cpu"),
        *("--contrast", "100", "4000"),
        *("--input-size", "448", "--window-size", "256"),
        *("--keep-features", "--look-at", "whole-frame"),
    )
    assert fake_model[0].asked_for == {
        "model": "auto",
        "checkpoint": Path("w.pt"),
        "config": "c.yaml",
        "device": "cpu",
        "contrast": (100.0, 4000.0),
        "input_size": 448,
        "window_size": 256,
        "look_at": "whole-frame",
        "keep_features": True,
    }


def test_windows_and_whole_frame_see_small_cells_differently(run_cli, tmp_path):
    sample = synthetic_movie("nuclei", 2, (512, 512), 3, habits=Habits(radius=8))
    np.save(tmp_path / "movie.npy", sample.movie)
    lines = ["frame,track_id,kind,y,x"]
    for track_id in np.unique(sample.labels[0])[1:]:
        y, x = np.argwhere(sample.labels[0] == track_id).mean(axis=0)
        lines.append(f"0,{track_id},point,{y:.1f},{x:.1f}")
    (tmp_path / "clicks.csv").write_text("\n".join(lines))
    labels = {}
    for look in ("automatic", "windows", "whole-frame"):
        out = tmp_path / f"{look}.npy"
        code, _, err = run_cli(
            *("track", tmp_path / "movie.npy", "--prompts", tmp_path / "clicks.csv"),
            *("--out", out, "--model", "bundled", "--look-at", look),
        )
        assert code == 0, err
        labels[look] = np.load(out)
    assert (labels["windows"] != labels["whole-frame"]).any()
    np.testing.assert_array_equal(labels["automatic"], labels["windows"])
    truth = sample.labels > 0
    assert iou(labels["windows"] > 0, truth) > iou(labels["whole-frame"] > 0, truth)


@pytest.mark.parametrize("command", ["track", "demo", "evaluate"])
def test_what_the_model_cannot_look_at_is_said(
    run_cli, movie_file, clicks, tmp_path, command
):
    words = [command, movie_file, "--look-at", "closely"]
    if command == "track":
        words += ["--prompts", clicks, "--out", tmp_path / "o.npy"]
    code, _, err = run_cli(*words)
    assert code == 2
    assert "--look-at" in err
    for word in ("closely", "automatic", "windows", "whole-frame"):
        assert word in err


def test_ctrl_c_keeps_what_is_done(
    run_cli, fake_model, movie_file, clicks, blobs, tmp_path, monkeypatch
):
    segment = FakeSegmenter._segment

    def interrupted(self, plan, step, track_id, found):
        if step.frame == 4 and track_id == 1:
            signal.raise_signal(signal.SIGINT)
        return segment(self, plan, step, track_id, found)

    monkeypatch.setattr(FakeSegmenter, "_segment", interrupted)
    before = signal.getsignal(signal.SIGINT)  # ignored in a shell's background job
    out = tmp_path / "out.tif"
    code, said, err = run_cli("track", movie_file, "--prompts", clicks, "--out", out)
    assert code == 130
    assert "what is done is saved" in err
    assert "5 of 12 frames" in said
    labels = tifffile.imread(out)
    np.testing.assert_array_equal(labels[:5], blobs[1][:5])
    assert not labels[5:].any()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_failure_in_the_middle_keeps_what_is_done(
    run_cli, fake_model, movie_file, clicks, blobs, tmp_path, monkeypatch
):
    def load(movie, **options):
        return FakeSegmenter(movie, fail_at=6, error=EngineError("Out of memory."))

    monkeypatch.setattr("napari_sam2_ivos.api.load_segmenter", load)
    out = tmp_path / "out.npy"
    code, said, err = run_cli("track", movie_file, "--prompts", clicks, "--out", out)
    assert code == 1
    assert "Error: Out of memory." in err
    assert str(out) in said
    np.testing.assert_array_equal(np.load(out)[:6], blobs[1][:6])


def test_a_disk_that_fills_up_costs_no_labels(
    run_cli, fake_model, movie_file, clicks, blobs, tmp_path, monkeypatch
):
    from napari_sam2_ivos.io import labels as labels_module

    write = labels_module.write_labels

    def full(path, labels, **known):
        if "spare" not in str(path):
            raise StoreError(f"'{path}' could not be saved: the disk is full.")
        return write(path, labels, **known)

    (tmp_path / "spare").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spare"))
    monkeypatch.setattr(labels_module, "write_labels", full)
    code, _, err = run_cli(
        "track", movie_file, "--prompts", clicks, "--out", tmp_path / "o.npy"
    )
    assert code == 1
    assert "the disk is full" in err
    (spare,) = (tmp_path / "spare").glob("*/o.npy")
    assert str(spare) in err
    np.testing.assert_array_equal(np.load(spare), blobs[1])


def test_a_zarr_takes_every_frame_as_it_comes(
    run_cli, fake_model, movie_file, clicks, blobs, tmp_path, monkeypatch
):
    out = tmp_path / "out.zarr"
    segment, seen = FakeSegmenter._segment, []

    def watching(self, plan, step, track_id, found):
        if step.frame == 8:
            seen.append(zarr.open(out, mode="r")[:])
        return segment(self, plan, step, track_id, found)

    monkeypatch.setattr(FakeSegmenter, "_segment", watching)
    code, _, err = run_cli("track", movie_file, "--prompts", clicks, "--out", out)
    assert code == 0, err
    np.testing.assert_array_equal(seen[0][:8], blobs[1][:8])
    assert open_source(out).scale == (0.5, 0.5)
    assert open_source(out).interval_s == 60


def test_a_zarr_of_a_run_that_did_nothing_does_not_stay(
    run_cli, fake_model, movie_file, clicks, tmp_path
):
    out = tmp_path / "out.zarr"
    code, *_ = run_cli(
        *("track", movie_file, "--prompts", clicks, "--out", out),
        *("--direction", "backward", "--frames", "5:9"),
    )
    assert code == 1
    assert not out.exists()


def test_an_object_that_is_lost_is_mentioned(run_cli, fake_model, movie_file, tmp_path):
    clicks = tmp_path / "c.csv"
    clicks.write_text("frame,track_id,kind,y,x\n0,1,point,10,9\n0,7,point,39,0\n")
    code, _, err = run_cli(
        "track", movie_file, "--prompts", clicks, "--out", tmp_path / "o.npy"
    )
    assert code == 0
    assert "Note: Some frames were left empty, object not seen: 7 (12 fr" in err


# ---- bad input -----------------------------------------------------------


@pytest.fixture
def fails(run_cli, fake_model, tmp_path):
    def run(*args):
        code, said, err = run_cli("track", *args)
        assert code == 1
        assert not said
        assert not fake_model, "a model was loaded before the input was checked"
        return one_line(err)

    return run


def test_no_movie(fails, clicks, tmp_path):
    line = fails(tmp_path / "no.tif", "--prompts", clicks, "--out", tmp_path / "o.tif")
    assert "no.tif" in line


def test_no_prompts(fails, movie_file, tmp_path):
    line = fails(movie_file, "--prompts", "no.csv", "--out", tmp_path / "o.tif")
    assert "no.csv" in line


def test_an_unknown_suffix(fails, movie_file, clicks, tmp_path):
    line = fails(movie_file, "--prompts", clicks, "--out", tmp_path / "o.avi")
    assert ".tif, .npy or .zarr" in line


def test_a_click_outside(run_cli, fake_model, movie_file, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("frame,track_id,kind,y,x\n0,1,point,10,900\n12,2,point,1,1\n")
    code, _, err = run_cli(
        "track", movie_file, "--prompts", bad, "--out", tmp_path / "o.tif"
    )
    assert code == 1
    assert "line 2: Point (y 10, x 900) lies outside the image" in err
    assert "line 3: frame 12 is outside the movie" in err


def test_masks_of_another_size(fails, movie_file, tmp_path):
    np.save(tmp_path / "m.npy", np.ones((40, 61), np.uint8))
    line = fails(
        movie_file, "--prompts", tmp_path / "m.npy", "--out", tmp_path / "o.tif"
    )
    assert "40 x 61" in line


@pytest.mark.parametrize("frames", ["5", "a:b", "3:3", "0:13", "-1:5"])
def test_a_bad_range(fails, movie_file, clicks, tmp_path, frames):
    out = tmp_path / "o.tif"
    line = fails(movie_file, "--prompts", clicks, "--out", out, f"--frames={frames}")
    assert f"--frames {frames}" in line


def test_nothing_is_overwritten_unasked(
    run_cli, fails, fake_model, movie_file, clicks, tmp_path
):
    out = tmp_path / "o.tif"
    out.write_bytes(b"mine")
    line = fails(movie_file, "--prompts", clicks, "--out", out)
    assert "--overwrite" in line
    assert out.read_bytes() == b"mine"
    code, *_ = run_cli(
        "track", movie_file, "--prompts", clicks, "--out", out, "--overwrite"
    )
    assert code == 0
    assert tifffile.imread(out).max() == 2


def test_the_movie_is_never_overwritten(fails, movie_file, clicks):
    before = movie_file.read_bytes()
    line = fails(movie_file, "--prompts", clicks, "--out", movie_file, "--overwrite")
    assert "is what is read" in line
    assert movie_file.read_bytes() == before


def test_two_outputs_of_one_name(fails, movie_file, clicks, tmp_path):
    out = tmp_path / "o.tif"
    line = fails(movie_file, "--prompts", clicks, "--out", out, "--table", out)
    assert "written already" in line


@pytest.mark.parametrize(
    "options",
    [
        ["--config", "c.yaml"],
        ["--checkpoint", "w.pt", "--config", "c.yaml", "--model", "tiny"],
    ],
)
def test_options_that_contradict(fails, movie_file, clicks, tmp_path, options):
    out = tmp_path / "o.tif"
    line = fails(movie_file, "--prompts", clicks, "--out", out, *options)
    assert "--checkpoint" in line


def test_somebody_elses_zarr_is_refused_before_the_work(
    fails, movie_file, clicks, tmp_path
):
    out = tmp_path / "o.zarr"
    zarr.create_array(out, data=np.ones((2, 3, 4)))
    line = fails(movie_file, "--prompts", clicks, "--out", out, "--overwrite")
    assert "left alone" in line


def test_nothing_to_track(run_cli, fake_model, movie_file, clicks, tmp_path):
    code, _, err = run_cli(
        *("track", movie_file, "--prompts", clicks, "--out", tmp_path / "o.tif"),
        *("--direction", "backward", "--frames", "5:9"),
    )
    assert code == 1
    assert "nothing to track backward" in one_line(err)


@pytest.mark.parametrize(
    ("text", "frames"),
    [(None, range(9)), (":", range(9)), ("2:", range(2, 9)), ("2:5", range(2, 5))],
)
def test_ranges(text, frames):
    assert parse_frames(text, 9) == frames


def test_a_range_backwards():
    with pytest.raises(PromptError, match="no part of the movie"):
        parse_frames("5:2", 9)
