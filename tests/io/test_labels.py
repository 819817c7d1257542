"""Label stacks are saved whole or not at all, and other programs read them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_sam2_ivos.core.errors import FormatError, StoreError
from napari_sam2_ivos.io.labels import read_labels, write_labels
from napari_sam2_ivos.io.labels_tiff import write_tiff
from napari_sam2_ivos.io.labels_zarr import is_ours
from napari_sam2_ivos.io.sources import open_source

SUFFIXES = [".tif", ".npy", ".zarr"]


def some_labels(shape=(4, 30, 40)):
    labels = np.zeros(shape, np.uint16)
    labels[:, 3:9, 4:12] = 1
    labels[1:, 15:25, 20:30] = 300
    labels[2:, 18:20, 22:26] = 0  # a hole
    labels[-1, -1, -1] = 65535
    return labels


def names(folder):
    return sorted(item.name for item in folder.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read(tmp_path, suffix):
    labels = some_labels()
    path = write_labels(tmp_path / f"out{suffix}", labels)
    assert names(tmp_path) == [path.name]  # no temporary file is left
    back = read_labels(path)
    assert back.dtype == np.uint16
    np.testing.assert_array_equal(np.asarray(back), labels)


@given(
    labels=arrays(
        st.sampled_from([np.uint8, np.uint16, np.int32, np.uint32, np.int64]),
        st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)),
        elements={"min_value": 0, "max_value": 200},
    ),
    suffix=st.sampled_from(SUFFIXES),
)
@settings(max_examples=30, deadline=None)
def test_any_whole_numbers(tmp_path_factory, labels, suffix):
    path = write_labels(tmp_path_factory.mktemp("any") / f"out{suffix}", labels)
    if suffix == ".tif":
        with tifffile.TiffFile(path) as tiff:
            series = tiff.series[0]
            sizes = dict(
                zip(series.get_axes(False), series.get_shape(False), strict=True)
            )
            back = series.asarray(squeeze=False).reshape(labels.shape)
        assert (sizes["T"], sizes["Y"], sizes["X"]) == labels.shape
    else:
        back = np.asarray(read_labels(path))
    np.testing.assert_array_equal(back, labels)


def test_imagej_reads_the_tiff(tmp_path):
    path = write_labels(
        tmp_path / "out.tif",
        some_labels(),
        scale=(0.25, 0.5),
        unit="um",
        interval_s=300,
    )
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_imagej
        assert tiff.series[0].axes == "TYX"
        assert tiff.imagej_metadata["frames"] == 4
        assert tiff.imagej_metadata["finterval"] == 300
        assert tiff.imagej_metadata["unit"] == "um"
        tags = tiff.pages[0].tags
        x, y = tags["XResolution"].value, tags["YResolution"].value
        assert (x[0] / x[1], y[0] / y[1]) == (2.0, 4.0)
        assert tiff.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        np.testing.assert_array_equal(tiff.asarray(), some_labels())
    source = open_source(path)
    assert (source.scale, source.unit, source.interval_s) == ((0.25, 0.5), "um", 300.0)


def test_a_very_large_stack_becomes_ome_tiff(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_sam2_ivos.io.labels_tiff.LARGEST_IMAGEJ", 10)
    path = write_tiff(
        tmp_path / "out.tif",
        some_labels(),
        scale=(0.25, 0.5),
        unit="um",
        interval_s=300,
    )
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_bigtiff
        assert tiff.is_ome
        assert tiff.series[0].axes == "TYX"
        np.testing.assert_array_equal(tiff.asarray(), some_labels())
    source = open_source(path)
    assert (source.scale, source.unit, source.interval_s) == ((0.25, 0.5), "um", 300.0)


def test_zarr_reads_the_zarr(tmp_path):
    path = write_labels(
        tmp_path / "out.zarr",
        some_labels(),
        scale=(0.25, 0.5),
        unit="um",
        interval_s=9.0,
    )
    array = zarr.open(path, mode="r")
    assert array.chunks == (1, 30, 40)
    assert array.dtype == np.uint16
    source = open_source(path)
    assert source.axes == "TYX"
    assert (source.scale, source.unit, source.interval_s) == ((0.25, 0.5), "um", 9.0)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("bad", [2**32, -1])
def test_a_label_that_does_not_fit_is_never_wrapped(tmp_path, suffix, bad):
    labels = some_labels().astype(np.int64)
    labels[2, 0, 0] = bad
    with pytest.raises(StoreError, match=f"Frame 2 has label {bad}"):
        write_labels(tmp_path / f"out{suffix}", labels)
    assert names(tmp_path) == []


def test_an_unknown_suffix(tmp_path):
    with pytest.raises(FormatError, match=r"'\.jpg'.*\.tif, \.npy or \.zarr"):
        write_labels(tmp_path / "out.jpg", some_labels())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_folder_is_made(tmp_path, suffix):
    assert write_labels(tmp_path / "a" / "b" / f"out{suffix}", some_labels()).exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_earlier_result_is_replaced(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    write_labels(path, np.zeros((6, 8, 8), np.uint16))
    write_labels(path, some_labels())
    np.testing.assert_array_equal(np.asarray(read_labels(path)), some_labels())
    assert names(tmp_path) == [path.name]


class FailsAt:
    """Labels that cannot be read or saved beyond a frame."""

    shape, dtype = (4, 30, 40), np.dtype(np.uint16)

    def __init__(self, frame, error):
        self.frame, self.error = frame, error

    def __getitem__(self, index):
        if index >= self.frame:
            raise self.error
        return some_labels()[index]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_the_earlier_file(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    write_labels(path, some_labels())
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StoreError, match=r"out.*No space left.*earlier file is as it"):
        write_labels(path, FailsAt(2, full))
    np.testing.assert_array_equal(np.asarray(read_labels(path)), some_labels())
    assert names(tmp_path) == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits there")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_really_full_disk(tmp_path, suffix):
    """A process that may not write more than 40 kB stands for a full disk."""
    path = tmp_path / f"out{suffix}"
    write_labels(path, some_labels())
    code = f"""
