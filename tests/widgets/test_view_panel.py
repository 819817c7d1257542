"""What can be looked at besides the masks."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_sam2_ivos.viewer.rectangles_layer import is_rectangles_layer
from napari_sam2_ivos.widgets.view_panel import ViewPanel
from tests.viewer.bench import A, annotate, cells


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def controller(viewer):
    image = viewer.add_image(cells(), name="cells")
    viewer.dims.set_point(0, 0)
    return annotate(viewer, image)


@pytest.fixture
def panel(viewer, controller, qtbot):
    made = ViewPanel(viewer)
    qtbot.addWidget(made)
    controller.changed.connect(made.refresh)
    made.show_controller(controller)
    yield made
    made.show_controller(None)


def boxes(viewer):
    return [layer for layer in viewer.layers if is_rectangles_layer(layer)]


def test_without_a_session_there_is_nothing_to_choose(viewer, qtbot):
    panel = ViewPanel(viewer)
    qtbot.addWidget(panel)
    panel.show_controller(None)
    checks = panel.boxes, panel.follow, panel.seen, panel.windows
    for made in (panel.fill, panel.outline, *checks):
        assert not made.isEnabled()


def test_masks_as_lines_and_as_areas(panel, controller):
    assert not panel.outline.isEnabled(), "there are no masks yet"
    controller.new_object()
    panel.outline.click()
    assert controller.layers.labels.contour > 0
    panel.fill.click()
    assert controller.layers.labels.contour == 0


def test_a_contour_that_was_set_in_napari_is_shown(panel, controller):
    controller.new_object()
    controller.layers.labels.contour = 3
    panel.refresh()
    assert panel.outline.isChecked()


def test_boxes_come_and_go(panel, controller, viewer):
    controller.new_object()
    controller.layers.points.add([0, *A])
    panel.boxes.click()
    (layer,) = boxes(viewer)
    assert len(layer.data) == 1
    viewer.layers.remove(layer)
    assert not panel.boxes.isChecked(), "the user has deleted the layer"
    panel.boxes.click()
    panel.boxes.click()
    assert not boxes(viewer)


def test_following_moves_the_camera(panel, controller, viewer):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.track()
    panel.follow.click()
    viewer.dims.set_point(0, 4)
    np.testing.assert_allclose(viewer.scene.camera.center[-2:], (18.5, 14.5))


def test_what_the_model_sees_is_said_to_come_with_the_model(panel, viewer):
    said = []
    panel.said.connect(said.append)
    panel.seen.click()
    assert "next click" in said[-1]
    panel.seen.click()
    assert len(viewer.layers) == 1


def test_another_session_is_shown_the_same_way(panel, controller, viewer):
    panel.boxes.click()
    (before,) = boxes(viewer)
    image = viewer.add_image(cells(), name="others")
    other = annotate(viewer, image)
    other.new_object()
    other.layers.points.add([0, *A])
    panel.show_controller(other)
    (layer,) = boxes(viewer)
    assert layer != before
    assert len(layer.data) == 1
    assert panel.boxes.isChecked()


def test_closing_leaves_nothing_on_the_canvas(panel, controller, viewer):
    controller.new_object()
    panel.boxes.click()
    panel.follow.click()
    panel.close_views()
    assert not boxes(viewer)
    controller.layers.points.add([0, *A])
    before = viewer.scene.camera.center
    controller.track()
    viewer.dims.set_point(0, 4)
    assert viewer.scene.camera.center == before
