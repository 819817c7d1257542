"""Clicks, boxes and outlines become masks, wherever and however they are made."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel

from napari_sam2_ivos.viewer.styling import UNUSED
from napari_sam2_ivos.viewer.tools import Tool
from tests.viewer.bench import A, B, annotate, cells, ids


def test_nothing_changes_before_the_first_object(viewer, controller):
    assert [layer.name for layer in viewer.layers] == ["cells"]


def test_a_click_shows_its_mask_at_once(viewer, controller):
    controller.new_object()
    assert viewer.layers.selection.active == controller.layers.points
    controller.layers.points.add([0, *A])
    labels = controller.layers.labels.data
    assert labels[0, 15, 15] == 1
    assert (labels[0] == 1).sum() == 100
    assert not labels[1:].any()


def test_two_objects_and_their_colours(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.new_object()
    controller.layers.points.add([0, *B])
    points, labels = controller.layers.points, controller.layers.labels
    assert ids(controller.session.labels[0]) == [1, 2]
    assert points.features["track_id"].tolist() == [1, 2]
    for i, track_id in enumerate((1, 2)):
        np.testing.assert_allclose(
            points.face_color[i][:3], labels.get_color(track_id)[:3], atol=0.01
        )


def test_negative_click_differs_in_symbol_and_takes_away(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.use_tool(Tool.NEGATIVE)
    controller.layers.points.add([0, 16, 16])
    points = controller.layers.points
    assert points.symbol[0] != points.symbol[1]
    assert points.features["positive"].tolist() == [True, False]
    assert not controller.session.labels[0].any()


def test_prompts_belong_to_the_frame_they_lie_on(viewer, controller):
    controller.new_object()
    viewer.dims.set_point(0, 5)
    controller.layers.points.add([2, 17, 15])
    assert ids(controller.session.labels[2]) == [1]
    assert not controller.session.labels[5].any()
    assert controller.session.tracks[1].anchors == [2]


def test_moving_a_point_to_another_object_moves_the_mask(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.layers.points.data = np.array([[0, *B]], float)
    assert controller.session.labels[0, 45, 55] == 1
    assert controller.session.labels[0, 15, 15] == 0


def test_deleting_the_last_prompt_removes_the_mask(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.layers.points.selected_data = {0}
    controller.layers.points.remove_selected()
    assert not controller.session.labels.any()


def test_typing_another_track_id_moves_the_prompt(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    table = controller.layers.points.features.copy()
    table["track_id"] = [7]
    controller.layers.points.features = table
    assert ids(controller.session.labels[0]) == [7]


def test_box_and_click_count_together_and_a_second_box_is_refused(controller):
    controller.new_object()
    controller.use_tool(Tool.BOX)
    shapes = controller.layers.shapes
    box = np.array([[0, 9, 9], [0, 9, 20], [0, 20, 20], [0, 20, 9]])
    shapes.add_rectangles(box)
    controller.layers.points.add([0, *A])
    prompts = controller.session.tracks[1].prompts[0]
    assert prompts.box is not None
    assert len(prompts.points) == 1
    shapes.add_rectangles(box + 2 * np.array([0, 1, 1]))
    assert controller.session.tracks[1].prompts[0].box == prompts.box
    assert "has a box on frame 0 already" in controller.messages[-1]


def test_outlines_are_masks(controller):
    controller.new_object()
    controller.use_tool(Tool.OUTLINE)
    square = np.array([[3, 30, 30], [3, 30, 40], [3, 40, 40], [3, 40, 30]])
    controller.layers.shapes.add_polygons(square)
    plane = controller.session.labels[3]
    assert plane[35, 35] == 1
    assert (plane == 1).sum() == 121
    controller.layers.shapes.add_ellipses(square + np.array([0, 0, 20]))
    assert controller.session.labels[3, 35, 55] == 1
    assert controller.session.labels[3, 35, 35] == 1, "both outlines count"
    assert controller.session.labels[3, 30, 50] == 0, "the corner of an ellipse"


def test_clicks_correct_an_outline_whichever_was_first(controller):
    controller.new_object()
    square = np.array([[0, 30, 30], [0, 30, 40], [0, 40, 40], [0, 40, 30]])
    controller.layers.shapes.add_polygons(square)
    controller.layers.points.add([0, *A])
    assert controller.session.labels[0, 35, 35] == 1
    assert controller.session.labels[0, 15, 15] == 1
    controller.new_object()
    controller.layers.points.add([1, 16, 15])
    controller.layers.shapes.add_polygons(square + np.array([1, 0, 0]))
    prompts = controller.session.prompts(2, 1)
    assert len(prompts.points) == 1
    assert prompts.mask is not None
    assert not controller.messages


def test_deleting_the_clicks_leaves_the_outline_as_it_was_drawn(controller):
    controller.new_object()
    square = np.array([[0, 30, 30], [0, 30, 40], [0, 40, 40], [0, 40, 30]])
    controller.layers.shapes.add_polygons(square)
    before = controller.session.labels[0].copy()
    controller.layers.points.add([0, *A])
    controller.layers.points.selected_data = {0}
    controller.layers.points.remove_selected()
    np.testing.assert_array_equal(controller.session.labels[0], before)


def test_a_box_beside_an_outline_is_refused_and_grey(controller):
    controller.new_object()
    shapes = controller.layers.shapes
    square = np.array([[0, 30, 30], [0, 30, 40], [0, 40, 40], [0, 40, 30]])
    shapes.add_rectangles(square)
    shapes.add_polygons(square)
    prompts = controller.session.prompts(1, 0)
    assert prompts.box is None
    assert prompts.mask is not None
    assert "the box beside it is not used" in controller.messages[-1]
    assert shapes.edge_color[0].tolist() != shapes.edge_color[1].tolist()
    np.testing.assert_allclose(shapes.edge_color[0], UNUSED, atol=0.01)
    shapes.selected_data = {1}
    shapes.remove_selected()
    assert controller.session.prompts(1, 0).box is not None


def test_a_prompt_outside_is_named_and_others_are_used(controller):
    controller.new_object()
    points = controller.layers.points
    points.add([0, 500, 15])
    assert "outside the image" in controller.messages[-1]
    points.add([99, *A])
    assert "frame 99" in controller.messages[-1]
    points.add([0, *A])
    assert ids(controller.session.labels[0]) == [1]
    assert len(controller.messages) == 2, "each is said once"


def test_track_id_zero_is_refused(controller):
    controller.new_object()
    controller.layers.points.feature_defaults = {"track_id": 0, "positive": True}
    controller.layers.points.add([0, *A])
    assert "background" in controller.messages[-1]
    assert not controller.session.labels.any()


def test_prompts_of_one_object_leave_others_alone_on_a_calibrated_image(viewer):
    image = viewer.add_image(cells(), scale=(1, 0.65, 0.65), translate=(0, 3.3, 7.7))
    viewer.dims.set_point(0, 0)
    controller = annotate(viewer, image)
    for y, x in ((15.123, 15.377), (45.21, 55.19)):
        controller.new_object()
        controller.layers.points.add([0, y, x])
    controller.track()
    controller.select(1)
    for frame in (3, 4):
        controller.layers.points.add([frame, 18.1, 15.2])
    assert [row.state for row in controller.rows()] == ["changed", "tracked"]


def test_selecting_a_prompt_selects_its_object(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.new_object()
    controller.layers.points.add([0, *B])
    controller.layers.points.selected_data = {0}
    assert controller.current == 1
    controller.layers.points.add([1, 16, 15])
    assert controller.layers.points.features["track_id"].tolist() == [1, 2, 1]
    controller.new_object()
    controller.layers.points.add([3, 30, 70])
    assert controller.layers.points.features["track_id"].tolist() == [1, 2, 1, 3]


def test_the_next_object_does_not_rewrite_the_last_click(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.new_object()
    controller.use_tool(Tool.NEGATIVE)
    assert controller.layers.points.features["track_id"].tolist() == [1]
    assert controller.layers.points.features["positive"].tolist() == [True]


def test_clear_frame_and_delete_object(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.layers.points.add([3, 18, 15])
    controller.new_object()
    controller.layers.points.add([0, *B])
    controller.select(1)
    controller.clear_frame()
    assert controller.session.tracks[1].anchors == [3]
    assert ids(controller.session.labels[0]) == [2]
    controller.editing.delete((1,))
    assert list(controller.session.tracks) == [2]
    assert controller.layers.points.features["track_id"].tolist() == [2]
    assert controller.current == 2


def test_layers_that_the_user_has_are_read(viewer, image):
    controller = annotate(viewer, image)
    mine = viewer.add_points([[0, *A], [1, 16, 15]], name="mine")
    controller.use_layer(mine)
    assert controller.session.tracks[1].anchors == [0, 1]
    mine.add([2, 17, 15])
    assert controller.session.tracks[1].anchors == [0, 1, 2]
    boxes = viewer.add_shapes(
        np.array([[0, 38, 48], [0, 38, 61], [0, 51, 61], [0, 51, 48]]),
        shape_type="rectangle",
    )
    controller.new_object()
    controller.use_layer(boxes)
    assert controller.session.tracks[2].prompts[0].box is not None
    assert ids(controller.session.labels[0]) == [1, 2]


def test_a_layer_without_time_is_refused(viewer, image):
    controller = annotate(viewer, image)
    flat = viewer.add_points([A], ndim=2, name="flat")
    controller.use_layer(flat)
    assert "no time axis" in controller.messages[-1]
    assert not controller.session.tracks


def test_two_viewers_do_not_meet():
    made, viewers = [], [ViewerModel(), ViewerModel()]
    for viewer in viewers:
        controller = annotate(viewer, viewer.add_image(cells()))
        controller.new_object()
        made.append(controller)
    made[0].layers.points.add([0, *A])
    assert made[0].session.labels.any()
    assert not made[1].session.labels.any()


def test_prompts_from_elsewhere_are_shown(controller):
    controller.session.add_points(4, 0, [A])
    controller.session.add_box(5, 1, [[39, 48], [51, 60]])
    controller.show_prompts()
    assert controller.layers.points.features["track_id"].tolist() == [4]
    assert controller.layers.shapes.features["track_id"].tolist() == [5]
    assert ids(controller.session.labels[0]) == [4]
    assert ids(controller.session.labels[1]) == [5]
    controller.show_prompts()
    assert len(controller.layers.points.data) == 1
    controller.layers.shapes.selected_data = {0}
    controller.layers.shapes.remove_selected()
    assert 5 not in ids(controller.session.labels[1])


def test_a_box_comes_back_with_its_layer_beside_a_click(viewer, controller):
    controller.new_object()
    controller.use_tool(Tool.BOX)
    box = np.array([[0, 9, 9], [0, 9, 20], [0, 20, 20], [0, 20, 9]])
    controller.layers.shapes.add_rectangles(box)
    controller.layers.points.add([0, *A])
    before = controller.session.prompts(1, 0)
    viewer.layers.remove(controller.layers.shapes)
    controller.use_tool(Tool.BOX)
    assert len(controller.layers.shapes.data) == 1
    assert len(controller.layers.points.data) == 1
    controller.layers.points.add([0, 16, 16])
    assert controller.session.prompts(1, 0).box == before.box


def test_a_click_with_no_mask_to_see_is_said(controller):
    controller.new_object()
    controller.layers.points.add([0, 30, 70])
    assert "sees no object 1 there on frame 0" in controller.messages[-1]
    controller.layers.points.add([0, *A])
    controller.new_object()
    controller.layers.points.add([0, A[0] + 2, A[1]])
    assert "lies where object 1 is already" in controller.messages[-1]