import resource, signal
import numpy as np
from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.io.labels import write_labels
noise = np.random.default_rng(0).integers(0, 60000, (4, 200, 200)).astype("u2")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    write_labels({str(path)!r}, noise)
except StoreError as error:
    assert "could not be saved" in str(error), error
else:
    raise SystemExit("nothing was raised")
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
    np.testing.assert_array_equal(np.asarray(read_labels(path)), some_labels())
    assert names(tmp_path) == [path.name]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_may_not_be_written(tmp_path, suffix):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="could not be saved"):
        write_labels(tmp_path / f"out{suffix}", some_labels())


@pytest.mark.parametrize("suffix", [".tif", ".npy"])
def test_a_folder_in_the_place_of_a_file(tmp_path, suffix):
    (tmp_path / f"out{suffix}").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        write_labels(tmp_path / f"out{suffix}", some_labels())


def test_somebody_elses_zarr_is_never_replaced(tmp_path):
    path = tmp_path / "movie.zarr"
    zarr.create_array(path, data=some_labels() + 1)
    with pytest.raises(StoreError, match="not made by this program"):
        write_labels(path, some_labels())
    np.testing.assert_array_equal(zarr.open(path, mode="r")[:], some_labels() + 1)


def test_a_folder_that_only_ends_in_zarr_is_never_replaced(tmp_path):
    path = tmp_path / "thesis.zarr"
    path.mkdir()
    (path / "chapter1.txt").write_text("years of work")
    with pytest.raises(StoreError, match="left alone"):
        write_labels(path, some_labels())
    assert (path / "chapter1.txt").read_text() == "years of work"


def test_our_zarr_with_notes_of_the_user_in_it_is_never_replaced(tmp_path):
    path = write_labels(tmp_path / "out.zarr", some_labels())
    assert is_ours(path)
    (path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="left alone"):
        write_labels(path, some_labels())
    assert (path / "notes.txt").exists()


def test_labels_are_whole_numbers(tmp_path):
    np.save(tmp_path / "l.npy", np.zeros((3, 4, 5)))
    with pytest.raises(FormatError, match="float64"):
        read_labels(tmp_path / "l.npy")


def test_missing_labels(tmp_path):
    with pytest.raises(FormatError, match="no label file"):
        read_labels(tmp_path / "l.tif")
    (tmp_path / "l.xyz").write_text("")
    with pytest.raises(FormatError, match=r"'\.xyz'"):
        read_labels(tmp_path / "l.xyz")
