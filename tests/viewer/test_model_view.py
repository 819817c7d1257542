"""What the model sees: over the image, one frame at a time, nobody's movie."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine import frames as engine
from napari_sam2_ivos.viewer.axes import choose_time_axis
from napari_sam2_ivos.viewer.model_view import ModelView, as_seen, is_model_view
from napari_sam2_ivos.viewer.movies import held_positions, movie_of
from tests.viewer.bench import cells

MAPPING = IntensityMapping(0, 1000)


class Model:
    """A model that may be loaded, as far as the view wants to know."""

    seen = window = None

    def __call__(self, window):
        return self.seen


@pytest.fixture
def model():
    loaded = Model()
    loaded.seen = (MAPPING, 32)
    return loaded


@pytest.fixture
def look(viewer, model):
    """Make a view of what the model sees, with its messages in a list."""

    def make(*images):
        axis = choose_time_axis(images[0])
        held = held_positions(viewer, images[0], axis)
        movie = movie_of(images[0], axis, held, images[1:])
        session = Session(movie, None, np.zeros(movie.shape, np.uint16))
        view = ModelView(viewer, session, images, model, lambda: model.window)
        view.messages = []
        view.said.connect(view.messages.append)
        return view

    return make


def color_at(view, *position):
    """Return what is on screen at a position of the world, red."""
    value = view.layer.get_value(position, world=True)
    return None if value is None else value[0]


@pytest.mark.parametrize("side", [32, 64, 96])
@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
def test_it_is_what_the_engine_makes_of_a_plane(side, colour):
    shape = (70, 64, 3) if colour else (70, 64)
    plane = np.random.default_rng(0).integers(0, 1200, shape).astype(np.uint16)
    tensor = engine.to_input(plane, MAPPING, side) * engine._STD + engine._MEAN
    expected = 255 * tensor.permute(1, 2, 0).numpy()
    shown = as_seen(plane, MAPPING, (side, side))
    assert shown.shape == (side, side, 3)
    assert np.abs(shown - expected).max() < 2


def test_it_follows_the_slider(viewer, image, look):
    view = look(image)
    view.toggle(True)
    viewer.dims.set_point(0, 0)
    assert color_at(view, 0, 13, 15) == 255
    viewer.dims.set_point(0, 5)
    assert color_at(view, 5, 12, 15) == 0, "the cell has moved on"
    assert color_at(view, 5, 22, 15) == 255


def test_tool_selection_and_slider_are_left_alone(viewer, image, look):
    view = look(image)
    points = viewer.add_points([[2, 9, 9]], ndim=3)
    labels = viewer.add_labels(np.zeros((6, 60, 80), np.uint8))
    viewer.dims.set_point(0, 2)
    before = viewer.dims.point, viewer.dims.range
    for selection, active in (({points}, points), ({points, labels}, None)):
        viewer.layers.selection = selection
        points.mode = "add"
        view.toggle(True)
        assert is_model_view(viewer.layers[1])
        assert list(viewer.layers)[2:] == [points, labels], "objects lie over it"
        view.toggle(False)
        assert viewer.layers.selection == selection
        assert viewer.layers.selection.active == active
        assert points.mode == "add"
        assert (viewer.dims.point, viewer.dims.range) == before
        assert list(viewer.layers) == [image, points, labels]


@pytest.mark.parametrize(
    "placing",
    [
        {"scale": (2, 0.1, 0.2), "translate": (5, 30, -7)},
        {"rotate": 20, "scale": (1, 0.5, 0.5)},
        {"shear": [0.2, 0, 0.1], "scale": (1, 0.5, 0.7)},
        {"affine": [[1, 0, 0, 3], [0, 0.5, 0.1, 2], [0, 0, 0.5, 1], [0, 0, 0, 1]]},
        {"units": ("min", "um", "um"), "scale": (3, 0.3, 0.3)},
    ],
    ids=["scale", "rotate", "shear", "affine", "units"],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_its_edges_lie_on_those_of_the_image(viewer, look, placing, when):
    image = viewer.add_image(cells(), **(placing if when == "before" else {}))
    view = look(image)
    view.toggle(True)
    if when == "after":
        for name, value in placing.items():
            setattr(image, name, value)
    assert view.layer.units == image.units
    assert view.layer.axis_labels == image.axis_labels
    for seen, own in [((0, 0), (0, 0)), ((32, 32), (60, 80)), ((32, 0), (60, 0))]:
        np.testing.assert_allclose(
            view.layer.data_to_world((2, *np.subtract(seen, 0.5))),
            image.data_to_world((2, *np.subtract(own, 0.5))),
        )


def test_with_a_z_axis_it_lies_where_the_movie_is_held(viewer, look):
    data = np.zeros((4, 6, 60, 80), np.uint16)
    data[2] = cells()
    image = viewer.add_image(
        data, axis_labels=("z", "t", "y", "x"), scale=(3, 1, 0.5, 0.5)
    )
    viewer.dims.set_point(0, 6)  # z 2
    view = look(image)
    view.toggle(True)
    viewer.dims.set_point(1, 3)
    assert color_at(view, 6, 3, 0.5 * 18, 0.5 * 15) == 255
    assert view.layer.extent.world[:, 0].tolist() == [6, 6]
    viewer.dims.set_point(0, 0)
    assert not color_at(view, 0, 3, 0.5 * 18, 0.5 * 15), "z 0 is not looked at"


# ---- through the window of an object


@pytest.mark.parametrize(
    "placing",
    [{}, {"scale": (2, 0.1, 0.2), "translate": (5, 30, -7), "rotate": 20}],
    ids=["plain", "placed"],
)
def test_a_window_lies_over_its_part_of_the_image(viewer, look, model, placing):
    image = viewer.add_image(cells(), **placing)
    view = look(image)
    view.toggle(True)
    shown = view.layer
    model.window = View(8, 6, 24, 24)
    view.refresh()
    assert view.layer is shown
    expected = as_seen(cells()[2, 8:32, 6:30], MAPPING, (24, 24))
    np.testing.assert_array_equal(view.layer.data[2], expected)
    for seen, own in [((0, 0), (8, 6)), ((24, 24), (32, 30)), ((24, 0), (32, 6))]:
        np.testing.assert_allclose(
            view.layer.data_to_world((2, *np.subtract(seen, 0.5))),
            image.data_to_world((2, *np.subtract(own, 0.5))),
        )
    assert is_model_view(view.layer)
    assert not np.asarray(view.layer.data).any()


def test_the_window_follows_the_slider(viewer, image, look, model):
    view = look(image)
    view.toggle(True)
    model.window = View(5, 5, 20, 20)
    viewer.dims.set_point(0, 1)
    assert color_at(view, 1, 12, 15) == 255
    assert color_at(view, 1, 30, 40) is None, "outside the window"
    model.window = View(10, 5, 20, 20)
    viewer.dims.set_point(0, 5)
    assert color_at(view, 5, 12, 15) == 0
    assert color_at(view, 5, 22, 15) == 255
    model.window = None
    viewer.dims.set_point(0, 2)
    assert color_at(view, 2, 42, 50) == 230, "900 of 1000: the other cell"


def test_no_other_layer_is_read_anew_for_it(viewer, image, look, model):
    """Which would take seconds on a large plane."""
    labels = viewer.add_labels(np.zeros((6, 60, 80), np.uint16))
    view, read = look(image), []
    for layer in (image, labels):
        layer.events.set_data.connect(read.append)
    model.window = View(8, 6, 24, 24)
    view.toggle(True)
    model.window = View(10, 7, 17, 17)
    view.refresh()
    view.toggle(False)
    assert not read


class Huge:
    """A movie of large planes, of which only small parts may be read."""

    shape, dtype = (6, 5000, 4000), np.dtype("u2")

    def __init__(self):
        self.n_read = 0

    def __getitem__(self, index):
        frame, rows, columns = index
        part = rows.stop - rows.start, columns.stop - columns.start
        assert np.prod(part) < 1e6, "a whole plane is read"
        self.n_read += 1
        return np.full(part, 100 * frame, self.dtype)


def test_of_a_large_plane_only_the_window_is_read(viewer, image, look, model):
    view = look(image)
    view.session.movie = Movie(Huge())
    view.toggle(True)
    assert view.layer is None
    assert view.is_on
    (message,) = view.messages
    assert "too large" in message
    model.window = View(1000, 2000, 300, 300)
    viewer.dims.set_point(0, 5)
    assert np.unique(view.layer.data[5]) == [128]
    assert view.session.movie.data.n_read > 0
    model.window = None
    viewer.dims.set_point(0, 2)
    assert list(viewer.layers) == [image]
    assert len(view.messages) == 1, "it is said once"


# ---- the layer


def test_nobody_saves_it(image, look):
    view = look(image)
    view.toggle(True)
    assert view.layer.data[3].any()
    assert not np.asarray(view.layer.data).any()
    assert not view.layer.data[2:5].any()


def test_before_a_model_is_loaded_it_waits(viewer, image, look, model):
    loaded, model.seen = model.seen, None
    view = look(image)
    view.toggle(True)
    view.refresh()
    assert list(viewer.layers) == [image]
    assert len(view.messages) == 1
    assert "loaded with the next click" in view.messages[0]
    assert view.is_on
    model.seen = loaded
    view.refresh()
    assert view.layer in viewer.layers


def test_it_follows_the_model_and_the_data(viewer, image, look, model):
    view = look(image)
    view.toggle(True)
    first = view.layer
    view.refresh()
    assert view.layer is first, "nothing has changed"
    model.seen = (IntensityMapping(0, 2000), 64)
    view.refresh()
    assert view.layer.data.shape == (6, 60, 64, 3)
    assert len(viewer.layers) == 2
    view.session.movie = movie_of(viewer.add_image(cells()[::-1]), 0, {})
    view.refresh()
    expected = as_seen(cells()[-1], IntensityMapping(0, 2000), (60, 64))
    np.testing.assert_array_equal(view.layer.data[0], expected)
    model.seen = None
    view.refresh()
    assert view.layer is None
    assert len(viewer.layers) == 2


def test_deleting_the_layer_or_the_image_turns_it_off(viewer, image, look):
    view, told = look(image), []
    view.toggled.connect(told.append)
    view.toggle(True)
    viewer.layers.remove(view.layer)
    assert not view.is_on
    view.toggle(True)
    viewer.layers.remove(image)
    assert not view.is_on
    assert len(viewer.layers) == 0
    assert told == [True, False, True, False]


def test_closed_it_listens_to_nothing(viewer, image, look):
    view = look(image)
    view.toggle(True)
    shown = view.layer
    view.close()
    assert list(viewer.layers) == [image]
    viewer.layers.insert(1, shown)
    image.scale = (1, 2, 2)
    np.testing.assert_array_equal(shown.scale, (1, 60 / 32, 80 / 32))
    viewer.layers.remove(image)
    assert shown in viewer.layers


def test_several_colours_lie_under_it(viewer, look, model):
    first = viewer.add_image(cells(), name="Ch0")
    viewer.add_labels(np.zeros((6, 60, 80), np.uint8))
    second = viewer.add_image(cells()[:, ::-1], name="Ch1")
    view = look(first, second)
    model.seen = (IntensityMapping(0, 1), 32)
    view.toggle(True)
    assert view.layer is None, "the window does not wait for contrast to be chosen"
    plane = view.session.movie.plane(0)
    view.refresh()
    assert viewer.layers.index(view.layer) == 3
    assert view.layer.name == "Ch0 as the model sees it"
    expected = as_seen(plane, IntensityMapping(0, 1), (32, 32))
    np.testing.assert_array_equal(view.layer.data[0], expected)
    assert expected[..., 0].any()
    assert expected[..., 1].any()
    assert not expected[..., 2].any()


def test_a_frame_that_cannot_be_read_is_black(viewer, look):
    class Broken:
        shape, dtype, ndim, size = (6, 60, 80), np.dtype("u2"), 3, 6 * 60 * 80
        is_broken = False

        def __getitem__(self, index):
            if self.is_broken:
                raise OSError("share is gone")
            return cells()[index]

    data = Broken()
    view = look(viewer.add_image(data, contrast_limits=(0, 1000)))
    data.is_broken = True
    view.toggle(True)
    assert not view.layer.data[0].any()
    data.is_broken = False
    assert view.layer.data[0].any()
