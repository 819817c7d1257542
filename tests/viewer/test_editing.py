"""Edits of objects through the controller: masks, prompt layers and the list agree."""

from __future__ import annotations

import numpy as np
import pytest

from tests.viewer.bench import A, B, annotate, ids


@pytest.fixture
def two(viewer, image):
    """A session with two clicked and tracked cells, on frame 0."""
    controller = annotate(viewer, image)
    for at in (A, B):
        controller.new_object()
        controller.layers.points.add([[0, *at]])
    controller.track()
    return controller


def shown(controller):
    """The objects on each frame."""
    return [ids(plane) for plane in controller.session.labels]


def test_undo_and_redo_go_through_clicks_runs_and_paint_alike(two):
    points, labels = two.layers.points, two.layers.labels
    tracked = two.session.labels.copy()
    two.select(1)
    labels.paint((0, 30, 30), 1)
    painted = two.session.labels.copy()
    two.editing.undo()
    np.testing.assert_array_equal(two.session.labels, tracked)
    assert len(points.data) == 2, "the click that was painted over is back"
    two.editing.undo()
    assert shown(two) == [[1, 2], [], [], [], [], []], "the run was one step"
    two.editing.undo()
    assert shown(two)[0] == [1]
    assert len(points.data) == 1
    for _ in range(3):
        two.editing.redo()
    np.testing.assert_array_equal(two.session.labels, painted)
    assert len(points.data) == 1, "painting had replaced the click"
    two.editing.redo()
    assert two.messages[-1] == "There is nothing to do again."


def test_an_accepted_mask_is_not_painted_over_by_another_object(two):
    two.select(1)
    two.editing.accept()
    before = two.session.labels[0] == 1
    two.select(2)
    two.layers.labels.paint((0, 15, 15), 2)
    np.testing.assert_array_equal(two.session.labels[0] == 1, before)
    assert "1 is accepted on this frame" in two.messages[-1]
    two.select(1)
    two.editing.accept()
    assert not two.session.prompts(1, 0).is_locked, "the same key takes it back"


def test_a_click_after_painting_corrects_the_painting(two):
    two.select(1)
    two.layers.labels.paint((0, 30, 30), 1)
    two.layers.set_next(1, True)
    two.layers.points.add([[0, 28, 28]])
    prompts = two.session.prompts(1, 0)
    assert prompts.mask is not None
    assert len(prompts.points) == 1


def test_a_click_on_a_locked_object_is_taken_back_and_explained(two):
    two.editing.set_locked((1,), True)
    n = len(two.layers.points.data)
    two.layers.set_next(1, True)
    two.layers.points.add([[0, 18, 18]])
    assert len(two.layers.points.data) == n
    assert "locked" in two.messages[-1]


def test_renaming_moves_clicks_and_masks_and_stays_chosen(two):
    two.select(1)
    two.editing.rename(1, 7)
    assert shown(two) == [[2, 7]] * 6
    assert sorted(two.layers.points.features["track_id"]) == [2, 7]
    assert two.current == 7


def test_a_taken_id_is_asked_about(two):
    asked = []
    two.editing.ask = lambda question: asked.append(question)
    two.editing.rename(1, 2)
    assert shown(two) == [[1, 2]] * 6, "no answer changes nothing"
    assert [key for key, _ in asked[0].choices] == ["merge", "swap"]
    before = two.session.labels.copy()
    two.editing.ask = lambda question: "swap"
    two.editing.rename(1, 2)
    np.testing.assert_array_equal(two.session.labels == 1, before == 2)


def test_merging_asks_whose_mask_stays(two):
    two.editing.ask = lambda question: "both"
    before = two.session.labels > 0
    two.editing.merge(1, 2)
    assert shown(two) == [[1]] * 6
    np.testing.assert_array_equal(two.session.labels == 1, before)


