"""Painting counts, survives, and can be taken back."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.viewer.tools import Tool
from tests.viewer.bench import A, B, ids


@pytest.fixture
def tracked(controller):
    """Two objects, tracked."""
    for centre in (A, B):
        controller.new_object()
        controller.layers.points.add([0, *centre])
    controller.track()
    return controller


def test_painting_makes_an_anchor_of_that_frame_only(viewer, tracked):
    tracked.select(1)
    viewer.dims.set_point(0, 3)
    tracked.use_tool(Tool.PAINT)
    tracked.layers.labels.paint((3, 30, 30), 1)
    track = tracked.session.tracks[1]
    assert track.anchors == [0, 3]
    assert track.prompts[3].mask.to_plane((60, 80))[30, 30]
    assert track.prompts[3].refines
    assert tracked.session.tracks[2].anchors == [0]
    assert {r.track_id: r.state for r in tracked.rows()} == {1: "changed", 2: "tracked"}
    tracked.track()
    assert tracked.session.labels[3, 30, 30] == 1, "the correction survives"


def test_painting_over_another_object_corrects_both(viewer, tracked):
    viewer.dims.set_point(0, 0)
    tracked.layers.labels.selected_label = 1
    tracked.layers.labels.brush_size = 6
    tracked.layers.labels.paint((0, 45, 50), 1)
    assert tracked.session.tracks[1].prompts[0].mask is not None
    other = tracked.session.tracks[2].prompts[0].mask
    assert other is not None
    assert not other.to_plane((60, 80))[45, 50]
    assert len(tracked.layers.points.data) == 0, "clicks were replaced by the painting"


def test_erasing_all_says_that_the_object_is_absent(viewer, tracked):
    viewer.dims.set_point(0, 4)
    labels = tracked.layers.labels
    labels.fill((4, 19, 15), 0)
    assert tracked.session.tracks[1].prompts[4].mask.pixels.size == 0
    assert ids(tracked.session.labels[4]) == [2]


def test_undo_takes_the_anchor_back(viewer, tracked):
    viewer.dims.set_point(0, 3)
    before = tracked.session.labels[3].copy()
    tracked.layers.labels.fill((3, 1, 1), 1)
    assert tracked.session.tracks[1].anchors == [0, 3]
    tracked.editing.undo()
    assert tracked.session.tracks[1].anchors == [0]
    np.testing.assert_array_equal(tracked.session.labels[3], before)


def test_painting_a_new_label_makes_an_object(viewer, tracked):
    viewer.dims.set_point(0, 2)
    tracked.layers.labels.selected_label = 12
    tracked.layers.labels.paint((2, 5, 70), 12)
    assert 12 in tracked.session.tracks
    tracked.track()
    assert 12 in ids(tracked.session.labels[2])


def test_results_of_the_model_are_no_corrections(viewer, tracked):
    for frame in range(6):
        viewer.dims.set_point(0, frame)
    assert tracked.session.tracks[1].anchors == [0]
    assert tracked.session.tracks[2].anchors == [0]


def test_painting_through_time_is_refused(viewer, tracked):
    viewer.dims.set_point(0, 2)
    labels = tracked.layers.labels
    labels.n_edit_dimensions = 3
    labels.paint((2, 30, 70), 1)
    assert labels.n_edit_dimensions == 2
    assert "several frames" in tracked.messages[-1]
