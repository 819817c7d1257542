"""Tracks and families as a layer of napari."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.edits.lives import divide
from napari_sam2_ivos.core.edits.notes import set_class
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.viewer.lineage_layer import LineageLayer
from tests.viewer.bench import A, B, annotate, cells


def lineage_of(controller):
    return LineageLayer(controller.viewer, controller.session, controller.layers.target)


def family(controller):
    """Object 1 on frames 0 to 2, then its daughters 2 and 3."""
    session = controller.session
    session.add_points(1, 0, [A])
    list(session.propagate("forward"))
    divide(session, 1, 3)
    session.add_points(2, 3, [(18, 15)])
    session.add_points(3, 3, [B])
    for frame in (3, 4):
        list(session.preview(frame))
    list(session.propagate("forward"))
    return session


def test_centroids_are_joined_and_daughters_follow_their_mother(controller):
    session = family(controller)
    lineage = lineage_of(controller)
    lineage.show()
    layer = lineage.layer
    assert layer in controller.viewer.layers
    assert layer.graph == {2: [1], 3: [1]}
    of_mother = layer.data[layer.data[:, 0] == 1]
    np.testing.assert_array_equal(of_mother[:, 1], [0, 1, 2])
    np.testing.assert_allclose(of_mother[:, 2:], session.tracks[1].centroid[:3])
    assert set(layer.data[layer.data[:, 0] == 2][:, 1]) == {3, 4, 5}


def test_a_track_has_the_colour_of_its_object(controller):
    family(controller)
    lineage = lineage_of(controller)
    lineage.show()
    rows = np.flatnonzero(lineage.layer.data[:, 0] == 2)
    expected = controller.layers.color_of(2)
    np.testing.assert_allclose(lineage.layer.track_colors[rows[0]], expected)


def test_shown_again_it_is_the_same_layer_with_what_is_there_now(controller):
    session = family(controller)
    lineage = lineage_of(controller)
    lineage.show()
    layer = lineage.layer
    set_class(session, [2], "bud")
    set_class(session, [3], "dead")
    layer.color_by = "class"
    layer.tail_length = 7
    session.remove_object(1)
    lineage.show()
    assert lineage.layer is layer
    assert layer.graph == {}
    assert set(layer.data[:, 0]) == {2, 3}
    names = [layer.metadata["classes"][i] for i in layer.features["class"]]
    assert set(zip(layer.data[:, 0], names, strict=True)) == {(2, "bud"), (3, "dead")}
    assert layer.color_by == "class"
    assert layer.tail_length == 7


def test_a_layer_that_the_user_deleted_is_made_anew(controller):
    family(controller)
    lineage = lineage_of(controller)
    lineage.show()
    controller.viewer.layers.remove(lineage.layer)
    lineage.show()
    assert lineage.layer in controller.viewer.layers


def test_showing_tracks_leaves_the_tool_in_hand(controller):
    controller.new_object()
    family(controller)
    before = controller.viewer.layers.selection.active
    lineage_of(controller).show()
    assert controller.viewer.layers.selection.active is before


def test_tracks_lie_over_their_plane_of_a_calibrated_stack(viewer):
    movie = np.zeros((6, 3, 60, 80), np.uint16)
    movie[:, 2] = cells()
    image = viewer.add_image(movie, scale=(2, 3, 0.5, 0.5), translate=(0, 1, 5, 6))
    viewer.dims.set_point(1, 1 + 2 * 3)
    controller = annotate(viewer, image, time_axis=0)
    session = controller.session
    session.add_points(1, 0, [A])
    list(session.propagate("forward"))
    lineage = lineage_of(controller)
    lineage.show()
    layer = lineage.layer
    placed = layer.data_to_world(layer.data[0, 1:])
    y, x = session.tracks[1].centroid[0]
    np.testing.assert_allclose(placed, [0, 1 + 2 * 3, 5 + y / 2, 6 + x / 2])


def test_without_masks_there_is_nothing_to_show(controller):
    with pytest.raises(PromptError, match="No object has a mask"):
        lineage_of(controller).show()
    assert len(controller.viewer.layers) == 1


def test_an_image_that_napari_shows_no_tracks_on_is_refused(viewer):
    movie = np.moveaxis(np.stack([cells()] * 2), 0, 0)
    image = viewer.add_image(movie, axis_labels=("z", "t", "y", "x"))
    controller = annotate(viewer, image, time_axis=1)
    controller.session.add_points(1, 0, [A])
    list(controller.session.preview(0))
    with pytest.raises(PromptError, match="time is the first"):
        lineage_of(controller).show()
