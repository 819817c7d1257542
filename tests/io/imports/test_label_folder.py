"""Folders with one label image per frame as a beginning."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.imports.label_folder import read_label_folder
from napari_sam2_ivos.io.imports.reading import read_segmentation
from tests.io.exports.movies import blank, division

FITTED = {"plane_shape": (40, 60), "n_frames": 6}


def labels_of(found, n_frames=6):
    return np.stack([found.plane_of(frame) for frame in range(n_frames)])


def write(folder, *names):
    """Write one label image per name: frame 0, 1, ... of a division."""
    for plane, name in zip(division().labels, names, strict=False):
        tifffile.imwrite(folder / name, plane)


def test_masks_of_cellpose_among_the_pictures(tmp_path):
    """One file per frame, called frame_N_cp_masks, beside the frames."""
    for t, plane in enumerate(division().labels):
        Image.fromarray(plane).save(tmp_path / f"frame_{t + 1}_cp_masks.png")
        Image.fromarray(plane.astype(np.uint8)).save(tmp_path / f"frame_{t + 1}.png")
        np.save(tmp_path / f"frame_{t + 1}_seg.npy", {"masks": 1}, allow_pickle=True)
    found = read_segmentation(tmp_path, **FITTED)
    np.testing.assert_array_equal(labels_of(found), division().labels)
    assert found.remarks == []


def test_what_cellpose_saves_for_itself_is_not_opened(tmp_path):
    """It is a pickle, which could run code."""
    for t in range(6):
        np.save(tmp_path / f"frame_{t}_seg.npy", {"masks": 1}, allow_pickle=True)
        Image.new("L", (60, 40)).save(tmp_path / f"frame_{t}.png")
    with pytest.raises(FormatError, match=r"frame_0_seg\.npy.*PNG or TIFF"):
        read_segmentation(tmp_path, **FITTED)


def test_plain_arrays_may_have_that_name_too(tmp_path):
    for t, plane in enumerate(division().labels):
        np.save(tmp_path / f"frame_{t}_seg.npy", plane)
    found = read_segmentation(tmp_path, **FITTED)
    np.testing.assert_array_equal(labels_of(found), division().labels)


def test_frame_10_comes_after_frame_9(tmp_path):
    labels = blank(11)
    for t in range(11):
        labels[t, t, t] = t + 1
        tifffile.imwrite(tmp_path / f"m{t + 1}.tif", labels[t])
    found = read_segmentation(tmp_path, plane_shape=(40, 60), n_frames=11)
    np.testing.assert_array_equal(labels_of(found, 11), labels)


@pytest.mark.parametrize(
    ("names", "frames"),
    [
        (["m0.tif", "m4.tif"], [0, 4]),
        (["m1.tif", "m6.tif"], [0, 5]),
        (["t000_c1.tif", "t003_c1.tif"], [0, 3]),
        (["0.tif"], [0]),
        (["6.tif"], [5]),
    ],
)
def test_some_frames_with_their_numbers(tmp_path, names, frames):
    """Counted from 0 if there is a 0, from 1 if there is a 6 of 6 frames."""
    write(tmp_path, *names)
    found = read_segmentation(tmp_path, **FITTED)
    assert found.frames == frames
    for plane, frame in zip(division().labels, frames, strict=False):
        np.testing.assert_array_equal(found.plane_of(frame), plane)
    assert not found.plane_of(1).any()
    assert found.remarks[0].endswith(f"nothing is known: {6 - len(frames)}.")


@pytest.mark.parametrize(
    "names",
    [
        ["a.tif", "b.tif"],
        ["m1.tif", "m9.tif"],
        ["m1.tif", "m5.tif"],
        ["m0.tif", "m6.tif"],
        ["a0.tif", "b0.tif"],
        ["t0_c0.tif", "t1_c1.tif"],
        ["t0.tif", "t1_c1.tif"],
    ],
)
def test_it_must_be_told_which_frames_these_are(tmp_path, names):
    write(tmp_path, *names)
    with pytest.raises(
        FormatError, match=r"2 label images.*has 6 frames.*one of them 6"
    ):
        read_segmentation(tmp_path, **FITTED)


def test_more_images_than_frames(tmp_path):
    write(tmp_path, *(f"{t}.tif" for t in range(6)))
    with pytest.raises(FormatError, match="6 label images, but the movie has 4"):
        read_segmentation(tmp_path, plane_shape=(40, 60), n_frames=4)


def test_images_of_two_kinds_are_not_mixed(tmp_path):
    write(tmp_path, "m0.tif", "m1.tif", "m2.tif")
    for t in range(3):
        np.save(tmp_path / f"m{t}.npy", division().labels[t])
    with pytest.raises(FormatError, match=r"\.npy and \.tif"):
        read_segmentation(tmp_path, **FITTED)


def test_hidden_files_of_other_systems(tmp_path):
    write(tmp_path, *(f"{t}.tif" for t in range(6)))
    (tmp_path / "._0.tif").write_bytes(b"Mac OS X")
    assert read_segmentation(tmp_path, **FITTED).frames == list(range(6))


def test_a_picture_with_a_colour_table_holds_indices(tmp_path):
    for t, plane in enumerate(division().labels):
        picture = Image.fromarray(plane.astype(np.uint8), mode=None).convert("P")
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
        picture.putdata(plane.ravel().tolist())
        picture.save(tmp_path / f"{t:05d}.png")
    found = read_segmentation(tmp_path, **FITTED)
    np.testing.assert_array_equal(labels_of(found), division().labels)


def test_colour_pictures_are_no_labels(tmp_path):
    for t in range(6):
        Image.new("RGB", (60, 40)).save(tmp_path / f"{t}.png")
    with pytest.raises(FormatError, match="shape"):
        read_segmentation(tmp_path, **FITTED).plane_of(0)


def test_a_damaged_image_is_named(tmp_path):
    write(tmp_path, *(f"{t}.tif" for t in range(6)))
    (tmp_path / "3.tif").write_bytes(b"II*\x00")
    with pytest.raises(FormatError, match=r"3\.tif.*again"):
        labels_of(read_segmentation(tmp_path, **FITTED))


@pytest.mark.parametrize("place", ["nowhere", "file.txt"])
def test_no_folder(tmp_path, place):
    (tmp_path / "file.txt").write_text("")
    with pytest.raises(FormatError, match=f"{place}' cannot be read"):
        read_label_folder(tmp_path / place, **FITTED)


def test_an_empty_folder(tmp_path):
    with pytest.raises(FormatError, match="holds no label images"):
        read_segmentation(tmp_path, **FITTED)
