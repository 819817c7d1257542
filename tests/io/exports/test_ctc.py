"""Folders of the Cell Tracking Challenge, as its tools read them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile
from ctc_metrics import evaluate_sequence, validate_sequence
from traccuracy.loaders import load_ctc_data

from napari_sam2_ivos.core.errors import Cancelled, StoreError
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.exports import ctc
from tests.io.exports.movies import (
    annotate,
    blank,
    comes_late,
    division,
    leaves_and_returns,
    nothing,
    odd_shapes,
    one_frame,
    two_touch,
)


def table(path):
    lines = (path / "res_track.txt").read_text().splitlines()
    return [tuple(map(int, line.split())) for line in lines]


def masks(path):
    return np.stack([tifffile.imread(p) for p in sorted(path.glob("mask*.tif"))])


def long_gap():
    """Cell 1 is away for 5 frames, and then divides after another 3."""
    labels = blank(14)
    labels[[0, 1, 7, 8], 5:10, 5:10] = 1
    labels[11:, 5:8, 5:8] = 2
    labels[11:, 12:15, 5:8] = 300
    return annotate(labels, {2: 1, 300: 1})


def odd_shapes_of_lower_labels():
    """Without label 65535, to which py-ctcmetrics adds 1 in 16 bits."""
    labels = odd_shapes().labels
    return annotate(np.where(labels == 65535, 301, labels))


CASES = [
    two_touch,
    leaves_and_returns,
    division,
    odd_shapes_of_lower_labels,
    comes_late,
    long_gap,
]


@pytest.mark.filterwarnings("ignore:Empty frame")
@pytest.mark.parametrize("make", CASES)
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


def test_a_movie_of_one_frame(tmp_path):
    """It has no edge, without which py-ctcmetrics computes no TRA."""
    assert ctc.write(tmp_path / "res", one_frame()) == []
    assert validate_sequence(str(tmp_path / "res"), threads=1)["Valid"] == 1
    assert load_ctc_data(str(tmp_path / "res")).graph.number_of_nodes() == 1


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


def test_both_allow_long_gaps_and_a_pause_before_a_division(tmp_path):
    """No reader limits how long after its parent a label may begin."""
    (remark,) = ctc.write(tmp_path / "res", long_gap())
    assert remark == "Object 1 was split at its gaps into 1, 301."
    graph = load_ctc_data(str(tmp_path / "res")).graph
    skips = [
        (graph.nodes[a]["t"], graph.nodes[b]["t"], graph.out_degree(a))
        for a, b in graph.edges
        if graph.nodes[b]["t"] - graph.nodes[a]["t"] > 1
    ]
    assert sorted(skips) == [(1, 7, 1), (8, 11, 2), (8, 11, 2)]


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


def test_without_any_mask_it_is_said_that_no_tool_reads_it(tmp_path):
    (remark,) = ctc.write(tmp_path / "res", nothing())
    assert "at least one" in remark
    assert table(tmp_path / "res") == []


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


def test_a_mother_without_a_mask_is_skipped_and_said(tmp_path):
    """1 divided into 2, which nobody masked, and 2 into 3 and 4."""
    labels = blank()
    labels[:3, 5:10, 5:10] = 1
    labels[3:, 5:8, 5:8] = 3
    labels[3:, 12:15, 5:8] = 4
    annotated = annotate(labels, {3: 1, 4: 1})
    annotated.tracks[2] = Track(2, 6)
    for child, parent in ((2, 1), (3, 2), (4, 2)):
        annotated.tracks[child].parent = parent
    (remark,) = ctc.write(tmp_path / "res", annotated)
    assert remark.endswith("since the parent has no mask: 3, 4.")
    assert table(tmp_path / "res") == [(1, 0, 2, 0), (3, 3, 5, 1), (4, 3, 5, 1)]


def test_without_any_ancestor_that_has_a_mask(tmp_path):
    labels = blank()
    labels[3:, 5:8, 5:8] = 3
    annotated = annotate(labels)
    annotated.tracks[2] = Track(2, 6)
    annotated.tracks[3].parent = 2
    (remark,) = ctc.write(tmp_path / "res", annotated)
    assert remark.endswith("too late or not at all: 3.")
    assert table(tmp_path / "res") == [(3, 3, 5, 0)]


def test_an_only_child_after_a_pause_is_said(tmp_path):
    """The format writes a gap like that, so no reader can tell them apart."""
    labels = blank()
    labels[:2, 5:10, 5:10] = 1
    labels[3:, 5:8, 5:8] = 2
    (remark,) = ctc.write(tmp_path / "a", annotate(labels, {2: 1}))
    assert remark.endswith("came back after a gap: 2.")
    labels[2] = labels[1]
    assert ctc.write(tmp_path / "b", annotate(labels, {2: 1})) == []


def test_many_remarks_are_counted(tmp_path):
    labels = blank()
    labels[::2, 0, :20] = np.arange(1, 21)
    remarks = ctc.write(tmp_path / "res", annotate(labels))
    assert len(remarks) <= 10
    assert remarks[-1] == "So were 14 more objects."


def test_a_thousand_frames_have_three_digits_and_more_have_four(tmp_path):
    ctc.write(tmp_path / "a", annotate(blank(1000, 2, 2)))
    ctc.write(tmp_path / "b", annotate(blank(1001, 2, 2)))
    assert (tmp_path / "a" / "mask999.tif").exists()
    assert (tmp_path / "b" / "mask1000.tif").exists()
    assert (tmp_path / "b" / "mask0000.tif").exists()


def test_a_gap_of_the_highest_label_takes_one_that_is_free(tmp_path):
    labels = blank(4)
    labels[[0, 2], 5:10, 5:10] = 65535
    labels[:, 20, 20] = 1
    (remark,) = ctc.write(tmp_path / "res", annotate(labels))
    assert remark == "Object 65535 was split at its gaps into 65535, 2."
    assert table(tmp_path / "res") == [(1, 0, 3, 0), (2, 2, 2, 65535), (65535, 0, 0, 0)]
    load_ctc_data(str(tmp_path / "res"))


def test_no_label_is_left_for_a_gap(tmp_path, monkeypatch):
    monkeypatch.setattr(ctc, "MAX_TRACK_ID", 8)
    labels = blank(4)
    labels[:, 0, :8] = np.arange(1, 9)
    labels[1, 0, 2] = 0
    with pytest.raises(StoreError, match=r"more than the 8 labels.*Fill the gaps"):
        ctc.write(tmp_path / "res", annotate(labels))
    assert list(tmp_path.iterdir()) == []


def test_stopped_in_the_middle_nothing_is_left(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        ctc.write(tmp_path / "res", annotate(division().labels, on_frame=stop))
    assert list(tmp_path.iterdir()) == []
