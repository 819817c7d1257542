"""Looking at one object: the camera goes with it, boxes are drawn around it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.viewer.boxes_layer import BoxesLayer
from napari_sam2_ivos.viewer.follow import FollowObject
from napari_sam2_ivos.viewer.rectangles_layer import is_rectangles_layer
from tests.viewer.bench import A, B, annotate, cells


@pytest.fixture
def tracked(viewer, controller):
    """Two cells that were followed through the movie; the first is selected."""
    for at in (A, B):
        controller.new_object()
        controller.layers.points.add([0, *at])
    controller.track()
    controller.select(1)
    return controller


@pytest.fixture
def following(tracked):
    made = FollowObject(tracked)
    made.toggle(True)
    yield made
    made.close()


@pytest.fixture
def boxes(tracked):
    made = BoxesLayer(tracked)
    made.toggle(True)
    yield made
    made.close()


def centre(viewer):
    return viewer.scene.camera.center[-2:]


def corners(layer):
    """Return the boxes as (y0, x0, y1, x1), by track ID."""
    ids = layer.features["track_id"]
    rows = [(*d.min(axis=0)[-2:], *d.max(axis=0)[-2:]) for d in layer.data]
    return dict(zip(ids, rows, strict=True))


# ---- the camera


def test_the_object_stays_in_the_middle(viewer, following):
    viewer.scene.camera.zoom = 7
    viewer.dims.set_point(0, 4)
    np.testing.assert_allclose(centre(viewer), (18.5, 14.5))
    viewer.dims.set_point(0, 1)
    np.testing.assert_allclose(centre(viewer), (15.5, 14.5))
    assert viewer.scene.camera.zoom == 7


def test_the_camera_stays_where_the_object_is_not_known(viewer, tracked, following):
    viewer.dims.set_point(0, 2)
    tracked.editing.delete_range(1, 3, 3)
    viewer.dims.set_point(0, 3)
    np.testing.assert_allclose(centre(viewer), (16.5, 14.5))
    tracked.new_object()
    viewer.dims.set_point(0, 5)
    np.testing.assert_allclose(centre(viewer), (16.5, 14.5))


def test_it_stops_when_it_is_turned_off(viewer, following):
    following.toggle(False)
    viewer.dims.set_point(0, 4)
    np.testing.assert_allclose(centre(viewer), (14.5, 14.5))


def test_the_middle_is_right_on_a_scaled_image_seen_the_other_way_round(viewer):
    image = viewer.add_image(cells(), scale=(2, 0.5, 0.25), translate=(0, 3, 7))
    viewer.dims.set_point(0, 0)
    controller = annotate(viewer, image)
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.track()
    viewer.dims.order = (0, 2, 1)
    following = FollowObject(controller)
    following.toggle(True)
    viewer.dims.set_point(0, 4)
    expected = (7 + 0.25 * 14.5, 3 + 0.5 * 16.5)
    np.testing.assert_allclose(centre(viewer), expected)
    following.close()


# ---- boxes


def test_boxes_follow_the_frame_and_the_masks(viewer, tracked, boxes):
    assert corners(boxes.layer) == {
        1: (9.5, 9.5, 19.5, 19.5),
        2: (39.5, 49.5, 49.5, 59.5),
    }
    viewer.dims.set_point(0, 3)
    assert corners(boxes.layer)[1] == (12.5, 9.5, 22.5, 19.5)
    tracked.editing.delete((2,))
    assert list(corners(boxes.layer)) == [1]
    tracked.editing.delete((1,))
    assert len(boxes.layer.data) == 0


def test_a_box_has_the_colour_and_the_number_of_its_object(tracked, boxes):
    assert boxes.layer.text.values.tolist() == ["1", "2"]
    for i, track_id in enumerate((1, 2)):
        np.testing.assert_allclose(
            boxes.layer.edge_color[i], tracked.layers.color_of(track_id), atol=0.01
        )


def test_hidden_objects_have_no_box(tracked, boxes):
    tracked.editing.hide((1,), True)
    assert list(corners(boxes.layer)) == [2]


def test_boxes_are_no_prompts_and_the_tool_stays(viewer, tracked):
    before = viewer.layers.selection.active
    prompts = dict(tracked.session.tracks[1].prompts)
    boxes = BoxesLayer(tracked)
    boxes.toggle(True)
    assert viewer.layers.selection.active == before
    assert is_rectangles_layer(boxes.layer)
    assert not any(is_rectangles_layer(layer) for layer in tracked.layers.own())
    viewer.dims.set_point(0, 2)
    assert tracked.session.tracks[1].prompts == prompts
    boxes.close()
    assert not any(is_rectangles_layer(layer) for layer in viewer.layers)


def test_deleting_the_layer_turns_boxes_off(viewer, boxes):
    told = []
    boxes.toggled.connect(told.append)
    viewer.layers.remove(boxes.layer)
    assert told == [False]
    viewer.dims.set_point(0, 2)
    boxes.toggle(True)
    assert len(boxes.layer.data) == 2


def test_boxes_lie_over_an_image_with_channels_and_pixel_size(viewer):
    stack = np.stack([cells(), cells()], axis=1)
    image = viewer.add_image(stack, scale=(1, 1, 0.5, 0.5), translate=(0, 0, 3, 7))
    viewer.dims.set_point((0, 1), (0, 1))
    controller = annotate(viewer, image)
    controller.new_object()
    controller.layers.points.add([0, 1, *A])
    boxes = BoxesLayer(controller)
    boxes.toggle(True)
    layer = boxes.layer
    lowest = np.array(layer.data_to_world(layer.data[0].min(axis=0)))
    np.testing.assert_allclose(lowest, (0, 1, 3 + 0.5 * 9.5, 7 + 0.5 * 9.5))
    image.scale = (1, 1, 2, 2)
    lowest = np.array(layer.data_to_world(layer.data[0].min(axis=0)))
    np.testing.assert_allclose(lowest[-2:], (3 + 2 * 9.5, 7 + 2 * 9.5))
    boxes.close()
