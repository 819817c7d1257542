"""A line drawn along a cell is as good as clicks, and its sign can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from napari.utils._test_utils import read_only_mouse_event
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)

from napari_sam2_ivos.core.edits.notes import set_locked
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.viewer.layers import drop_lost_rows, end_drawing
from napari_sam2_ivos.viewer.prompt_writer import wrong_rows
from napari_sam2_ivos.viewer.scribbles import scribble_points
from napari_sam2_ivos.viewer.tools import Tool
from tests.viewer.bench import A, B, annotate, cells, ids

ACROSS = np.array([[0, 12, 12], [0, 17, 17]])
"""A line inside the first cell of the bench."""


def place(points):
    return np.array([(p.y, p.x) for p in points])


def use(controller, tool):
    """Choose a tool, with the sign of what is drawn next."""
    controller.use_tool(tool)
    controller.layers.set_next(controller.current, tool.is_positive)


def drag(layer, *places):
    """Press the mouse, move it along and let go, at (y, x) on the frame 0."""

    def event(kind, at):
        on_canvas = np.array(at[::-1], float) * 10
        return read_only_mouse_event(
            type=kind,
            position=(0, *at),
            pos=on_canvas,
            is_dragging=kind == "mouse_move",
            button=1,
            dims_displayed=[1, 2],
        )

    mouse_press_callbacks(layer, event("mouse_press", places[0]))
    for at in places[1:]:
        mouse_move_callbacks(layer, event("mouse_move", at))
    mouse_release_callbacks(layer, event("mouse_release", places[-1]))


# ---- which clicks a line stands for


def test_eight_points_lie_evenly_along_a_long_line():
    line = np.array([[10, 10], [10, 50], [50, 50]], float)
    points = place(scribble_points(line, (64, 64), True))
    expected = [(10, 15), (10, 25), (10, 35), (10, 45)]
    expected += [(15, 50), (25, 50), (35, 50), (45, 50)]
    np.testing.assert_allclose(points, expected, atol=0.6)


def test_corners_drawn_close_together_do_not_pull_points_to_them():
    line = np.array([[10, x] for x in (10, 10.1, 10.2, 10.3, 50)], float)
    points = place(scribble_points(line, (64, 64), True))
    np.testing.assert_allclose(np.diff(points[:, 1]), 5, atol=0.6)


def test_a_short_line_has_two_points_and_a_longer_one_more():
    short = scribble_points(np.array([[20, 20], [20, 24.0]]), (640, 640), False)
    np.testing.assert_allclose(place(short), [(20, 21), (20, 23)], atol=0.6)
    assert [p.positive for p in short] == [False, False]
    longer = scribble_points(np.array([[20, 20], [20, 70.0]]), (640, 640), True)
    assert len(longer) == 5


def test_what_reaches_out_of_the_image_is_left_out():
    line = np.array([[5, -40], [5, 20.0]])
    points = place(scribble_points(line, (30, 30), True))
    assert (points[:, 1] >= -0.5).all()
    np.testing.assert_allclose(np.diff(points[:, 1]), 20.5 / 8, atol=0.6)
    with pytest.raises(PromptError, match="outside the image"):
        scribble_points(np.array([[5, -40], [5, -20.0]]), (30, 30), True)


def test_a_line_without_length_says_how_to_draw_one():
    with pytest.raises(PromptError, match="mouse button"):
        scribble_points(np.array([[5, 5], [5, 5.0]]), (30, 30), True)


# ---- in the viewer


def test_a_scribble_by_mouse_shows_its_mask_at_once(viewer, controller):
    controller.new_object()
    use(controller, Tool.SCRIBBLE)
    shapes = controller.layers.shapes
    assert viewer.layers.selection.active == shapes
    drag(shapes, (12, 12), (13, 15), (15, 16), (17, 17))
    points = controller.session.prompts(1, 0).points
    assert 2 <= len(points) <= 8
    assert all(p.positive for p in points)
    assert (controller.session.labels[0] == 1).sum() == 100


def test_the_sign_follows_the_tool_and_can_be_changed_later(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    use(controller, Tool.NOT_SCRIBBLE)
    controller.layers.shapes.add_paths(ACROSS)
    signs = [p.positive for p in controller.session.prompts(1, 0).points]
    assert signs == [True] + [False] * (len(signs) - 1)
    assert not controller.session.labels[0].any()
    table = controller.layers.shapes.features.copy()
    table["positive"] = [True]
    controller.layers.shapes.features = table
    assert (controller.session.labels[0] == 1).sum() == 100


def test_scribble_click_and_box_count_together_in_a_stable_order(controller):
    controller.new_object()
    use(controller, Tool.SCRIBBLE)
    shapes, points = controller.layers.shapes, controller.layers.points
    shapes.add_paths(ACROSS)
    drawn = controller.session.prompts(1, 0).points
    points.add([0, *A])
    shapes.add_rectangles(np.array([[0, 9, 9], [0, 9, 20], [0, 20, 20], [0, 20, 9]]))
    prompts = controller.session.prompts(1, 0)
    assert prompts.points[1:] == drawn
    assert (prompts.points[0].y, prompts.points[0].x) == A
    assert prompts.box is not None
    assert not controller.messages


def test_moving_and_deleting_a_scribble_counts(controller):
    controller.new_object()
    use(controller, Tool.SCRIBBLE)
    shapes = controller.layers.shapes
    shapes.add_paths(ACROSS)
    shapes.data = [ACROSS + np.subtract([0, *B], [0, *A])]
    assert controller.session.labels[0, 45, 55] == 1
    assert controller.session.labels[0, 15, 15] == 0
    shapes.selected_data = {0}
    shapes.remove_selected()
    assert not controller.session.tracks[1].prompts
    assert not controller.session.labels.any()


def test_undo_takes_a_scribble_back(controller):
    controller.new_object()
    use(controller, Tool.SCRIBBLE)
    controller.layers.shapes.add_paths(ACROSS)
    controller.editing.undo()
    assert not controller.session.labels.any()
    assert len(controller.layers.shapes.data) == 0
    controller.editing.redo()
    assert (controller.session.labels[0] == 1).sum() == 100


def test_only_the_row_of_what_was_undone_is_wrong(controller):
    controller.new_object()
    use(controller, Tool.SCRIBBLE)
    shapes, points = controller.layers.shapes, controller.layers.points
    shapes.add_paths(ACROSS)
    points.add([0, 16, 13])
    points.add([0, 16, 17])
    reading = controller.layers.reader.reading
    assert wrong_rows(reading, controller.session) == {}
    controller.session.undo()
    assert wrong_rows(reading, controller.session) == {points: {1}}
    controller.session.undo()
    assert wrong_rows(reading, controller.session) == {points: {0, 1}}
    controller.session.undo()
    assert wrong_rows(reading, controller.session) == {points: {0, 1}, shapes: {0}}


def test_a_negative_scribble_differs_in_brightness_and_bears_a_cross(controller):
    controller.new_object()
    use(controller, Tool.SCRIBBLE)
    shapes = controller.layers.shapes
    shapes.add_paths(ACROSS)
    assert "✕" not in shapes.text.values
    use(controller, Tool.NOT_SCRIBBLE)
    shapes.add_paths(ACROSS + np.array([0, 2, 0]))
    assert shapes.text.values.tolist() == ["", "✕"]
    bright, dark = (np.asarray(colour[:3]).mean() for colour in shapes.edge_color)
    assert dark < 0.6 * bright


def test_text_that_the_user_has_on_shapes_stays(viewer, image):
    controller = annotate(viewer, image)
    mine = viewer.add_shapes(
        [ACROSS], shape_type="path", text={"string": ["nucleus"]}, name="mine"
    )
    controller.use_layer(mine)
    assert len(controller.session.prompts(1, 0).points) >= 2
    assert mine.text.values.tolist() == ["nucleus"]


def test_a_scribble_of_a_locked_object_is_taken_away_again(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    set_locked(controller.session, (1,), True)
    use(controller, Tool.SCRIBBLE)
    shapes = controller.layers.shapes
    drag(shapes, (12, 12), (13, 15), (15, 16), (17, 17))
    assert "locked" in controller.messages[-1]
    assert len(shapes.data) == 0
    assert len(controller.session.prompts(1, 0).points) == 1
    assert shapes.mode == "add_path"


def test_a_shape_that_was_given_up_leaves_nothing_to_the_next_object(controller):
    controller.new_object()
    use(controller, Tool.OUTLINE)
    shapes = controller.layers.shapes
    drag(shapes, (30, 30))
    end_drawing(shapes)
    drop_lost_rows(shapes)
    assert len(shapes.data) == len(shapes.features) == 0
    controller.layers.set_next(2, True)
    shapes.add_paths(ACROSS)
    assert ids(controller.session.labels[0]) == [2]


def test_scribbles_on_a_scaled_image_lie_where_they_were_drawn(viewer):
    image = viewer.add_image(cells(), scale=(1, 0.5, 0.5), translate=(0, 3, 7))
    viewer.dims.set_point(0, 0)
    controller = annotate(viewer, image)
    controller.new_object()
    controller.layers.shapes.add_paths(ACROSS)
    points = place(controller.session.prompts(1, 0).points)
    assert ((points >= 12) & (points <= 17)).all()
