"""Movies of any shape and type, and what is no movie."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.errors import IvosWarning, MovieError
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.movie import Movie


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((5, 5)), "no time axis"),
        (np.zeros((0, 5, 5)), "empty"),
        (np.zeros((3, 5, 5), object), "object values"),
        (np.zeros((3, 5, 5), complex), "complex128 values"),
        ([[1, 2], [3, 4]], "no time axis"),
    ],
)
def test_what_is_no_movie_is_refused_in_words(data, message):
    with pytest.raises(MovieError, match=message):
        Movie(data)


def test_other_axes_are_held_where_the_slider_stands():
    data = np.arange(2 * 3 * 4 * 5 * 6).reshape(2, 3, 4, 5, 6)
    movie = Movie(data, time_axis=1, held={0: 1, 2: 3})
    assert movie.shape == (3, 5, 6)
    np.testing.assert_array_equal(movie.plane(2), data[1, 2, 3])
    with pytest.raises(MovieError, match="outside axis 2"):
        Movie(data, time_axis=1, held={2: 4})


def test_rgb_drops_alpha():
    assert Movie(np.zeros((2, 5, 6, 4), np.uint8), rgb=True).plane(0).shape == (5, 6, 3)


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "<u2", ">u2", "i2", "u4", "f2", "f4", ">f4", "f8"]
)
def test_every_number_type_is_mapped_to_the_same_picture(dtype):
    ramp = np.linspace(0, 1, 100).reshape(10, 10)
    top = 1 if np.dtype(dtype).kind == "f" else 100
    data = np.stack([ramp * top] * 3).astype(dtype)
    mapping = IntensityMapping.of_movie(Movie(data), (0, 100))
    picture = mapping(data[0])
    assert picture.shape == (10, 10, 3)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture[..., 0], ramp, atol=0.02)


@pytest.mark.parametrize("shape", [(), (7,), (4, 5), (2, 3, 4), (2, 3, 4, 5)])
def test_values_of_any_shape_are_mapped(shape):
    values = np.full(shape, 30.0)
    scaled = IntensityMapping(10, 50).scaled(values)
    assert scaled.shape == shape
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, 0.5)
    assert (values == 30).all(), "the movie itself is left as it is"


def test_truth_values_are_black_and_white():
    data = np.eye(5, dtype=bool)[None]
    picture = IntensityMapping.of_movie(Movie(data), (0, 100))(data[0])
    np.testing.assert_array_equal(picture[..., 0], np.eye(5))


def test_12_bit_data_keeps_its_grey_levels():
    data = np.arange(4096, dtype=np.uint16).reshape(1, 64, 64)
    picture = IntensityMapping.of_movie(Movie(data))(data[0])
    assert len(np.unique(picture)) > 4000


def test_brightness_does_not_flicker_when_the_field_empties():
    data = np.full((4, 20, 20), 100, np.uint16)
    data[:2, 5:10, 5:10] = 4000
    mapping = IntensityMapping.of_movie(Movie(data))
    assert mapping(data[0])[0, 0, 0] == mapping(data[3])[0, 0, 0]


def test_missing_pixels_are_said_and_seen_as_black():
    data = np.ones((2, 10, 10), np.float32)
    data[:, :5] = 3
    data[0, 0, 0], data[0, 0, 1] = np.nan, np.inf
    with pytest.warns(IvosWarning, match="NaN or infinite"):
        mapping = IntensityMapping.of_movie(Movie(data))
    picture = mapping(data[0])
    assert np.isfinite(picture).all()
    assert picture[0, 0, 0] == picture[0, 1, 0] == 0


def test_nothing_but_nan_is_refused():
    with pytest.raises(MovieError, match="no finite pixel"):
        IntensityMapping.of_movie(Movie(np.full((2, 5, 5), np.nan)))


def test_a_constant_movie_is_black():
    data = np.full((2, 5, 5), 7, np.uint8)
    assert not IntensityMapping.of_movie(Movie(data))(data[0]).any()


def test_a_frame_that_cannot_be_read_is_named():
    class Broken:
        shape, dtype = (3, 5, 5), np.dtype("u1")

        def __getitem__(self, index):
            raise OSError("share is gone")

    with pytest.raises(MovieError, match=r"Frame 1 .*share is gone"):
        Movie(Broken()).plane(1)


class Reads:
    """An array that counts the pixels that are read of it."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.n_pixels = 0

    def __getitem__(self, index):
        part = self.array[index]
        self.n_pixels += part.size
        return part