def test_a_division_is_one_key_and_two_clicks(two):
    two.go_to(3)
    two.select(1)
    two.editing.divide(1)
    two.layers.points.add([[3, *np.add(A, 3)]])
    assert two.current == 4, "the next click begins the other daughter"
    two.layers.points.add([[3, 45, 52]])
    assert [two.session.tracks[i].parent for i in (3, 4)] == [1, 1]
    assert two.session.tracks[1].lifespan == range(3)
    two.track()
    assert 1 in shown(two)[2]
    assert 1 not in shown(two)[3]


def test_undoing_a_division_brings_the_mother_back(two):
    before = two.session.labels.copy()
    two.go_to(3)
    two.editing.divide(1)
    two.editing.undo()
    np.testing.assert_array_equal(two.session.labels, before)
    assert sorted(two.session.tracks) == [1, 2]


def test_hidden_objects_keep_their_colour_in_the_list(two):
    colour = tuple(two.layers.color_of(1))
    two.editing.hide((1,), True)
    assert two.layers.labels.colormap.map(1)[3] == 0
    assert two.layers.labels.colormap.map(2)[3] == 1
    assert list(two.layers.points.shown) == [False, True]
    assert tuple(two.layers.color_of(1)) == colour
    two.new_object()
    two.layers.points.add([[0, 30, 30]])
    assert two.layers.labels.colormap.map(3)[3] == 1, "a later object is seen"
    two.editing.hide((1,), False)
    assert two.layers.labels.colormap.map(1)[3] == 1


def test_objects_are_taken_over_from_another_layer_with_their_ids(viewer, image):
    controller = annotate(viewer, image)
    other = np.zeros((6, 60, 80), np.int32)
    other[0, 10:20, 10:20] = 12
    other[0, 40:50, 50:60] = 30
    layer = viewer.add_labels(other, name="cellpose")
    viewer.dims.set_point(0, 0)
    controller.editing.take_over(layer)
    assert shown(controller)[0] == [12, 30]
    controller.track()
    assert shown(controller) == [[12, 30]] * 6


def test_taken_ids_of_another_layer_are_asked_about(two, viewer):
    other = np.zeros((60, 80), np.int32)
    other[25:35, 25:35] = 1
    layer = viewer.add_labels(other, name="cellpose")
    two.editing.take_over(layer)
    assert sorted(two.session.tracks) == [1, 2]
    two.editing.ask = lambda question: "renumber"
    two.editing.take_over(layer)
    assert sorted(two.session.tracks) == [1, 2, 3]


def test_a_whole_stack_is_loaded_and_one_frame_of_it_corrected(viewer, image):
    controller = annotate(viewer, image)
    other = np.zeros((6, 60, 80), np.int32)
    other[:, 12:18, 12:18] = 5
    layer = viewer.add_labels(other, name="mine")
    controller.editing.load_stack(layer)
    assert shown(controller) == [[5]] * 6
    viewer.dims.set_point(0, 2)
    controller.select(5)
    controller.layers.ensure()
    controller.layers.labels.paint((2, 40, 40), 5)
    assert controller.session.labels[2, 40, 40] == 5
    controller.track()
    np.testing.assert_array_equal(controller.session.labels[4] == 5, other[4] == 5)


def test_a_layer_of_another_size_is_refused(two, viewer):
    layer = viewer.add_labels(np.ones((6, 30, 40), int), name="small")
    two.editing.take_over(layer)
    assert "'small' has planes of (30, 40) pixels" in two.messages[-1]


def test_seventy_thousand_labels_are_refused_with_a_reason(viewer):
    from napari.components import ViewerModel

    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((2, 300, 300), np.uint8))
    controller = annotate(viewer, image)
    many = np.arange(90_000).reshape(300, 300).clip(0, 70_000)
    controller.editing.take_over(viewer.add_labels(many, name="many"))
    assert "70000" in controller.messages[-1]
    assert not controller.session.tracks
