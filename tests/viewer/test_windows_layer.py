"""Windows of objects: where the model looked, and nobody's prompts."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.viewer.prompt_reader import could_hold_prompts
from napari_sam2_ivos.viewer.windows_layer import WindowsLayer
from tests.viewer.bench import A, B, LookingSegmenter, SteppedRunner, annotate


def begin(viewer, image, runner=None):
    """Return a session with two cells that a model looks at through windows."""
    controller = annotate(viewer, image, runner, LookingSegmenter)
    for at in (A, B):
        controller.new_object()
        controller.layers.points.add([0, *at])
        if runner is not None:
            runner.finish()
    return controller


@pytest.fixture
def tracked(viewer, image):
    controller = begin(viewer, image)
    controller.track()
    return controller


@pytest.fixture
def windows(tracked):
    made = WindowsLayer(tracked)
    made.toggle(True)
    yield made
    made.close()


def seen(layer):
    """Return the windows as (top, left, height, width), by track ID."""
    found = {}
    ids = layer.features["track_id"] if len(layer.data) else []
    for track_id, corners in zip(ids, layer.data, strict=True):
        first = corners.min(axis=0)[-2:] + 0.5
        size = np.ptp(corners, axis=0)[-2:]
        found[track_id] = (*first, *size)
    return found


def test_they_are_where_the_model_looked_on_each_frame(viewer, tracked, windows):
    assert seen(windows.layer) == {1: (0, 0, 30, 30), 2: (30, 40, 30, 30)}
    for frame in (5, 2):
        viewer.dims.set_point(0, frame)
        assert seen(windows.layer) == {
            i: track.view_on(frame) for i, track in tracked.session.tracks.items()
        }
    assert seen(windows.layer)[1] == (2, 0, 30, 30)


def test_who_was_seen_in_the_whole_frame_has_none(viewer, tracked, windows):
    tracked.session.tracks[1].view[3] = View.whole((60, 80))
    viewer.dims.set_point(0, 3)
    assert list(seen(windows.layer)) == [2]
    tracked.session.tracks[2].view[4] = 0
    viewer.dims.set_point(0, 4)
    assert list(seen(windows.layer)) == [1]


def test_they_come_with_the_result_of_a_frame(viewer, image):
    runner = SteppedRunner()
    controller = begin(viewer, image, runner)
    windows = WindowsLayer(controller)
    windows.toggle(True)
    viewer.dims.set_point(0, 3)
    controller.track()
    while controller.session.tracks[1].view_on(3) is None:
        assert not seen(windows.layer)
        runner.step()
    assert controller.schedule.is_tracking
    assert seen(windows.layer)[1] == (3, 0, 30, 30)
    runner.finish()
    windows.close()


def test_each_has_the_colour_of_its_object_and_no_text(tracked, windows):
    for i, track_id in enumerate((1, 2)):
        np.testing.assert_allclose(
            windows.layer.edge_color[i], tracked.layers.color_of(track_id), atol=0.01
        )
    assert not windows.layer.text.values.any()
    tracked.editing.hide((1,), True)
    assert list(seen(windows.layer)) == [2]


def test_objects_that_share_a_window_are_all_seen(viewer, tracked, windows):
    viewer.scene.camera.zoom = 1.5
    shared = tracked.session.tracks[1].view_on(2)
    tracked.session.tracks[2].view[2] = shared
    viewer.dims.set_point(0, 2)
    outer, inner = seen(windows.layer).values()
    assert outer == shared
    assert inner == (shared.top + 1, shared.left + 1, 28, 28)


@pytest.mark.parametrize("scale", [1, 0.25])
@pytest.mark.parametrize("zoom", [0.2, 1, 30])
def test_lines_are_thin_at_any_zoom(viewer, image, windows, scale, zoom):
    image.scale = (1, scale, scale)
    viewer.scene.camera.zoom = zoom
    on_screen = np.array(windows.layer.edge_width) * scale * zoom
    assert (on_screen >= 1).all()
    assert (on_screen < 2.5).all()


def test_they_are_no_prompts_and_the_tool_stays(viewer, tracked):
    before = viewer.layers.selection.active
    prompts = dict(tracked.session.tracks[1].prompts)
    windows = WindowsLayer(tracked)
    windows.toggle(True)
    assert viewer.layers.selection.active == before
    assert not could_hold_prompts(windows.layer)
    assert windows.layer not in tracked.layers.own()
    viewer.dims.set_point(0, 2)
    assert tracked.session.tracks[1].prompts == prompts
    layer = windows.layer
    windows.close()
    assert layer not in viewer.layers
