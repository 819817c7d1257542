from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.viewer.axes import (
    choose_time_axis,
    current_frame,
    go_to_frame,
    layer_to_layer,
)


def test_frame_is_that_of_the_layer_and_not_of_the_slider(viewer):
    image = viewer.add_image(np.zeros((6, 20, 30)))
    viewer.add_points([[-10, 0, 0], [30, 5, 5]])
    viewer.dims.set_point(0, 3)
    assert viewer.dims.current_step[0] != 3
    assert current_frame(viewer, image, 0) == 3


def test_frame_follows_scale_and_translate(viewer):
    image = viewer.add_image(
        np.zeros((6, 20, 30)), scale=(2, 0.5, 0.5), translate=(10, 3, 4)
    )
    viewer.dims.set_point(0, 16)
    assert current_frame(viewer, image, 0) == 3
    go_to_frame(viewer, image, 0, 5)
    assert viewer.dims.point[0] == 20


def test_frame_follows_units(viewer):
    slow = viewer.add_image(np.zeros((6, 20, 30)), units=("min", "um", "um"))
    fast = viewer.add_image(
        np.zeros((300, 20, 30)), units=("s", "nm", "nm"), scale=(1, 500, 500)
    )
    go_to_frame(viewer, slow, 0, 4)
    assert current_frame(viewer, slow, 0) == 4
    assert current_frame(viewer, fast, 0) == 240


def test_time_axis_by_label_then_by_what_is_hidden(viewer):
    labelled = viewer.add_image(
        np.zeros((2, 5, 20, 30)), axis_labels=("z", "Time", "y", "x")
    )
    plain = viewer.add_image(np.zeros((5, 2, 20, 30)))
    single = viewer.add_image(np.zeros((20, 30)))
    assert choose_time_axis(labelled) == 1
    assert choose_time_axis(plain) == 0
    assert choose_time_axis(plain, displayed=(0, 3)) == 1
    assert choose_time_axis(single) is None


def test_positions_convert_through_the_world_with_units(viewer):
    image = viewer.add_image(
        np.zeros((6, 20, 30)), scale=(1, 0.5, 0.25), units=("s", "um", "um")
    )
    points = viewer.add_points(
        np.zeros((0, 3)), ndim=3, scale=(1, 100, 100), units=("s", "nm", "nm")
    )
    placed = layer_to_layer(points, [[2, 10, 10]], image)
    assert placed[0] == pytest.approx([2, 2, 4])
