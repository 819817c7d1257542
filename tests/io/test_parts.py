"""Of a large frame in a file, only what a part needs is read."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import basic_indices

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.raw_array import RawArray
from napari_sam2_ivos.io.sources import open_source

SHAPE = (3, 200, 240)
DATA = np.random.default_rng(0).integers(0, 60_000, SHAPE, np.uint16)
ROWS, COLUMNS = slice(70, 120), slice(130, 190)
"""Lie in rows 64 to 127 and columns 128 to 191 of the pieces of 64 x 64."""


def movie_at(path):
    source = open_source(path)
    return Movie(source.data, source.time_axis, source.rgb)


def assert_only_the_part_can_be_read(path):
    """Of a file all of whose other pieces are damaged."""
    movie = movie_at(path)
    part = movie.part(1, ROWS, COLUMNS)
    np.testing.assert_array_equal(part, DATA[1, ROWS, COLUMNS])
    with pytest.raises(MovieError):
        movie.plane(1)


@pytest.mark.parametrize("pieces", [{"tile": (64, 64)}, {"rowsperstrip": 64}])
def test_of_a_compressed_tiff_only_tiles_or_strips_of_the_part_are_read(
    tmp_path, pieces
):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, DATA, photometric="minisblack", compression="zlib", **pieces)
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[1]
        n_across = 4 if "tile" in pieces else 1
        needed = {1 * n_across + (2 if "tile" in pieces else 0)}
        where = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    with path.open("r+b") as file:
        for i, (offset, n_bytes) in enumerate(where):
            if i not in needed:
                file.seek(offset)
                file.write(b"\x55" * n_bytes)
    assert_only_the_part_can_be_read(path)


def test_of_a_zarr_movie_only_chunks_of_the_part_are_read(tmp_path):
    path = tmp_path / "m.zarr"
    array = zarr.create_array(path, shape=SHAPE, chunks=(1, 64, 64), dtype=np.uint16)
    array[:] = DATA
    needed = path / "c" / "1" / "1" / "2"
    assert needed.is_file()
    for chunk in (path / "c" / "1").glob("*/*"):
        if chunk != needed:
            chunk.write_bytes(b"\x55" * 100)
    assert_only_the_part_can_be_read(path)


@pytest.mark.parametrize(
    "flavour",
    [
        {"photometric": "minisblack"},
        {"photometric": "minisblack", "byteorder": ">"},
        {"imagej": True},
        {"photometric": "minisblack", "rowsperstrip": 16},
    ],
)
def test_of_an_uncompressed_tiff_only_rows_of_the_part_are_read(
    tmp_path, monkeypatch, flavour
):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, DATA, **flavour)
    movie = movie_at(path)
    assert movie.data.dtype == np.uint16
    counts, read = [], np.fromfile
    monkeypatch.setattr(
        np, "fromfile", lambda f, d, n, **k: counts.append(n) or read(f, d, n, **k)
    )
    part = movie.part(1, ROWS, COLUMNS)
    assert counts == [50 * 240]
    np.testing.assert_array_equal(part, DATA[1, ROWS, COLUMNS])
    np.testing.assert_array_equal(movie.plane(2), DATA[2])


def test_of_an_uncompressed_tiff_in_colours_a_part_is_right(tmp_path):
    data = np.random.default_rng(1).integers(0, 255, (2, 30, 40, 3), np.uint8)
    tifffile.imwrite(tmp_path / "m.tif", data, photometric="rgb")
    movie = movie_at(tmp_path / "m.tif")
    part = movie.part(1, slice(3, 9), slice(20, 25))
    np.testing.assert_array_equal(part, data[1, 3:9, 20:25])


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "values"
    values = np.arange(2 * 3 * 4 * 5, dtype=">i2").reshape(2, 3, 4, 5)
    path.write_bytes(b"head" + values.tobytes())
    return path, values


@given(
    index=basic_indices((2, 3, 4, 5), allow_newaxis=False), n_inner=st.integers(1, 4)
)
@settings(max_examples=300, deadline=None)
def test_raw_values_are_indexed_as_numpy_does(raw, index, n_inner):
    path, values = raw
    array = RawArray(path, 4, values.shape, values.dtype, n_inner)
    np.testing.assert_array_equal(array[index], values[index])


def test_a_file_that_went_away_or_was_cut_is_named(tmp_path):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, DATA, photometric="minisblack")
    movie = movie_at(path)
    with path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(MovieError, match=r"'m\.tif' cannot be read"):
        movie.part(1, ROWS, COLUMNS)
    path.unlink()
    with pytest.raises(MovieError, match=r"'m\.tif' cannot be read"):
        movie.part(1, ROWS, COLUMNS)


def test_a_folder_decodes_a_frame_once_for_several_parts(tmp_path, monkeypatch):
    for i, plane in enumerate(DATA):
        tifffile.imwrite(tmp_path / f"{i}.tif", plane)
    movie = movie_at(tmp_path)
    reads, read = [], tifffile.imread
    monkeypatch.setattr(
        tifffile, "imread", lambda f, **k: reads.append(f.name) or read(f, **k)
    )
    for frame in (1, 1, 2):
        part = movie.part(frame, ROWS, COLUMNS)
        np.testing.assert_array_equal(part, DATA[frame, ROWS, COLUMNS])
    assert reads == ["1.tif", "2.tif"]
