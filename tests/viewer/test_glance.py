"""A guess on frames that are not tracked: seen, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_sam2_ivos.io.labels import write_labels
from napari_sam2_ivos.viewer.requests import TrackRequest
from napari_sam2_ivos.viewer.tools import Tool
from tests.viewer.bench import A, B, SteppedRunner, annotate, cells, ids


@pytest.fixture
def runner():
    return SteppedRunner()


@pytest.fixture
def prompted(viewer, image, runner):
    """Two objects, prompted on frame 0."""
    controller = annotate(viewer, image, runner)
    for centre in (A, B):
        controller.new_object()
        controller.layers.points.add([0, *centre])
        runner.finish()
    return controller


@pytest.fixture
def glanced(viewer, prompted, runner):
    """The same, with frame 3 on screen, where nothing was computed."""
    viewer.dims.set_point(0, 3)
    runner.finish()
    return prompted


def is_glance(job):
    return any(step.is_glance for step in job.plan.steps)


def test_scrubbing_shows_a_guess_that_is_in_no_result(glanced, tmp_path):
    shown = glanced.layers.glance.layer
    assert glanced.guessed == [1, 2]
    assert shown.data[3, 13, 12] == 1
    assert shown.data[3, 18, 15] == 0, "an outline, so that nobody takes it for a mask"
    assert "not tracked" in shown.name
    assert not shown.editable
    assert not glanced.session.labels[1:].any()
    assert not any(track.state[3] for track in glanced.session.tracks.values())
    assert {row.state for row in glanced.rows()} == {"prompted"}
    write_labels(tmp_path / "labels.tif", glanced.session.labels)
    assert not tifffile.imread(tmp_path / "labels.tif")[1:].any()
    assert not np.asarray(shown.data).any(), "nor can napari save the layer"
    assert not glanced.messages


def test_it_is_gone_as_soon_as_another_frame_is_shown(viewer, glanced, runner):
    shown = glanced.layers.glance.layer
    viewer.dims.set_point(0, 4)
    assert glanced.guessed == []
    assert shown.get_value((4, 14, 12), world=True) == 0
    runner.finish()
    assert glanced.guessed == [1, 2]
    assert not shown.data[3].any()
    viewer.dims.set_point(0, 0)
    runner.finish()
    assert glanced.guessed == [], "frame 0 is prompted: there is nothing to guess"


def test_tracking_takes_its_place(viewer, glanced, runner):
    glanced.track(TrackRequest(frames=range(2), track_ids=(1,)))
    runner.finish()
    assert glanced.guessed == [1, 2], "frame 3 is not tracked yet"
    glanced.track(TrackRequest(track_ids=(1,)))
    runner.finish()
    assert glanced.guessed == [2]
    glanced.track()
    runner.finish()
    assert glanced.guessed == []
    assert ids(glanced.session.labels[3]) == [1, 2]
    assert not glanced.layers.glance.layer.data[3].any()


def test_an_edit_takes_off_what_was_guessed_from_older_prompts(glanced, runner):
    glanced.editing.delete((1,))
    assert glanced.guessed == [2]
    glanced.layers.points.add([5, 45, 50])
    assert glanced.guessed == []
    runner.finish()
    assert glanced.guessed == [2]


def test_a_click_and_tracking_come_first(viewer, prompted, runner):
    viewer.dims.set_point(0, 3)
    assert is_glance(runner.started[-1])
    assert not prompted.schedule.is_busy
    prompted.layers.points.add([3, 18, 15])
    assert runner.started[-1].is_stopped
    runner.step()
    assert runner.started[-1].spare is None
    runner.step()
    assert ids(prompted.session.labels[3]) == [2]
    viewer.dims.set_point(0, 4)
    runner.step()
    assert is_glance(runner.started[-1])
    prompted.track()
    assert runner.started[-1].is_stopped
    runner.step()
    assert runner.started[-1].is_tracking


def test_scrubbing_on_looks_at_the_last_frame_only(viewer, prompted, runner):
    n = len(runner.started)
    for frame in (1, 2, 3, 4, 5):
        viewer.dims.set_point(0, frame)
    runner.finish()
    glances = [job.plan.steps[0].frame for job in runner.started[n:] if is_glance(job)]
    assert glances == [1, 5], "the first was begun and stopped"
    assert prompted.guessed == [1, 2]


def test_no_guess_while_tracking(viewer, prompted, runner):
    prompted.track()
    runner.step()
    viewer.dims.set_point(0, 5)
    runner.step()
    assert not any(map(is_glance, runner.started))


def test_no_model_is_loaded_for_it(viewer, image, runner):
    controller = annotate(viewer, image, runner)
    controller.layers.ensure()
    controller.session.add_points(1, 0, A)
    viewer.dims.set_point(0, 3)
    runner.finish()
    assert not controller.segmenter.is_loaded
    assert not runner.started


def test_tool_selection_and_undo_are_left_alone(viewer, prompted, runner):
    viewer.dims.set_point(0, 0)
    prompted.use_tool(Tool.PAINT)
    labels = prompted.layers.labels
    labels.paint((0, 50, 70), 2)
    runner.finish()
    viewer.dims.set_point(0, 4)
    runner.finish()
    assert prompted.guessed
    assert viewer.layers.selection == {labels}
    assert labels.mode == "paint"
    assert labels.selected_label == 2
    viewer.dims.set_point(0, 0)
    prompted.editing.undo()
    runner.finish()
    assert prompted.session.labels[0, 50, 70] == 0
    assert prompted.session.tracks[2].prompts[0].mask is None


def test_the_layer_can_be_deleted_and_comes_back_with_a_tool(viewer, glanced, runner):
    viewer.layers.remove(glanced.layers.glance.layer)
    assert "was removed" in glanced.messages[-1]
    viewer.dims.set_point(0, 4)
    runner.finish()
    assert glanced.guessed == []
    assert not is_glance(runner.started[-1])
    glanced.use_tool(Tool.POSITIVE)
    viewer.dims.set_point(0, 5)
    runner.finish()
    assert glanced.guessed == [1, 2]
    assert viewer.layers.selection.active == glanced.layers.points


def test_it_comes_back_without_taking_the_selection(viewer, glanced):
    mine = viewer.add_points([[3, 30, 70]], ndim=3, name="mine")
    viewer.layers.remove(glanced.layers.glance.layer)
    viewer.layers.selection.active = mine
    glanced.use_layer(mine)
    assert glanced.layers.glance.layer in viewer.layers
    assert viewer.layers.selection == {mine}


def test_hidden_by_the_user_it_costs_nothing(viewer, prompted, runner):
    prompted.layers.glance.layer.visible = False
    viewer.dims.set_point(0, 3)
    runner.finish()
    assert not any(map(is_glance, runner.started))
    assert not prompted.layers.glance.layer.visible


def test_colours_are_those_of_the_objects(glanced):
    labels, shown = glanced.layers.labels, glanced.layers.glance.layer
    labels.new_colormap()
    for i in (1, 2):
        np.testing.assert_array_equal(shown.get_color(i), labels.get_color(i))


def test_with_a_z_axis(viewer, runner):
    movie = np.zeros((4, 6, 60, 80), np.uint16)
    movie[2] = cells()
    image = viewer.add_image(
        movie, axis_labels=("z", "t", "y", "x"), scale=(3, 1, 0.5, 0.5)
    )
    viewer.dims.set_point(0, 6)  # z 2
    viewer.dims.set_point(1, 0)
    controller = annotate(viewer, image, runner)
    controller.new_object()
    controller.layers.points.add([2, 0, *A])
    runner.finish()
    viewer.dims.set_point(1, 3)
    runner.finish()
    assert controller.guessed == [1]
    shown = controller.layers.glance.layer
    assert shown.get_value((6, 3, 0.5 * 13, 0.5 * 12), world=True) == 1
