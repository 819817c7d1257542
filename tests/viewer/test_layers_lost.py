"""Layers that are deleted, renamed or hidden lose nothing."""

from __future__ import annotations

import gc
from weakref import ref

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_sam2_ivos.viewer.registry import controllers
from napari_sam2_ivos.viewer.tools import Tool
from tests.viewer.bench import A, B, SteppedRunner, annotate, cells, ids


@pytest.fixture
def runner():
    return SteppedRunner()


@pytest.fixture
def running(viewer, image, runner):
    controller = annotate(viewer, image, runner)
    controller.new_object()
    controller.layers.points.add([0, *A])
    runner.finish()
    controller.track()
    runner.step()
    return controller


def test_labels_deleted_while_tracking(viewer, running, runner):
    viewer.layers.remove(running.layers.labels)
    runner.finish()
    assert "was removed" in running.messages[-1]
    assert "labels are kept" in running.messages[-1]
    assert all(p.any() for p in running.session.labels)
    running.use_tool(Tool.PAINT)
    shown = running.layers.labels
    assert shown in viewer.layers
    assert shown.data[5].any()
    viewer.dims.set_point(0, 5)
    shown.paint((5, 50, 70), 1)
    runner.finish()
    assert running.session.tracks[1].anchors == [0, 5]


def test_prompt_layers_deleted_and_brought_back(viewer, running, runner):
    viewer.layers.remove(running.layers.points)
    viewer.layers.remove(running.layers.shapes)
    runner.finish()
    assert running.session.tracks[1].anchors == [0]
    running.new_object()
    assert running.layers.points.features["track_id"].tolist() == [1]
    running.layers.points.add([0, *B])
    runner.finish()
    assert ids(running.session.labels[0]) == [1, 2]


def test_image_deleted_and_brought_back(viewer, running, runner, image):
    viewer.layers.remove(image)
    runner.finish()
    assert not running.schedule.is_busy
    assert running.is_image_missing
    assert "kept" in running.messages[-1]
    running.bring_back()
    assert image in viewer.layers
    running.track()
    runner.finish()
    assert all(p.any() for p in running.session.labels)


def test_everything_cleared_while_tracking(viewer, running, runner):
    viewer.layers.clear()
    runner.finish()
    assert running.session.tracks[1].anchors == [0]
    running.bring_back()
    assert len(viewer.layers) == 5


def test_renaming_changes_nothing(viewer, running, runner):
    for layer in viewer.layers:
        layer.name = f"my {layer.name}"
    runner.finish()
    assert all(p.any() for p in running.session.labels)


def test_only_the_frame_on_screen_is_refreshed(viewer, running, runner):
    seen = []
    running.layers.labels.events.set_data.connect(lambda e: seen.append(1))
    runner.finish()
    assert not seen, "frame 0 is on screen and was not written"
    assert running.layers.labels.data[5].any()


def test_layers_follow_an_image_that_is_calibrated_later(viewer, image):
    controller = annotate(viewer, image)
    controller.new_object()
    controller.layers.points.add([0, *A])
    image.scale = (2, 0.1, 0.1)
    image.units = ("s", "um", "um")
    for layer in controller.layers.own():
        assert layer.scale.tolist() == [2, 0.1, 0.1]
        assert layer.units == image.units
    controller.layers.points.add([0, *B])
    assert controller.session.labels[0, B[0], B[1]] == 1
    assert controller.session.labels[0, A[0], A[1]] == 1


def test_data_replaced_by_data_of_the_same_shape(viewer, image):
    controller = annotate(viewer, image)
    controller.new_object()
    controller.layers.points.add([0, *A])
    image.data = np.roll(image.data, 1, axis=1)
    assert "was replaced" in controller.messages[-1]
    assert controller.session.labels[0, 20, 15] == 1
    assert controller.session.labels[0, 10, 15] == 0
    image.data = np.zeros((3, 9, 9))
    assert "another shape" in controller.messages[-1]
    assert controller.session.labels.any()


def _used_viewer():
    viewer = ViewerModel()
    controllers(viewer).append(annotate(viewer, viewer.add_image(cells())))
    controllers(viewer)[0].new_object()
    return ref(viewer)


def test_a_closed_viewer_is_let_go():
    gone = _used_viewer()
    gc.collect()
    assert gone() is None
