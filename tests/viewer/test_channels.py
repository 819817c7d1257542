"""Several image layers as the colours of one movie."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import dask.array as da
import numpy as np
import pytest

from napari_sam2_ivos.api import open_movie
from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.channels import Channel, ChannelStack, measured
from napari_sam2_ivos.viewer.controller import Controller
from napari_sam2_ivos.viewer.jobs import SynchronousRunner
from napari_sam2_ivos.viewer.movies import colours_for, contrast_of, movie_of
from tests.viewer.bench import A, B, cells, ids


class Counted:
    """An array that counts what is read of it."""

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self.reads = []

    def __getitem__(self, index):
        self.reads.append(index)
        return self.array[index]

    def __array__(self, dtype=None, copy=None):
        return self.array


@pytest.fixture
def two(viewer):
    """One cell in the first channel, the other and 50 times dimmer in the second."""
    both = cells(8)
    first, second = both.copy(), both // 50
    first[:, 30:] = 0
    second[:, :30] = 0
    return (
        viewer.add_image(first, name="Ch0"),
        viewer.add_image(second, name="Ch1"),
    )


def test_a_bright_channel_does_not_drown_the_other(two):
    movie = movie_of(two[0], 0, {}, two[1:])
    assert movie.rgb
    assert movie.shape == (8, 60, 80)
    plane = movie.plane(0)
    np.testing.assert_allclose(plane[A], (1, 0, 0))
    np.testing.assert_allclose(plane[B], (0, 1, 0))
    assert contrast_of(two[0], movie) == (0.0, 1.0), "it is mapped already"


def test_tables_measure_the_first_channel_as_it_is(two):
    movie = movie_of(two[0], 0, {}, two[1:])
    np.testing.assert_array_equal(measured(movie).plane(0), two[0].data[0])
    assert measured(measured(movie)) is measured(movie)


def test_objects_of_either_channel_are_tracked(viewer, two):
    movie = movie_of(two[0], 0, {}, two[1:])
    controller = Controller(
        viewer,
        two[0],
        movie,
        np.zeros(movie.shape, np.uint16),
        partial(FakeSegmenter, threshold=0.2),
        SynchronousRunner(),
    )
    for centre in (A, B):
        controller.new_object()
        controller.layers.points.add([0, *centre])
    controller.track()
    assert [ids(plane) for plane in controller.session.labels] == [[1, 2]] * 8


def test_brightness_does_not_flicker_as_a_channel_bleaches(viewer):
    steady = viewer.add_image(cells(4))
    bleaching = viewer.add_image((cells(4).T // np.array([1, 2, 4, 8])).T)
    movie = movie_of(steady, 0, {}, (bleaching,))
    inside = [movie.plane(frame)[15, 15] for frame in range(4)]
    np.testing.assert_allclose([red for red, _, _ in inside], 1)
    np.testing.assert_allclose([g for _, g, _ in inside], [1, 0.5, 0.25, 0.125])


def test_three_channels_are_red_green_and_blue(viewer):
    layers = [viewer.add_image(np.roll(cells(), 20 * i, axis=1)) for i in range(3)]
    movie = movie_of(layers[0], 0, {}, layers[1:])
    for colour in range(3):
        expected = np.roll(cells()[2], 20 * colour, axis=0) > 0
        np.testing.assert_array_equal(movie.plane(2)[..., colour] > 0, expected)


def test_nothing_is_read_before_the_first_plane(viewer):
    arrays = [Counted(cells(40)), Counted(cells(40))]
    first, second = [viewer.add_image(a, contrast_limits=(0, 900)) for a in arrays]
    second.contrast_limits = (0, 500)
    for array in arrays:
        array.reads.clear()
    movie = movie_of(first, 0, {}, (second,))
    contrast_of(first, movie)
    assert not arrays[0].reads
    assert not arrays[1].reads
    assert not movie.data.is_ready
    movie.plane(3)
    assert movie.data.is_ready
    for array in arrays:
        array.reads.clear()
    movie.plane(4)
    whole = (4, slice(0, 60), slice(0, 80))
    assert [array.reads for array in arrays] == [[whole], [whole]]
    movie.part(5, slice(10, 20), slice(30, 70))
    part = (5, slice(10, 20), slice(30, 70))
    assert [array.reads for array in arrays] == [[whole, part], [whole, part]]


def test_two_threads_choose_one_mapping(viewer):
    barrier, chosen = Barrier(2), []
    movie = movie_of(viewer.add_image(cells()), 0, {})

    def choose():
        chosen.append(IntensityMapping.of_movie(movie))
        return chosen[-1]

    stack = ChannelStack([Channel(movie, choose)])

    def read(frame):
        barrier.wait(5)
        return stack[frame]

    with ThreadPoolExecutor(2) as pool:
        planes = list(pool.map(read, (0, 1)))
    assert len(chosen) == 1
    assert all(plane[15, 15, 0] == 1 for plane in planes)


def test_contrast_that_the_user_chose_counts_for_its_channel(two):
    before = movie_of(two[0], 0, {}, two[1:]).data.mappings
    two[1].contrast_limits = (4, 12)
    after = movie_of(two[0], 0, {}, two[1:]).data.mappings
    assert after == (before[0], IntensityMapping(4, 12))
    assert after != before


@pytest.mark.parametrize("first", ["dim", "black"])
@pytest.mark.parametrize("kind", ["dask", "levels"])
def test_contrast_that_napari_took_from_a_plane_is_nobodys_choice(viewer, first, kind):
    data = np.random.default_rng(0).integers(50, 900, (5, 60, 80)).astype(np.uint16)
    data[0] //= 2 if first == "dim" else 1000
    lazy = da.from_array(data, chunks=(1, 60, 80))
    shown = viewer.add_image(lazy if kind == "dask" else [lazy, lazy[:, ::2, ::2]])
    assert shown.contrast_limits[1] < 500
    assert contrast_of(shown, movie_of(shown, 0, {})) is None
    movie = movie_of(viewer.add_image(data), 0, {}, (shown,))
    assert movie.data.mappings[0] == movie.data.mappings[1]


def test_z_is_held_and_level_0_is_taken_in_every_channel(viewer):
    data = np.zeros((6, 3, 60, 80), np.uint16)
    data[:, 2] = cells()
    flat = viewer.add_image(data)
    scales = viewer.add_image([data[..., ::-1], data[..., ::-2, ::-2]], multiscale=True)
    movie = movie_of(flat, 0, {1: 2}, (scales,))
    assert movie.shape == (6, 60, 80)
    assert movie.data.shape == (6, 3, 60, 80, 3)
    red, green, _ = np.moveaxis(movie.plane(4), -1, 0)
    np.testing.assert_array_equal(red > 0, cells()[4] > 0)
    # napari took the limits of this one from a plane without cells
    np.testing.assert_array_equal(green, red[:, ::-1])


def test_parts_are_read_as_numpy_does(two):
    stack = movie_of(two[0], 0, {}, two[1:]).data
    whole = stack[:]
    assert whole.shape == stack.shape
    assert whole.dtype == stack.dtype
    for index in (2, (2,), (slice(1, 3), slice(4, 9)), (1, 15, 15), slice(-1, None)):
        np.testing.assert_array_equal(stack[index], whole[index])


@pytest.mark.parametrize(
    ("data", "how", "message"),
    [
        (np.zeros((6, 30, 40)), {}, r"shape \(6, 30, 40\) and 'A' \(6, 60, 80\)"),
        (np.zeros((6, 60, 80, 3), "u1"), {"rgb": True}, "'B' is in colour already"),
        (cells(), {"scale": (1, 0.5, 0.5)}, "'B' does not lie over 'A'"),
        (cells(), {"translate": (0, 0, 7)}, "'B' does not lie over 'A'"),
        (cells(), {"translate": (1, 0, 0)}, "'B' does not lie over 'A'"),
        (cells(), {"rotate": 3}, "'B' does not lie over 'A'"),
    ],
    ids=["shape", "rgb", "scale", "moved", "later", "turned"],
)
def test_what_does_not_fit_is_refused_in_words(viewer, data, how, message):
    image = viewer.add_image(cells(), name="A")
    other = viewer.add_image(data, name="B", **how)
    with pytest.raises(MovieError, match=message):
        movie_of(image, 0, {}, (other,))


def test_a_movie_in_colour_takes_no_further_colours(viewer, two):
    colour = viewer.add_image(np.zeros((8, 60, 80, 3), np.uint8), rgb=True, name="RGB")
    with pytest.raises(MovieError, match="'RGB' is in colour already"):
        movie_of(colour, 0, {}, two[:1])
    with pytest.raises(MovieError, match="single picture"):
        movie_of(two[0], None, {}, two[1:])


def test_four_colours_are_too_many(viewer, two):
    more = [viewer.add_image(cells(8), name=name) for name in ("Ch2", "Ch3")]
    with pytest.raises(MovieError, match="Leave out 'Ch3'"):
        movie_of(two[0], 0, {}, (two[1], *more))


def test_channels_a_fraction_of_a_pixel_apart_are_taken(viewer):
    image = viewer.add_image(
        cells(), scale=(1, 0.5, 0.5), units=("s", "um", "um"), translate=(0, 3, 0)
    )
    other = viewer.add_image(
        cells(), scale=(1, 500, 500), units=("s", "nm", "nm"), translate=(0, 3100, 0)
    )
    assert movie_of(image, 0, {}, (other,)).plane(0)[15, 15, 1] == 1


def test_only_layers_of_one_channel_and_the_same_shape_are_offered(viewer, two):
    still = viewer.add_image(np.zeros((60, 80)))
    colour = viewer.add_image(np.zeros((8, 60, 80, 3), np.uint8), rgb=True)
    viewer.add_image(cells(5))
    layers = list(viewer.layers)
    assert colours_for(two[0], layers) == [two[1]]
    assert colours_for(two[1], layers) == [two[0]]
    assert colours_for(still, layers) == []
    assert colours_for(colour, layers) == []


def test_as_a_file_in_colour_it_is_the_same_to_the_command_line(two, tmp_path):
    movie = movie_of(two[0], 0, {}, two[1:])
    np.save(tmp_path / "colour.npy", movie.data[:])
    same = open_movie(tmp_path / "colour.npy")
    assert same.rgb
    mapping = IntensityMapping(*contrast_of(two[0], movie))
    for frame in (0, 7):
        np.testing.assert_array_equal(
            mapping(same.plane(frame)), mapping(movie.plane(frame))
        )
