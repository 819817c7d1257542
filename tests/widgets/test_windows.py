"""Windows of objects in a real window: the choice, the rectangles, the picture."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from superqt import QCollapsible

from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.viewer.model_view import is_model_view
from napari_sam2_ivos.viewer.prompt_reader import could_hold_prompts
from napari_sam2_ivos.viewer.rectangles_layer import is_rectangles_layer
from napari_sam2_ivos.widgets.dock import IvosDock
from tests.viewer.bench import A, B, LookingSegmenter, cells


@pytest.fixture
def dock(window, user, idle):
    """The panel with two cells that were tracked, each seen through a window."""
    window.add_image(cells(), name="cells")
    window.dims.set_point(0, 0)
    made = IvosDock(window, lambda choice, contrast: LookingSegmenter)
    window.window.add_dock_widget(made, name="tracking", area="right")
    for fold in made.findChildren(QCollapsible):
        fold.expand()
    for at in (A, B):
        user.push(made.objects.new)
        user.click(*at)
        idle(made)
    made.controller.track()
    idle(made)
    return made


@pytest.fixture
def tick(qtbot):
    """Click on a checkbox."""

    def act(check):
        QTest.mouseClick(check, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
        qtbot.wait(100)

    return act


def rectangles(window):
    return [layer for layer in window.layers if is_rectangles_layer(layer)]


def corner(layer, i):
    """Return first pixel and size of a rectangle."""
    first = layer.data[i].min(axis=0)[-2:] + 0.5
    return (*first, *np.ptp(layer.data[i], axis=0)[-2:])


def test_windows_are_drawn_while_they_are_ticked(window, dock, tick):
    tracks = dock.controller.session.tracks
    tick(dock.view.windows)
    (layer,) = rectangles(window)
    for frame in (0, 4):
        window.dims.set_point(0, frame)
        assert corner(layer, 0) == tracks[1].view_on(frame)
        assert corner(layer, 1) == tracks[2].view_on(frame)
    assert tracks[1].view_on(0) != tracks[1].view_on(4)
    assert not could_hold_prompts(layer)
    window.layers.selection.active = layer
    dock.refresh()
    assert dock.prompts.foreign is None
    tick(dock.view.windows)
    assert not rectangles(window)
    tick(dock.view.windows)
    window.layers.remove(rectangles(window)[0])
    assert not dock.view.windows.isChecked(), "the user has deleted the layer"


def test_windows_and_boxes_are_two_things(window, dock, tick):
    tick(dock.view.boxes)
    tick(dock.view.windows)
    assert len(rectangles(window)) == 2
    tick(dock.view.boxes)
    (left,) = rectangles(window)
    assert left.name == "cells windows"


def test_the_picture_is_of_the_window_of_the_selected_object(window, dock, tick, qtbot):
    c = dock.controller
    tick(dock.view.seen)
    (layer,) = (x for x in window.layers if is_model_view(x))

    def shows(track_id, frame):
        wanted = View.whole((60, 80))
        if track_id is not None:
            wanted = c.session.tracks[track_id].view_on(frame)
        assert layer.data.side == (64 if track_id is None else 48)
        side = min(layer.data.side, wanted.height)
        place = wanted.top + wanted.height / side / 2 - 0.5, wanted.height / side
        scale, shift = layer.scale[-2], layer.translate[-2]
        return layer.data.view == wanted and np.allclose((shift, scale), place)

    def on_screen():
        """Whether the picture of a cell is where the cell is, in its size."""
        data = np.asarray(layer._slice.image.view)[..., 0] > 100
        return np.count_nonzero(data) * np.prod(layer.scale[-2:])

    assert shows(2, 0)
    c.select(1)
    qtbot.waitUntil(lambda: shows(1, 0), timeout=2000)
    window.dims.set_point(0, 5)
    assert shows(1, 5)
    assert on_screen() == pytest.approx(100, rel=0.1)
    c.session.tracks[1].view[3] = 0
    window.dims.set_point(0, 3)
    assert shows(None, 3)
    assert on_screen() == pytest.approx(200, rel=0.1), "both cells"
    c.new_object()
    window.dims.set_point(0, 2)
    assert shows(None, 2)
    tick(dock.view.seen)
    assert layer not in window.layers


def test_what_the_model_looks_at_is_chosen(window, user, idle, monkeypatch):
    loaded = []

    def load(movie, **options):
        loaded.append(options["look_at"])
        return LookingSegmenter(movie)

    monkeypatch.setattr("napari_sam2_ivos.api.load_segmenter", load)
    window.add_image(cells(), name="cells")
    window.dims.set_point(0, 0)
    dock = IvosDock(window)
    window.window.add_dock_widget(dock, name="tracking", area="right")
    dock.model_fold.expand()
    user.push(dock.objects.new)
    user.click(*A)
    idle(dock)
    combo = dock.models.look_at
    assert combo.currentText() == "Automatic"
    for text in ("A window around each object", "The whole frame"):
        QTest.keyClick(combo, Qt.Key.Key_Down)
        assert combo.currentText() == text
        user.push(dock.objects.new)
        user.click(*B)
        idle(dock)
    assert loaded == ["automatic", "windows", "whole-frame"]