def test_a_part_is_what_the_plane_is_there_and_no_more_is_read():
    data = np.random.default_rng(0).integers(0, 99, (2, 3, 40, 50, 4), np.uint8)
    movie = Movie(Reads(data), time_axis=1, rgb=True, held={0: 1})
    part = movie.part(2, slice(5, 9), slice(40, 50))
    np.testing.assert_array_equal(part, data[1, 2, 5:9, 40:50, :3])
    assert movie.data.n_pixels == 4 * 10 * 4
    with pytest.raises(MovieError, match="Frame 3 is outside"):
        movie.part(3, slice(0, 1), slice(0, 1))


def large_movie(n_frames=9, side=2100):
    """Dark noise, brighter to one side, with bright discs on 0.8 % of the pixels."""
    noise = np.random.default_rng(0)
    frame = noise.normal(20, 3, (side, side)) + np.linspace(0, 15, side)
    disc = np.hypot(*(np.mgrid[:30, :30] - 14.5)) < 15
    for y, x in noise.integers(0, side - 30, (50, 2)):
        frame[y : y + 30, x : x + 30][disc] = noise.normal(180, 10, disc.sum())
    frame = frame.clip(0, 255).astype(np.uint8)
    return np.broadcast_to(frame, (n_frames, side, side))


@pytest.mark.parametrize("n_frames", [1, 2, 9])
def test_of_large_planes_blocks_tell_as_much_as_all_pixels(n_frames):
    data = large_movie(n_frames)
    mapping = IntensityMapping.of_movie(Movie(data))
    low, high = np.percentile(data[0], (0.1, 99.9))
    assert abs(mapping.low - low) <= 2
    assert abs(mapping.high - high) <= 10
    assert mapping(data[0])[..., 0].max() > 0.9


def test_of_very_large_planes_little_is_read():
    ramp = np.arange(8192).astype(np.uint8)
    data = Reads(np.broadcast_to(ramp, (20, 8192, 8192)))
    IntensityMapping.of_movie(Movie(data), (0, 100))
    assert data.n_pixels <= 0.03 * 9 * 8192**2


def test_few_objects_on_a_large_plane_of_noise_keep_their_greys():
    """They are far fewer pixels than any percentile of the plane."""
    noise = np.random.default_rng(0).normal(300, 20, (4200, 4200))
    disc = np.hypot(*(np.mgrid[:30, :30] - 14.5)) < 15
    for y, x in ((200, 300), (3000, 1000), (2100, 3500)):
        noise[y : y + 30, x : x + 30][disc] = np.linspace(1500, 2300, disc.sum())
    mapping = IntensityMapping.of_movie(Movie(noise[None].astype(np.uint16)))
    assert 1800 < mapping.high <= 2300
    assert abs(mapping.low - 240) < 20


def test_few_objects_on_a_large_plane_of_zeros_are_seen():
    data = np.zeros((2, 2100, 2100), np.uint16)
    data[0, 300:310, 700:712] = 900
    mapping = IntensityMapping.of_movie(Movie(data))
    assert mapping(data[0, 300:310, 700:712]).min() == 1


def test_missing_pixels_of_a_large_plane_are_said():
    data = np.full((1, 2100, 2100), 5, np.float32)
    data[:, :1000], data[0, 1500:1600, 7] = np.nan, 6
    with pytest.warns(IvosWarning, match="NaN or infinite"):
        mapping = IntensityMapping.of_movie(Movie(data))
    assert (mapping.low, mapping.high) == (5, 6)
