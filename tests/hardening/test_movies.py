"""Whatever a movie looks like in memory or on disk, it is the same movie."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from napari_sam2_ivos.core.errors import (
    IvosError,
    IvosWarning,
    MovieError,
)
from napari_sam2_ivos.core.fingerprint import fingerprint_of
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.io.sources import open_source
from napari_sam2_ivos.testing.segmenter import FakeSegmenter

DTYPES = (
    "?",
    "u1",
    "i1",
    "<u2",
    ">u2",
    "<i2",
    "<u4",
    ">i4",
    "<f2",
    "<f4",
    ">f4",
    ">f8",
)


@st.composite
def stacks(draw, dtypes=DTYPES):
    """Draw a ``(T, Y, X)`` stack with a bright square, if there is room for one."""
    shape = (
        draw(st.integers(1, 5)),
        draw(st.sampled_from([1, 2, 7, 33])),
        draw(st.sampled_from([1, 3, 8, 40])),
    )
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    rng = np.random.default_rng(draw(st.integers(0, 5)))
    data = rng.integers(0, 30, shape).astype(dtype)
    data[:, shape[1] // 3 : shape[1] // 2 + 1, shape[2] // 3 : shape[2] // 2 + 1] = 100
    return data


def laid_out(data, layout):
    """Return equal data that lie otherwise in memory."""
    if layout == "fortran":
        return np.asfortranarray(data)
    if layout == "reversed":
        return np.ascontiguousarray(data[:, ::-1, ::-1])[:, ::-1, ::-1]
    if layout == "strided":
        wide = np.zeros(
            (data.shape[0], data.shape[1] * 2, data.shape[2] * 3), data.dtype
        )
        wide[:, ::2, 1::3] = data
        return wide[:, ::2, 1::3]
    if layout == "swapped":
        return data.astype(data.dtype.newbyteorder())
    if layout == "read-only":
        data = data.copy()
        data.flags.writeable = False
    if layout == "zarr":
        made = zarr.create_array(
            {}, shape=data.shape, chunks=(1, 5, 4), dtype=data.dtype
        )
        made[:] = data
        return made
    return data


LAYOUTS = ("plain", "fortran", "reversed", "strided", "swapped", "read-only", "zarr")


def tracked(movie):
    session = Session(movie, FakeSegmenter(movie), np.zeros(movie.shape, np.uint16))
    y, x = movie.plane_shape
    session.add_points(1, 0, [(y // 3, x // 3)])
    list(session.propagate())
    return session


@settings(max_examples=60, deadline=None)
@given(stacks(), st.sampled_from(LAYOUTS))
def test_memory_order_does_not_matter(data, layout):
    plain, other = Movie(data), Movie(laid_out(data, layout))
    for frame in range(plain.n_frames):
        np.testing.assert_array_equal(plain.plane(frame), other.plane(frame))
    assert fingerprint_of(plain) == fingerprint_of(other)
    assert IntensityMapping.of_movie(plain) == IntensityMapping.of_movie(other)
    np.testing.assert_array_equal(tracked(plain).labels, tracked(other).labels)


@settings(max_examples=40, deadline=None)
@given(stacks(), st.permutations([0, 1, 2]), st.integers(1, 3), st.integers(1, 2))
def test_any_axis_can_be_time(data, order, n_depths, n_channels):
    """Other axes are held at a position, wherever time is among them."""
    outer = (data.shape[0], n_depths, n_channels)
    full = np.zeros((*outer, *data.shape[1:]), data.dtype)
    full[:, n_depths - 1, n_channels - 1] = data
    turned = np.transpose(full, (*order, 3, 4))
    held = {order.index(1): n_depths - 1, order.index(2): n_channels - 1}
    movie = Movie(turned, order.index(0), held=held)
    assert movie.shape == data.shape
    assert fingerprint_of(movie) == fingerprint_of(Movie(data))
    np.testing.assert_array_equal(tracked(movie).labels, tracked(Movie(data)).labels)


@settings(max_examples=30, deadline=None)
@given(
    stacks(("u1", "<u2", ">u2", "<i2", "<f4")),
    st.sampled_from(["imagej", "plain", "ome", "tiled", "npy", "zarr"]),
)
def test_files_hold_the_same_movie(tmp_path_factory, data, form):
    if form == "imagej" and data.dtype.str[1:] not in ("u1", "u2", "f4"):
        form = "plain"
    if form == "imagej" and data.shape[2] == 1:
        form = "ome"  # tifffile itself cannot read back so narrow a hyperstack
    if form == "tiled" and min(data.shape[1:]) < 16:
        form = "ome"
    path = (
        tmp_path_factory.mktemp("movies")
        / f"movie{'.tif' if form != 'npy' else '.npy'}"
    )
    axes = {"metadata": {"axes": "TYX"}}
    if form == "imagej":
        tifffile.imwrite(
            path, data.astype(data.dtype.newbyteorder(">")), imagej=True, **axes
        )
    elif form == "plain":
        tifffile.imwrite(path, data, photometric="minisblack", metadata=None)
    elif form == "ome":
        tifffile.imwrite(path, data, ome=True, photometric="minisblack", **axes)
    elif form == "tiled":
        tifffile.imwrite(
            path, data, ome=True, tile=(16, 16), compression="zlib", **axes
        )
    elif form == "npy":
        np.save(path, data)
    else:
        path = path.with_suffix(".zarr")
        made = zarr.create_array(
            path, shape=data.shape, chunks=(1, 6, 7), dtype=data.dtype
        )
        made[:] = data
    if data.shape[0] == 1 and path.suffix == ".tif":
        with pytest.raises(MovieError, match="single image"):
            open_source(path)
        return
    source = open_source(path)
    movie = Movie(source.data, source.time_axis, source.rgb)
    assert movie.shape == data.shape
    for frame in range(movie.n_frames):
        np.testing.assert_array_equal(movie.plane(frame), data[frame])
    assert fingerprint_of(movie) == fingerprint_of(Movie(data))


@settings(max_examples=40, deadline=None)
@given(stacks(("<f4", ">f8")), st.sampled_from([np.nan, np.inf, -np.inf]), st.data())
def test_a_pixel_that_is_no_number_spoils_nothing(data, value, draw):
    data = data.copy()
    frame = draw.draw(st.integers(0, data.shape[0] - 1))
    data[frame, 0, 0] = value
    movie = Movie(data)
    if not np.isfinite(data).any():
        with pytest.raises(MovieError, match="no finite pixel"):
            IntensityMapping.of_movie(movie)
        return
    with pytest.warns(IvosWarning, match="NaN or infinite pixels"):
        mapping = IntensityMapping.of_movie(movie)
    assert np.isfinite([mapping.low, mapping.high]).all()
    seen = mapping(movie.plane(frame))
    assert np.isfinite(seen).all()
    assert seen.min() >= 0
    assert seen.max() <= 1


@pytest.mark.parametrize("value", [0, 7, -1e30])
def test_a_movie_of_one_value(value):
    movie = Movie(np.full((3, 5, 6), value, np.float32))
    seen = IntensityMapping.of_movie(movie)(movie.plane(1))
    assert np.isfinite(seen).all()
    fingerprint_of(movie)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((4, 5)), "time axis"),
        (np.zeros((0, 5, 6)), "empty"),
        (np.zeros((3, 0, 6)), "empty"),
        (np.zeros((3, 5, 6), complex), "complex128"),
        (np.zeros((3, 5, 6), "S3"), "values"),
        (np.array([[["a"]]], object), "object"),
        (np.zeros((3, 5, 6), "datetime64[s]"), "values"),
    ],
)
def test_what_is_no_movie_is_said(data, words):
    with pytest.raises(MovieError, match=words):
        Movie(data)


def test_a_huge_frame_is_never_read_whole():
    """Of a plane of 10^10 pixels only what is asked for is made."""

    class Huge:
        shape = (2, 100_000, 100_000)
        dtype = np.dtype(np.uint16)
        most = 0

        def __getitem__(self, index):
            frame, rows, columns = index
            n = (rows.stop - rows.start) * (columns.stop - columns.start)
            Huge.most = max(Huge.most, n)
            assert n < 10**7, "the whole plane was asked for"
            return np.full(
                (rows.stop - rows.start, columns.stop - columns.start), frame
            )

    movie = Movie(Huge())
    fingerprint_of(movie)
    IntensityMapping.of_movie(movie)
    assert 0 < Huge.most < 10**6


@example(b"\x89PNG\r\n\x1a\n", ".mp4")  # a decoder without a picture
@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([".tif", ".npy", ".mp4", ".png", ".csv"])
)
def test_garbage_is_no_movie(tmp_path_factory, content, ending):
    path = tmp_path_factory.mktemp("garbage") / f"movie{ending}"
    path.write_bytes(content)
    with pytest.raises(IvosError):
        open_source(path)


@pytest.mark.parametrize("dtype", ["<u2", "|O"])
@pytest.mark.parametrize("part", ["filters", "compressor"])
def test_a_zarr_of_pickles_is_never_unpacked(tmp_path, dtype, part):
    """A chunk of them is a program that anybody may have written."""
    made = zarr.create_array(
        tmp_path / "movie.zarr", shape=(2, 4, 5), chunks=(1, 4, 5), dtype="u2",
        zarr_format=2, compressors=None, filters=None,
    )  # fmt: skip
    made[:] = 7
    about = json.loads((tmp_path / "movie.zarr" / ".zarray").read_text())
    codec = {"id": "pickle", "protocol": 5}
    about |= {part: [codec] if part == "filters" else codec, "dtype": dtype}
    (tmp_path / "movie.zarr" / ".zarray").write_text(json.dumps(about))
    ran = tmp_path / "ran"
    bomb = b"cos\nsystem\n(S'touch " + str(ran).encode() + b"'\ntR."
    (tmp_path / "movie.zarr" / "0.0.0").write_bytes(bomb)
    with pytest.raises(IvosError):
        first_plane(tmp_path / "movie.zarr")
    assert not ran.exists()


def first_plane(path):
    source = open_source(path)
    return Movie(source.data, source.time_axis).plane(0)
