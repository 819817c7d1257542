"""Every kind of image layer that napari has."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.viewer.label_view import expand
from napari_sam2_ivos.viewer.movies import contrast_of, movie_of
from tests.viewer.bench import A, B, annotate, cells, ids


@pytest.mark.parametrize(
    "wrap",
    [
        lambda a, _: a,
        lambda a, _: a.astype(np.float32) / 1000,
        lambda a, _: (a // 8).astype(np.uint8),
        lambda a, _: a > 0,
        lambda a, _: da.from_array(a, chunks=(1, 30, 40)),
        lambda a, _: zarr.array(a),
        lambda a, tmp: _memmap(a, tmp),
    ],
    ids=["uint16", "float32", "uint8", "bool", "dask", "zarr", "memmap"],
)
def test_array_types(viewer, tmp_path, wrap):
    image = viewer.add_image(wrap(cells(), tmp_path), contrast_limits=(0, 1))
    _click_and_track(annotate(viewer, image))


def _memmap(array, folder):
    np.save(folder / "movie.npy", array)
    return np.load(folder / "movie.npy", mmap_mode="r")


def _click_and_track(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.track()
    assert not controller.errors
    assert [ids(plane) for plane in controller.session.labels] == [[1]] * 6


def test_multiscale_uses_level_0(viewer):
    movie = cells()
    image = viewer.add_image([movie, movie[:, ::2, ::2]], multiscale=True)
    controller = annotate(viewer, image)
    assert controller.session.labels.shape == (6, 60, 80)
    _click_and_track(controller)


def test_rgb(viewer):
    grey = (cells() // 8).astype(np.uint8)
    image = viewer.add_image(np.stack([grey] * 3, axis=-1), rgb=True)
    controller = annotate(viewer, image)
    assert controller.movie.rgb
    assert contrast_of(image, movie_of(image, 0, {})) is None
    _click_and_track(controller)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("store", ["numpy", "zarr"])
def test_z_and_channel_are_held_where_the_slider_is(viewer, axis, store):
    movie = np.zeros((6, 4, 60, 80), np.uint16)
    movie[:, 2] = cells()
    if axis:
        movie = movie.swapaxes(0, 1)
    labels = ("t", "z", "y", "x") if axis == 0 else ("z", "t", "y", "x")
    scale = (1, 3, 0.5, 0.5) if axis == 0 else (3, 1, 0.5, 0.5)
    image = viewer.add_image(movie, axis_labels=labels, scale=scale)
    viewer.dims.set_point(axis, 0)
    viewer.dims.set_point(1 - axis, 6)  # z 2
    controller = annotate(viewer, image)
    if store == "zarr":
        controller.session.labels = zarr.zeros((6, 60, 80), dtype="u2")
    assert dict(controller.held) == {1 - axis: 2}
    controller.new_object()
    row = [0, 0, *A]
    row[1 - axis] = 2
    controller.layers.points.add(row)
    controller.track()
    shown = controller.layers.labels
    assert shown.ndim == 4
    assert shown.extent.world[0][1 - axis] == pytest.approx(6)
    assert ids(controller.session.labels[5]) == [1]
    assert (
        shown.get_value((*_world(image, axis, 3), 0.5 * 18, 0.5 * 15), world=True) == 1
    )
    row[1 - axis] = 0
    row[axis] = 1
    controller.layers.points.add(row)
    assert "z 0" in controller.messages[-1]
    assert "tracked on z 2" in controller.messages[-1]
    viewer.dims.set_point(axis, 2)
    shown.selected_label = 9
    place = [0, 0, 50, 70]
    place[axis] = 2
    shown.fill(place, 9)
    assert 9 in controller.session.tracks


def _world(image, axis, frame):
    place = [0.0, 0.0]
    place[axis] = frame
    place[1 - axis] = 6.0
    return place


@pytest.mark.parametrize(
    "placing",
    [
        {"scale": (2, 0.1, 0.2), "translate": (5, 30, -7)},
        {"rotate": 20, "scale": (1, 0.5, 0.5)},
        {"affine": [[1, 0, 0, 3], [0, 0.5, 0.1, 2], [0, 0, 0.5, 1], [0, 0, 0, 1]]},
        {"units": ("min", "um", "um"), "scale": (3, 0.3, 0.3)},
    ],
    ids=["scale", "rotate", "affine", "units"],
)
def test_layers_lie_exactly_over_the_image(viewer, placing):
    image = viewer.add_image(cells(), **placing)
    controller = annotate(viewer, image)
    _click_and_track(controller)
    for layer in controller.layers.own():
        assert layer.units == image.units
        assert layer.axis_labels == image.axis_labels
        np.testing.assert_allclose(
            layer.data_to_world((2, 7, 9)), image.data_to_world((2, 7, 9))
        )


def test_clicks_in_a_layer_placed_otherwise_are_converted(viewer):
    image = viewer.add_image(
        cells(), scale=(1, 0.5, 0.5), units=("s", "um", "um"), translate=(0, 4, 0)
    )
    controller = annotate(viewer, image)
    y, x = B
    mine = viewer.add_points(
        [[0, 4000 + 500 * y, 500 * x]], units=("s", "nm", "nm"), ndim=3
    )
    controller.use_layer(mine)
    assert controller.session.labels[0, y, x] == 1


def test_no_movie_is_said_clearly(viewer):
    flat = viewer.add_image(np.zeros((20, 30)), name="picture")
    with pytest.raises(MovieError, match="'picture' is a single picture"):
        movie_of(flat, None, {})


def test_contrast_limits_count_once_the_user_changed_them(viewer):
    image = viewer.add_image(cells())
    movie = movie_of(image, 0, {})
    assert contrast_of(image, movie) is None
    image.contrast_limits = (100, 800)
    assert contrast_of(image, movie) == (100, 800)
    image.contrast_limits = (0, 65535)
    assert contrast_of(image, movie) is None


def test_limits_that_napari_took_from_the_first_plane_are_nobodys_choice(viewer):
    data = np.random.default_rng(0).integers(50, 900, (5, 60, 80)).astype(np.uint16)
    image = viewer.add_image(da.from_array(data, chunks=(1, 60, 80)))
    assert tuple(image.contrast_limits) != tuple(image.contrast_limits_range)
    assert contrast_of(image, movie_of(image, 0, {})) is None


def test_expanded_store_reads_and_writes_like_numpy():
    rng = np.random.default_rng(0)
    flat = rng.integers(0, 9, (5, 6, 7)).astype("u2")
    want = np.expand_dims(flat.copy(), (0, 2))
    got = expand(zarr.array(flat), 1, 3)
    assert got.shape == want.shape
    for index in [
        (0, 2, 0),
        (0, 2),
        (slice(None), -1, 0, slice(2, 4), 3),
        (0, slice(1, 3), slice(None), 2),
        (slice(None),) * 5,
    ]:
        np.testing.assert_array_equal(got[index], want[index])
        got[index] = want[index] = 3
    np.testing.assert_array_equal(np.asarray(got), want)
