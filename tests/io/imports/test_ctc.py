"""Cell Tracking Challenge folders and folders of label images as a beginning."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.exports import ctc
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


@st.composite
def lives(draw):
    """Draw up to 4 cells that come and go, some the daughters of others."""
    labels = blank(8, 10, 10)
    for i in range(draw(st.integers(0, 4))):
        frames = draw(st.sets(st.integers(0, 7), min_size=1))
        labels[sorted(frames), i * 2, 1:4] = i * 3 + 1
    ends = {
        i: np.flatnonzero((labels == i).any(axis=(1, 2)))
        for i in np.unique(labels)[1:].tolist()
    }
    parents = {}
    for child in ends:
        mothers = [m for m in ends if ends[m][-1] < ends[child][0]]
        chosen = draw(st.sampled_from([None, *mothers]))
        if chosen is not None:
            parents[child] = chosen
    only = [p for p in parents.values() if list(parents.values()).count(p) == 1]
    # A single daughter after a pause is what a gap looks like: nobody can tell.
    return labels, {c: p for c, p in parents.items() if p not in only}


@settings(max_examples=40, deadline=None)
@given(lives())
def test_gaps_and_divisions_come_back(tmp_path_factory, made):
    labels, parents = made
    folder = tmp_path_factory.mktemp("ctc") / "01_RES"
    ctc.write(folder, annotate(labels, parents))
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 0 2\n", "four whole numbers"),
        ("1 zero 2 0\n", "four whole numbers"),
        ("2 3 5 1\n", "comes from 1"),
        ("1 0 4 0\n2 3 5 1\n", "comes from 1"),
        ("1 5 2 0\n", "before it begins"),
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


def test_masks_of_cellpose_among_the_pictures(tmp_path):
    """One file per frame, called frame_N_cp_masks, beside the frames."""
    for t, plane in enumerate(division().labels):
        Image.fromarray(plane).save(tmp_path / f"frame_{t + 1}_cp_masks.png")
        Image.fromarray(plane.astype(np.uint8)).save(tmp_path / f"frame_{t + 1}.png")
    found = read_segmentation(tmp_path, **FITTED)
    np.testing.assert_array_equal(labels_of(found), division().labels)


def test_some_frames_with_their_numbers(tmp_path):
    for t in (0, 4):
        tifffile.imwrite(tmp_path / f"m{t}.tif", division().labels[t])
    found = read_segmentation(tmp_path, **FITTED)
    assert found.frames == [0, 4]
    assert found.plane_of(4).max() == 3
    assert not found.plane_of(1).any()


def test_a_picture_with_a_colour_table_holds_indices(tmp_path):
    for t, plane in enumerate(division().labels):
        picture = Image.fromarray(plane.astype(np.uint8), mode=None).convert("P")
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
        picture.putdata(plane.ravel().tolist())
        picture.save(tmp_path / f"{t:05d}.png")
    found = read_segmentation(tmp_path, **FITTED)
    np.testing.assert_array_equal(labels_of(found), division().labels)


@pytest.mark.parametrize("names", [["a.tif", "b.tif"], ["m1.tif", "m9.tif"]])
def test_it_must_be_told_which_frames_these_are(tmp_path, names):
    for name in names:
        tifffile.imwrite(tmp_path / name, division().labels[0])
    with pytest.raises(FormatError, match="2 label images, but the movie has 6"):
        read_segmentation(tmp_path, **FITTED)


def test_colour_pictures_are_no_labels(tmp_path):
    for t in range(6):
        Image.new("RGB", (60, 40)).save(tmp_path / f"{t}.png")
    with pytest.raises(FormatError, match="shape"):
        read_segmentation(tmp_path, **FITTED).plane_of(0)
