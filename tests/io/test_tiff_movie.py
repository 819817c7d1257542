"""TIFF, ImageJ and OME-TIFF stacks open with the right axes and calibration."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_sam2_ivos.core.errors import FormatError, IvosWarning
from napari_sam2_ivos.io.sources import open_source
from tests.io.opened import DTYPES, check, stack


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_plain_tiff(tmp_path, dtype, compression):
    data = stack((5, 7, 9), dtype)
    tifffile.imwrite(
        tmp_path / "m.tif", data, compression=compression, photometric="minisblack"
    )
    source = open_source(tmp_path / "m.tif")
    assert source.data.dtype == dtype
    assert source.name == "m.tif"
    check(source, data)


@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.tuples(*[st.integers(2, 6)] * 3),
    kind=st.sampled_from(["tif", "npy", "zarr"]),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_shape_and_type_reads_back(tmp_path_factory, dtype, shape, kind):
    path = tmp_path_factory.mktemp("any") / f"m.{kind}"
    data = stack(shape, dtype)
    if kind == "tif":
        tifffile.imwrite(path, data, photometric="minisblack", metadata={"axes": "TYX"})
    elif kind == "npy":
        np.save(path, data)
    else:
        zarr.create_array(path, data=data)
    source = open_source(path)
    assert source.data.dtype == dtype
    np.testing.assert_array_equal(np.asarray(source.data), data)


def test_imagej_stack_keeps_pixel_size_and_interval(tmp_path):
    data = stack((5, 7, 9))
    tifffile.imwrite(
        tmp_path / "m.tif",
        data,
        imagej=True,
        resolution=(1 / 0.5, 1 / 0.25),
        metadata={"axes": "TYX", "unit": "micron", "finterval": 120.0},
    )
    source = open_source(tmp_path / "m.tif")
    assert source.axes == "TYX"
    assert source.scale == (0.25, 0.5)
    assert source.unit == "um"
    assert source.interval_s == 120.0
    check(source, data)


def test_imagej_interval_in_minutes(tmp_path):
    tifffile.imwrite(
        tmp_path / "m.tif",
        stack((5, 7, 9)),
        imagej=True,
        metadata={"axes": "TYX", "finterval": 5.0, "tunit": "min"},
    )
    assert open_source(tmp_path / "m.tif").interval_s == 300.0


def test_ome_tiff(tmp_path):
    data = stack((5, 2, 7, 9))
    tifffile.imwrite(
        tmp_path / "m.ome.tif",
        data,
        photometric="minisblack",
        metadata={
            "axes": "TCYX",
            "PhysicalSizeX": 0.5,
            "PhysicalSizeY": 0.25,
            "TimeIncrement": 2.0,
            "TimeIncrementUnit": "min",
        },
    )
    source = open_source(tmp_path / "m.ome.tif")
    assert source.axes == "TCYX"
    assert source.scale == (0.25, 0.5)
    assert source.unit == "um"
    assert source.interval_s == 120.0
    check(source, data[:, 0])


def test_time_that_is_not_first(tmp_path):
    data = stack((2, 5, 7, 9))
    tifffile.imwrite(
        tmp_path / "m.tif", data, photometric="minisblack", metadata={"axes": "CTYX"}
    )
    source = open_source(tmp_path / "m.tif")
    assert source.time_axis == 1
    check(source, data[0])


def test_a_z_stack_counts_as_time(tmp_path):
    data = stack((5, 7, 9))
    tifffile.imwrite(tmp_path / "m.tif", data, imagej=True, metadata={"axes": "ZYX"})
    source = open_source(tmp_path / "m.tif")
    assert source.time_axis == 0
    check(source, data)


def test_pages_without_any_metadata(tmp_path):
    data = stack((5, 7, 9))
    with tifffile.TiffWriter(tmp_path / "m.tif", shaped=False) as tiff:
        for plane in data:
            tiff.write(plane, photometric="minisblack", contiguous=False, metadata=None)
    check(open_source(tmp_path / "m.tif"), data)


def test_printer_resolution_is_no_pixel_size(tmp_path):
    tifffile.imwrite(
        tmp_path / "m.tif",
        stack((5, 7, 9)),
        photometric="minisblack",
        resolution=(72, 72),
        resolutionunit="INCH",
    )
    assert open_source(tmp_path / "m.tif").scale is None


def test_rgb_tiff(tmp_path):
    data = stack((5, 7, 9, 3), "uint8")
    tifffile.imwrite(tmp_path / "m.tif", data, photometric="rgb")
    source = open_source(tmp_path / "m.tif")
    assert source.rgb
    check(source, data)


@pytest.mark.parametrize("axes", ["TYX", None])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("imagej", [True, False])
def test_a_truncated_tiff_is_told_when_opened(tmp_path, axes, compression, imagej):
    whole = tmp_path / "whole.tif"
    noise = np.random.default_rng(0).integers(0, 4000, (20, 64, 64)).astype(np.uint16)
    tifffile.imwrite(
        whole,
        noise,
        imagej=imagej,
        compression=compression,
        metadata={"axes": axes} if axes else None,
        photometric="minisblack",
    )
    raw = whole.read_bytes()
    (tmp_path / "cut.tif").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(FormatError, match=r"'cut.tif'.*(cut short|cannot be read)"):
        open_source(tmp_path / "cut.tif")


def test_a_second_series_is_mentioned(tmp_path):
    with tifffile.TiffWriter(tmp_path / "m.tif") as tiff:
        tiff.write(stack((5, 7, 9)), photometric="minisblack")
        tiff.write(stack((4, 8, 8)), photometric="minisblack")
    with pytest.warns(IvosWarning, match="2 image series"):
        source = open_source(tmp_path / "m.tif")
    assert source.data.shape == (5, 7, 9)


def test_a_compression_without_decoder_names_the_package(tmp_path, monkeypatch):
    path = tmp_path / "m.tif"
    tifffile.imwrite(
        path, stack((3, 7, 9)), compression="zlib", photometric="minisblack"
    )
    monkeypatch.setattr(tifffile.TIFF, "DECOMPRESSORS", {})
    for given_path in (path, tmp_path):  # a stack, and a folder of frames
        with pytest.raises(
            FormatError, match=r"ADOBE_DEFLATE.*pip install imagecodecs"
        ):
            open_source(given_path)


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd", "packbits"])
def test_compressed_tiffs_of_other_programs_open(tmp_path, compression):
    movie = np.arange(3 * 20 * 30, dtype=np.uint16).reshape(3, 20, 30)
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, movie, compression=compression, photometric="minisblack")
    source = open_source(path)
    np.testing.assert_array_equal(np.asarray(source.data[1]), movie[1])
