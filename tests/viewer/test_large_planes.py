"""Of a large plane, what the window does by itself reads and copies only parts."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.io.boxes import bounding_boxes
from napari_sam2_ivos.viewer.boxes_layer import BoxesLayer, boxes_on
from napari_sam2_ivos.viewer.label_view import ExpandedStore
from napari_sam2_ivos.viewer.outlines import outline_mask
from napari_sam2_ivos.viewer.remembered import SIDE, RememberedPlane
from tests.core.test_compositing import Counting
from tests.viewer.bench import annotate, ids

PLANE = (2600, 2500)
CENTRES = ((60, 70), (1200, 1500), (2540, 2440))


@pytest.fixture
def large(viewer):
    """Three objects on a large plane, followed; the session counts what it reads."""
    movie = np.zeros((3, *PLANE), np.uint16)
    for frame in range(3):
        for y, x in CENTRES:
            movie[frame, y - 10 : y + 10, x - 10 + frame : x + 10 + frame] = 900
    image = viewer.add_image(movie, name="large", contrast_limits=(0, 1000))
    viewer.dims.set_point(0, 0)
    controller = annotate(viewer, image)
    controller.spare.is_over = True
    controller.layers.ensure()
    counting = Counting((3, *PLANE), (1, 512, 512))
    counting.array = controller.session.labels  # which napari reads for itself
    controller.session.labels = counting
    for centre in CENTRES:
        controller.new_object()
        controller.layers.points.add([0, *centre])
    return controller


def reads(controller, act):
    """Return how much of a plane is read and written while something is done."""
    store = controller.session.labels
    store.n_read = store.n_written = 0
    act()
    return (store.n_read + store.n_written) / np.prod(PLANE)


def test_a_click_and_tracking(large):
    def click():
        large.new_object()
        large.layers.points.add([0, 2000, 300])

    assert reads(large, click) < 0.2
    assert reads(large, large.track) < 0.5, "frame by frame, of all objects"
    assert all(ids(large.session.plane(t)) == [1, 2, 3] for t in range(3))


def test_another_frame(viewer, large):
    large.track()
    assert reads(large, lambda: viewer.dims.set_point(0, 2)) < 0.2


def test_painting_and_taking_it_back(viewer, large):
    large.track()
    viewer.dims.set_point(0, 1)
    labels = large.layers.labels
    labels.brush_size = 8
    before = large.session.plane(1).copy()

    def paint():
        labels.paint((1, 1200, 1520), 2)
        labels.paint((1, 300, 2000), 9)

    assert reads(large, paint) < 0.5
    expected = Mask.from_plane(large.session.plane(1) == 2)
    assert large.session.tracks[2].prompts[1].mask == expected
    assert large.session.tracks[9].prompts[1].mask.top == 296
    assert large.session.tracks[1].anchors == [0]
    for _ in range(2):
        assert reads(large, large.editing.undo) < 0.3
    np.testing.assert_array_equal(large.session.plane(1), before)
    assert large.session.tracks.keys() == {1, 2, 3}


def test_what_a_script_does_to_the_layer_is_still_seen(viewer, large):
    labels = large.layers.labels
    labels.data[0, 2000:2010, 100:110] = 3
    labels.data[0, 60, 70] = 0
    labels.refresh()
    mask = large.session.tracks[3].prompts[0].mask
    assert mask == Mask.from_plane(large.session.plane(0) == 3)
    assert (mask.top, mask.left) == (2000, 100)
    assert not large.session.tracks[1].prompts[0].mask.to_plane(PLANE)[60, 70]
    assert large.session.tracks[2].prompts[0].mask is None
    large.editing.undo()
    assert not large.session.plane(0)[2000:2010, 100:110].any()


def test_boxes_are_those_of_the_whole_plane(viewer, large):
    large.track()
    for frame in range(3):
        whole = bounding_boxes(large.session.plane(frame))
        assert boxes_on(large.session, frame) == whole
    layer = BoxesLayer(large)
    assert reads(large, lambda: layer.toggle(True)) < 0.2
    assert not reads(large, large.changed.emit), "it is known already"
    large.layers.labels.paint((0, 1200, 1540), 2)
    assert bounding_boxes(large.session.plane(0))[2] == (1190, 1490, 1210, 1546)
    assert layer.layer.data[1].max(axis=0)[-2:].tolist() == [1209.5, 1545.5]
    large.editing.undo()
    assert layer.layer.data[1].max(axis=0)[-2:].tolist() == [1209.5, 1509.5]
    layer.close()


def test_a_glance(viewer, large):
    viewer.dims.set_point(0, 2)
    plan = large.session.plan_glance(2)
    (result,) = large.segmenter.run(plan)
    large.spare.glance.take(result, plan)
    assert large.guessed == [1, 2, 3]
    shown = large.layers.glance.layer.data
    plane = np.asarray(shown[2])
    assert ids(plane) == [1, 2, 3]
    assert plane[1190, 1502] == 2
    assert shown[2, 1190, 1502] == 2
    np.testing.assert_array_equal(shown[2, 1100:1300, 1400:], plane[1100:1300, 1400:])
    large.layers.glance.drop((2,))
    assert ids(np.asarray(shown[2])) == [1, 3]


def test_a_remembered_plane_is_as_it_was(large):
    session, noise = large.session, np.random.default_rng(0)
    large.track()
    known = RememberedPlane(session)
    known.look(1)
    before = session.plane(1).copy()
    assert known.changed() == []
    session.labels[1, 500:530, 1000:1100] = 7
    session.labels[1, 1200, 1500] = 0
    rows, columns = slice(400, 1300), slice(900, 1600)
    np.testing.assert_array_equal(known.part((rows, columns)), before[rows, columns])
    changed = np.zeros(PLANE, bool)
    for window in known.changed():
        changed[window] = True
    assert (changed | (before == session.plane(1))).all()
    assert changed.sum() <= 5 * SIDE**2
    known.update([(slice(500, 530), slice(1000, 1100))])
    known.update([(slice(1200, 1201), slice(1500, 1501))])
    assert known.changed() == []
    for _ in range(20):
        y, x = noise.integers(0, PLANE)
        window = slice(y, min(PLANE[0], y + 600)), slice(x, min(PLANE[1], x + 600))
        np.testing.assert_array_equal(known.part(window), session.plane(1)[window])


def test_an_outline_is_the_mask_inside_it():
    corners = np.array([[2000.0, 100], [2000, 140], [2030, 100]])
    mask = outline_mask(corners, "polygon", PLANE)
    assert (mask.top, mask.left, mask.pixels.shape) == (2000, 100, (31, 41))
    both = outline_mask(corners + np.array([0, 300]), "polygon", PLANE, mask)
    expected = mask.to_plane(PLANE)
    expected[:, 300:] |= expected[:, :-300]
    np.testing.assert_array_equal(both.to_plane(PLANE), expected)


def test_a_brush_stroke_over_z_and_channels_writes_what_it_paints():
    store = Counting((3, *PLANE), (1, 512, 512))
    expanded = ExpandedStore(store, 1, 3)
    expanded[0:1, 2:3, 0:1, 100:120, 300:330] = np.full((1, 1, 1, 20, 30), 4)
    assert (store.n_read, store.n_written) == (600, 600)
    assert store.array[2, 100:120, 300:330].all()
    assert store.array.sum() == 4 * 600
    assert expanded[0, 2, 0, 110, -1] == 0
    assert expanded[0, -1, 0, 110, 310] == 4
