"""Layers that are deleted, renamed or hidden lose nothing."""

from __future__ import annotations

import pytest

from napari_sam2_ivos.viewer.tools import Tool
from tests.viewer.bench import A, B, SteppedRunner, annotate, ids


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
    assert len(viewer.layers) == 4


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
