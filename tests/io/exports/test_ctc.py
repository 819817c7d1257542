"""Folders of the Cell Tracking Challenge, as its tools read them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile
from ctc_metrics import evaluate_sequence
from traccuracy.loaders import load_ctc_data

from napari_sam2_ivos.core.errors import Cancelled, StoreError
from napari_sam2_ivos.io.exports import ctc
from tests.io.exports.movies import (
    annotate,
    blank,
    comes_late,
    division,
    leaves_and_returns,
    nothing,
    odd_shapes,
    two_touch,
)


def table(path):
    lines = (path / "res_track.txt").read_text().splitlines()
    return [tuple(map(int, line.split())) for line in lines]


def masks(path):
    return np.stack([tifffile.imread(p) for p in sorted(path.glob("mask*.tif"))])


@pytest.mark.filterwarnings("ignore:Empty frame")
@pytest.mark.parametrize("make", [two_touch, leaves_and_returns, division, comes_late])
def test_the_challenge_finds_it_valid_and_perfect(tmp_path, make):
    """Its own measure, of the result against itself as the truth."""
    res = tmp_path / "01_RES"
    ctc.write(res, make())
    tra = tmp_path / "01_GT" / "TRA"
    tra.mkdir(parents=True)
    for file in res.glob("mask*.tif"):
        shutil.copy(file, tra / file.name.replace("mask", "man_track"))
    shutil.copy(res / "res_track.txt", tra / "man_track.txt")
    shutil.copytree(tra, tra.with_name("SEG"))
    for file in tra.with_name("SEG").glob("man_track*.tif"):
        file.rename(file.with_name(file.name.replace("man_track", "man_seg")))
    found = evaluate_sequence(
        str(res), str(tra.parent), metrics=["Valid", "DET", "SEG", "TRA"], threads=1
    )
    assert found["Valid"] == 1
    assert (found["DET"], found["SEG"], found["TRA"]) == (1, 1, 1)


def test_traccuracy_sees_a_division(tmp_path):
    assert ctc.write(tmp_path / "res", division()) == []
    graph = load_ctc_data(
        str(tmp_path / "res"), str(tmp_path / "res" / "res_track.txt")
    ).graph
    (mother,) = [n for n in graph if graph.out_degree(n) == 2]
    assert (graph.nodes[mother]["t"], graph.nodes[mother]["segmentation_id"]) == (2, 1)
    assert {graph.nodes[n]["segmentation_id"] for n in graph.successors(mother)} == {
        2,
        3,
    }
    assert graph.number_of_nodes() == 3 + 2 * 3


def test_traccuracy_sees_gaps(tmp_path):
    (remark,) = ctc.write(tmp_path / "res", leaves_and_returns())
    assert remark == "Object 4 was split at its gaps into 4, 8, 9."
    assert table(tmp_path / "res") == [
        (4, 0, 1, 0),
        (7, 0, 5, 0),
        (8, 3, 3, 4),
        (9, 5, 5, 8),
    ]
    graph = load_ctc_data(
        str(tmp_path / "res"), str(tmp_path / "res" / "res_track.txt")
    ).graph
    times = sorted((graph.nodes[a]["t"], graph.nodes[b]["t"]) for a, b in graph.edges)
    assert [pair for pair in times if pair[1] - pair[0] > 1] == [(1, 3), (3, 5)]


@pytest.mark.parametrize("make", [two_touch, odd_shapes, comes_late, nothing])
def test_every_pixel(tmp_path, make):
    annotated = make()
    ctc.write(tmp_path / "res", annotated)
    np.testing.assert_array_equal(masks(tmp_path / "res"), annotated.labels)
    assert all(f.suffix == ".tif" for f in (tmp_path / "res").glob("mask*"))


def test_daughters_follow_the_last_stretch_of_a_mother_with_gaps(tmp_path):
    labels = blank(6)
    for t in (0, 2):
        labels[t, 5:10, 5:10] = 1
    labels[4:, 5:8, 5:8] = 2
    labels[4:, 12:15, 5:8] = 3
    ctc.write(tmp_path / "res", annotate(labels, {2: 1, 3: 1}))
    assert table(tmp_path / "res") == [
        (1, 0, 0, 0),
        (2, 4, 5, 4),
        (3, 4, 5, 4),
        (4, 2, 2, 1),
    ]


def test_a_parent_that_is_still_there_is_left_out_and_said(tmp_path):
    labels = blank(4)
    labels[:, 5:10, 5:10] = 1
    labels[2:, 20:25, 5:10] = 2
    (remark,) = ctc.write(tmp_path / "res", annotate(labels, {2: 1}))
    assert "too late or not at all: 2" in remark
    assert table(tmp_path / "res") == [(1, 0, 3, 0), (2, 2, 3, 0)]


def test_a_thousand_frames_have_three_digits_and_more_have_four(tmp_path):
    ctc.write(tmp_path / "a", annotate(blank(1000, 2, 2)))
    ctc.write(tmp_path / "b", annotate(blank(1001, 2, 2)))
    assert (tmp_path / "a" / "mask999.tif").exists()
    assert (tmp_path / "b" / "mask1000.tif").exists()
    assert (tmp_path / "b" / "mask0000.tif").exists()


def test_no_label_is_left_for_a_gap(tmp_path):
    labels = blank(4)
    labels[[0, 2], 5:10, 5:10] = 65535
    with pytest.raises(StoreError, match=r"above 65535.*Fill the gaps"):
        ctc.write(tmp_path / "res", annotate(labels))
    assert list(tmp_path.iterdir()) == []


def test_stopped_in_the_middle_nothing_is_left(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        ctc.write(tmp_path / "res", annotate(division().labels, on_frame=stop))
    assert list(tmp_path.iterdir()) == []
