"""Cell Tracking Challenge folders as a beginning."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from traccuracy.loaders import load_ctc_data

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.exports import ctc
from napari_sam2_ivos.io.imports.ctc import read_ctc
from napari_sam2_ivos.io.imports.reading import read_segmentation
from tests.io.exports.movies import (
    annotate,
    blank,
    division,
    leaves_and_returns,
    odd_shapes,
)

FITTED = {"plane_shape": (40, 60), "n_frames": 6}


def labels_of(found, n_frames=6):
    return np.stack([found.plane_of(frame) for frame in range(n_frames)])


@pytest.mark.parametrize("make", [division, leaves_and_returns, odd_shapes])
def test_what_was_written_comes_back(tmp_path, make):
    annotated = make()
    ctc.write(tmp_path / "01_RES", annotated)
    found = read_segmentation(tmp_path / "01_RES", **FITTED)
    np.testing.assert_array_equal(labels_of(found), annotated.labels)
    expected = {i: t.parent for i, t in annotated.tracks.items() if t.parent}
    assert found.parents == expected
    assert found.frames == list(range(6))


def test_closed_gaps_are_counted(tmp_path):
    ctc.write(tmp_path / "01_RES", leaves_and_returns())
    found = read_segmentation(tmp_path / "01_RES", **FITTED)
    assert found.remarks == ["Gaps closed: 2. The object after a gap has its first ID."]
    ctc.write(tmp_path / "02_RES", division())
    assert read_segmentation(tmp_path / "02_RES", **FITTED).remarks == []


def test_daughters_after_a_pause_are_a_division(tmp_path):
    labels = blank()
    labels[:2, 5:10, 5:10] = 1
    labels[4:, 5:8, 5:8] = 2
    labels[4:, 12:15, 5:8] = 3
    ctc.write(tmp_path / "01_RES", annotate(labels, {2: 1, 3: 1}))
    found = read_ctc(tmp_path / "01_RES", **FITTED)
    np.testing.assert_array_equal(labels_of(found), labels)
    assert found.parents == {2: 1, 3: 1}


@st.composite
def families(draw):
    """Draw a mother and up to three daughters, all of which come and go.

    A single daughter is only drawn right after her mother: after a pause she is what a
    gap looks like, and nobody can tell.
    """
    labels = blank(8, 10, 10)
    there = {}
    for row, (track_id, first, last) in enumerate(
        ((7, 0, 3), (2, 4, 7), (300, 4, 7), (4, 4, 7))
    ):
        there[track_id] = draw(st.sets(st.integers(first, last), min_size=1))
        labels[sorted(there[track_id]), 2 * row, 1:4] = track_id
    daughters = draw(st.lists(st.sampled_from([2, 300, 4]), unique=True))
    if len(daughters) == 1 and min(there[daughters[0]]) > max(there[7]) + 1:
        daughters = []
    return labels, dict.fromkeys(daughters, 7)


@settings(max_examples=80, deadline=None)
@given(families())
def test_gaps_and_divisions_come_back(tmp_path_factory, made):
    labels, parents = made
    folder = tmp_path_factory.mktemp("ctc") / "01_RES"
    ctc.write(folder, annotate(labels, parents))
    if labels.any():
        load_ctc_data(str(folder))  # raises if table and masks disagree
    found = read_segmentation(folder, plane_shape=(10, 10), n_frames=8)
    np.testing.assert_array_equal(labels_of(found, 8), labels)
    assert found.parents == parents


def test_a_truth_with_its_folders(tmp_path):
    tra = tmp_path / "01_GT" / "TRA"
    tra.mkdir(parents=True)
    for t, plane in enumerate(division().labels):
        tifffile.imwrite(tra / f"man_track{t:03d}.tif", plane)
    (tra / "man_track.txt").write_text("1 0 2 0\n2 3 5 1\n3 3 5 1\n")
    for place in (tmp_path / "01_GT", tra):
        found = read_segmentation(place, **FITTED)
        np.testing.assert_array_equal(labels_of(found), division().labels)
        assert found.parents == {2: 1, 3: 1}
        assert found.remarks == [
            "A truth of tracks marks where cells are, not always their outlines."
        ]


def test_a_truth_of_some_outlines_only(tmp_path):
    seg = tmp_path / "01_GT" / "SEG"
    seg.mkdir(parents=True)
    for t in (1, 4):
        tifffile.imwrite(seg / f"man_seg{t:03d}.tif", division().labels[t])
    for place in (tmp_path / "01_GT", seg):
        found = read_ctc(place, **FITTED)
        assert found.frames == [1, 4]
        assert found.parents == {}
        np.testing.assert_array_equal(found.plane_of(4), division().labels[4])
        assert not found.plane_of(2).any()
        assert "no table" in found.remarks[0]
        assert found.remarks[1].endswith("nothing is known: 4.")


def test_a_tracking_folder_without_masks_is_passed_over(tmp_path):
    (tmp_path / "TRA").mkdir()
    (tmp_path / "SEG").mkdir()
    tifffile.imwrite(tmp_path / "SEG" / "man_seg002.tif", division().labels[2])
    assert read_ctc(tmp_path, **FITTED).frames == [2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 0 2\n", "four whole numbers"),
        ("1 zero 2 0\n", "four whole numbers"),
        ("2 3 5 1\n", "comes from 1"),
        ("1 0 4 0\n2 3 5 1\n", "comes from 1"),
        ("1 5 2 0\n", "before it begins"),
        ("1 0 2 0\n\n1 3 5 0\n", "label 1 twice. Correct line 3"),
        ("0 0 2 0\n", "label 0"),
        ("65536 0 2 0\n", "label 65536"),
        ("1 0 2 0\n2 3 5 -1\n", "Set the parent of 2 to 0"),
        ("\x00\x01", "four whole numbers"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, text, words):
    ctc.write(tmp_path / "01_RES", division())
    (tmp_path / "01_RES" / "res_track.txt").write_text(text)
    with pytest.raises(FormatError, match=rf"res_track\.txt.*{words}"):
        read_segmentation(tmp_path / "01_RES", **FITTED)


def test_a_folder_of_another_movie(tmp_path):
    ctc.write(tmp_path / "01_RES", division())
    with pytest.raises(FormatError, match="mask of frame 5"):
        read_segmentation(tmp_path / "01_RES", plane_shape=(40, 60), n_frames=4)
    found = read_segmentation(tmp_path / "01_RES", plane_shape=(41, 60), n_frames=6)
    with pytest.raises(FormatError, match=r"mask000\.tif.*shape"):
        found.plane_of(0)


def test_a_table_from_another_system(tmp_path):
    """Tabs, a byte order mark, Windows line ends, an empty last line."""
    ctc.write(tmp_path / "01_RES", division())
    text = "\ufeff1\t0\t2\t0\r\n2\t3\t5\t1\r\n3\t3\t5\t1\r\n \r\n"
    (tmp_path / "01_RES" / "res_track.txt").write_bytes(text.encode())
    assert read_ctc(tmp_path / "01_RES", **FITTED).parents == {2: 1, 3: 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 0 2 0\n2 3 5 1\n", r"label 3 is in 'mask003\.tif'"),
        ("1 0 2 0\n2 3 5 1\n3 3 4 1\n", r"label 3 is in 'mask005\.tif'"),
        ("1 0 2 0\n2 3 5 1\n3 3 5 1\n9 4 4 0\n", r"label 9 is not in 'mask004\.tif'"),
    ],
)
def test_masks_count_where_the_table_says_otherwise(tmp_path, text, words):
    ctc.write(tmp_path / "01_RES", division())
    (tmp_path / "01_RES" / "res_track.txt").write_text(text)
    found = read_ctc(tmp_path / "01_RES", **FITTED)
    for _ in range(2):
        np.testing.assert_array_equal(labels_of(found), division().labels)
    (remark,) = found.remarks
    assert re.search(rf"res_track\.txt.*taken as they are: {words}", remark)


def test_two_cells_never_become_one(tmp_path):
    """The table says that 8 is 4 after a gap, but both are there on frame 3."""
    labels = blank()
    labels[:, 2:5, 2:5] = 4
    labels[3:, 10:12, 10:12] = 8
    ctc.write(tmp_path / "01_RES", annotate(labels))
    (tmp_path / "01_RES" / "res_track.txt").write_text("4 0 1 0\n8 3 5 4\n")
    found = read_ctc(tmp_path / "01_RES", **FITTED)
    with pytest.raises(FormatError, match=r"mask003\.tif' holds labels 4 and 8.*to 0"):
        found.plane_of(3)


def test_missing_frames_and_a_longer_table_are_said(tmp_path):
    ctc.write(tmp_path / "01_RES", division())
    (tmp_path / "01_RES" / "mask002.tif").unlink()
    (tmp_path / "01_RES" / "mask005.tif").unlink()
    found = read_ctc(tmp_path / "01_RES", plane_shape=(40, 60), n_frames=5)
    assert found.frames == [0, 1, 3, 4]
    assert found.remarks == [
        "Frames without a mask file, of which nothing is known: 1.",
        "'res_track.txt' goes on to frame 5, but the movie has frames 0 to 4.",
    ]


def test_two_masks_of_a_frame(tmp_path):
    ctc.write(tmp_path / "01_RES", division())
    tifffile.imwrite(tmp_path / "01_RES" / "mask0002.tif", division().labels[0])
    with pytest.raises(FormatError, match=r"mask0002\.tif' and 'mask002\.tif'"):
        read_ctc(tmp_path / "01_RES", **FITTED)


def test_a_damaged_mask_is_named(tmp_path):
    ctc.write(tmp_path / "01_RES", division())
    file = tmp_path / "01_RES" / "mask003.tif"
    file.write_bytes(file.read_bytes()[:100])
    found = read_ctc(tmp_path / "01_RES", **FITTED)
    with pytest.raises(FormatError, match=r"mask003\.tif.*again"):
        labels_of(found)


def test_a_folder_without_masks(tmp_path):
    (tmp_path / "res_track.txt").write_text("1 0 2 0\n")
    with pytest.raises(FormatError, match="holds no masks"):
        read_segmentation(tmp_path, **FITTED)
