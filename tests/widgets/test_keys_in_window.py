"""Real keys in a real window, with every kind of layer active."""

from __future__ import annotations

import numpy as np
import pytest
from napari.settings import get_plugin_settings
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit

from napari_sam2_ivos.viewer.key_bindings import KeyBindings
from napari_sam2_ivos.viewer.key_choice import key_choice, keys_of
from napari_sam2_ivos.viewer.keys import KEYS
from napari_sam2_ivos.viewer.settings import PLUGIN
from napari_sam2_ivos.widgets.key_list import KeyList
from tests.viewer.bench import annotate, cells
from tests.viewer.own_settings import own_settings


@pytest.fixture
def page(tmp_path):
    """The plugin's page in napari's Preferences."""
    with own_settings(tmp_path):
        yield get_plugin_settings(PLUGIN)


@pytest.fixture
def done():
    """What was done, in order."""
    return []


@pytest.fixture
def controller(window, page):
    """A session with its layers in the window."""
    made = annotate(window, window.add_image(cells(), name="cells"))
    made.layers.ensure()
    yield made
    made.close()


@pytest.fixture
def bindings(window, controller, done):
    """Every key, noted in `done`."""
    noted = {key.action: (lambda a=key.action: done.append(a)) for key in KEYS}
    made = KeyBindings(window, noted)
    made.follow([controller.image, *controller.layers.own()])
    yield made
    made.close()


@pytest.fixture
def press(window, qtbot):
    """Press a key on the canvas, by its name."""
    canvas = window.window._qt_viewer.canvas.native
    canvas.setFocus()

    def act(name):
        pressed = QKeySequence(name.replace("Page", "Pg"))[0]
        QTest.keyClick(canvas, pressed.key(), pressed.keyboardModifiers())

    return act


def test_every_key_works_with_each_of_our_layers_active(
    window, controller, bindings, press, done
):
    ours = [controller.image, *controller.layers.own()]
    assert len(ours) >= 4
    for layer in ours:
        window.layers.selection.active = layer
        mode = layer.mode
        for key in KEYS:
            for name in key.keys:
                press(name)
                assert done == [key.action], f"{name} on {layer}"
                done.clear()
        assert layer.mode == mode, "nothing of napari's was done too"


def test_the_first_key_works_with_any_layer_of_somebody_else_active(
    window, bindings, press, done
):
    shape = [[0, 1, 1], [0, 9, 9], [0, 1, 9]]
    others = [
        window.add_image(cells()),
        window.add_labels(np.zeros((6, 60, 80), int)),
        window.add_points([[0, 1, 1]]),
        window.add_shapes([shape], shape_type="polygon"),
        window.add_tracks([[1, 0, 5, 5], [1, 1, 5, 6]]),
        window.add_vectors([[[0, 1, 1], [0, 1, 1]]]),
        window.add_surface((np.array(shape), np.array([[0, 1, 2]]))),
    ]
    for layer in others:
        window.layers.selection.active = layer
        for key in KEYS:
            if key.action not in ("undo", "redo"):
                press(key.keys[0])
                assert done == [key.action], f"{key.keys[0]} on {layer}"
                done.clear()


def test_keys_work_before_there_is_any_layer(window, page, press, done):
    made = KeyBindings(window, {"new_object": lambda: done.append("new_object")})
    press("N")
    made.close()
    press("N")
    assert done == ["new_object"]


def test_a_key_typed_in_the_preferences_works_and_is_shown_at_once(
    window, bindings, press, done, qtbot
):
    shown = KeyList()
    qtbot.addWidget(shown)
    edit = field_with(window, "G")
    edit.clear()
    QTest.keyClicks(edit, "Shift+F, T")
    assert shown.names["track"].text() == "Shift+F", "T is another action's"
    edit.clear()
    QTest.keyClicks(edit, "Shift+F, P")
    assert shown.names["track"].text() == "Shift+F or P"
    for name in ("P", "Shift+F", "G"):
        press(name)
    assert done == ["track", "track"]
    window.window._open_preferences_dialog().reject()
    assert shown.names["track"].text() == "G", "Cancel takes it back"
    press("G")
    assert done == ["track"] * 3


def test_a_refused_key_is_told_of_once_when_the_typing_is_over(window, page, qtbot):
    shown = KeyList()
    qtbot.addWidget(shown)
    told = []
    shown.refused.connect(told.append)
    edit = field_with(window, "G")
    edit.clear()
    QTest.keyClicks(edit, "Shift+F, T")
    assert told == []
    qtbot.waitUntil(lambda: bool(told), timeout=4000)
    assert told == [
        "“Track, or stop tracking” stays on Shift+F: T is the key of 'Next place to"
        " check'."
    ]
    window.window._open_preferences_dialog().reject()


def test_the_list_is_let_go_of_when_its_panel_dies(page, qtbot):
    shown = KeyList()
    shown.deleteLater()
    qtbot.waitUntil(lambda: len(key_choice().changed) == 0, timeout=2000)
    page.keys.track = "P"
    assert keys_of("track") == ("P",)


def field_with(window, text):
    """Return where the keys that are `text` are typed in napari's Preferences."""
    dialog = window.window._open_preferences_dialog()
    (found,) = [edit for edit in dialog.findChildren(QLineEdit) if edit.text() == text]
    return found
