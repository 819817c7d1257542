"""Keys do what the table says, whichever layer is active, as the user set them."""

from __future__ import annotations

import numpy as np
import pytest
from app_model.types import OperatingSystem
from napari import layers
from napari.components import ViewerModel
from napari.settings import get_plugin_settings
from napari.utils.key_bindings import KeymapHandler, coerce_keybinding
from napari.utils.shortcuts import default_shortcuts

from napari_sam2_ivos.core.errors import IvosError, IvosWarning
from napari_sam2_ivos.viewer.key_bindings import KeyBindings
from napari_sam2_ivos.viewer.key_choice import (
    binding_of,
    key_choice,
    keys_of,
    parse,
    resolve,
)
from napari_sam2_ivos.viewer.keys import KEYS
from napari_sam2_ivos.viewer.settings import PLUGIN, settings
from tests.viewer.own_settings import own_settings

DEFAULTS = {key.action: key.keys for key in KEYS}
CLASSES = (
    ViewerModel,
    *(layers.Image, layers.Labels, layers.Points, layers.Shapes),
    *(layers.Surface, layers.Tracks, layers.Vectors),
)


def press(viewer, key):
    """Press a key as napari's canvas does."""
    handler = KeymapHandler()
    active = viewer.layers.selection.active
    handler.keymap_providers = [viewer] if active is None else [active, viewer]
    return handler.press_key(binding_of(key))


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
def bind(viewer, done, page):
    """Bind every action so that it is noted in `done`."""
    made = []

    def act(viewer=viewer, done=done, actions=DEFAULTS):
        noted = {a: (lambda a=a: done.append(a)) for a in actions}
        made.append(KeyBindings(viewer, noted))
        return made[-1]

    yield act
    for bindings in made:
        bindings.close()


def test_no_layer_of_napari_uses_the_first_key_of_an_action():
    used = {str(key) for keys in default_shortcuts.values() for key in keys}
    used |= {str(key) for cls in CLASSES for key in cls.class_keymap}
    ours = {key.keys[0] for key in KEYS} - {"Ctrl+Z", "Ctrl+Shift+Z"}
    assert not used & ours


def test_no_key_does_two_things_or_one_that_napari_users_need():
    ours = [name for key in KEYS for name in key.keys]
    assert len(ours) == len(set(ours))
    needed = ["Space", *"123456789", "Left", "Right", "Up", "Down", "[", "]"]
    needed += ["Delete", "Backspace", "Enter", "Escape", "Home", "End"]
    needed += [f"Ctrl+{letter}" for letter in "CVYRETG"]
    assert not set(needed) & set(ours)


def test_every_key_of_an_action_does_it(viewer, image, bind, done):
    bind().follow([image])
    for key in KEYS:
        for name in key.keys:
            assert press(viewer, name)
            assert done.pop() == key.action


def test_on_our_layers_our_keys_win_over_those_of_the_layer(
    viewer, bind, done, monkeypatch
):
    fill = coerce_keybinding("F")
    monkeypatch.setitem(layers.Labels.class_keymap, fill, lambda _: done.append("fill"))
    ours = viewer.add_labels(np.zeros((8, 8), int))
    bind().follow([ours])
    viewer.add_labels(np.zeros((8, 8), int))
    press(viewer, "F")
    viewer.layers.selection.active = ours
    press(viewer, "F")
    assert done == ["fill", "new_object"]


def test_undo_is_ours_on_our_labels_and_that_of_a_layer_on_its_own(viewer, bind, done):
    ours = viewer.add_labels(np.zeros((8, 8), int))
    bind().follow([ours])
    press(viewer, "Ctrl+Z")
    press(viewer, "Ctrl+Shift+Z")
    assert done == ["undo", "redo"]
    mine = viewer.add_labels(np.zeros((8, 8), int))
    mine.paint((4, 4), 3)
    press(viewer, "Ctrl+Z")
    assert done == ["undo", "redo"]
    assert not mine.data.any()


def test_layers_that_go_get_their_own_keys_back(viewer, bind, done):
    first, second = (viewer.add_labels(np.zeros((8, 8), int)) for _ in range(2))
    bindings = bind()
    bindings.follow([first])
    bindings.follow([second])
    assert first.keymap == {}
    viewer.layers.selection.active = second
    press(viewer, "Ctrl+Z")
    assert done == ["undo"]


def test_an_action_that_is_not_there_leaves_its_key_alone(viewer, bind, done):
    bind(actions=["track"])
    assert not press(viewer, "N")
    assert press(viewer, "G")
    assert done == ["track"]


def test_closing_leaves_viewer_and_layers_as_they_were(viewer, image, bind):
    before = dict(viewer.keymap)
    bindings = bind()
    bindings.follow([image])
    bindings.close()
    assert viewer.keymap == before
    assert image.keymap == {}


def test_a_panel_that_dies_late_leaves_the_keys_of_the_next_one(viewer, bind, done):
    old = bind(done=[])
    bind()
    old.close()
    assert press(viewer, "G")
    assert done == ["track"]


def test_two_viewers_have_their_own_actions(viewer, bind, done):
    other, noted = ViewerModel(), []
    bind()
    bind(other, noted)
    press(other, "G")
    assert (done, noted) == ([], ["track"])
    press(viewer, "N")
    assert (done, noted) == (["new_object"], ["track"])


# ---- settings ----------------------------------------------------------------


def test_a_changed_key_works_at_once_on_viewer_and_layers(
    viewer, image, bind, done, page
):
    bindings = bind()
    bindings.follow([image])
    page.keys.track = "shift-f, F5"
    assert keys_of("track") == ("Shift+F", "F5")
    assert binding_of("F5") in image.keymap
    assert binding_of("G") not in image.keymap
    assert not press(viewer, "G")
    assert press(viewer, "F5")
    assert press(viewer, "Shift+F")
    assert done == ["track", "track"]


def test_what_is_no_key_is_refused_and_the_old_key_stays(page):
    assert keys_of("track") == ("G",)
    page.keys.track = "P"
    page.keys.track = "Shift+"
    assert keys_of("track") == ("P",)
    assert key_choice().problems == {
        "track": "'Shift+' is no key. Write it as N, Shift+N or PageDown."
    }
    page.keys.track = "Shift+P"
    assert keys_of("track") == ("Shift+P",)
    assert key_choice().problems == {}


def test_a_key_of_another_action_is_refused_and_both_stay(page):
    page.keys.box = "G"
    assert (keys_of("box"), keys_of("track")) == (("U",), ("G",))
    problem = "G is the key of 'Track, or stop tracking'."
    assert key_choice().problems == {"box": problem}


def test_two_actions_can_swap_their_keys(page):
    page.keys.box = "G"
    page.keys.track = "U"
    assert (keys_of("box"), keys_of("track")) == (("G",), ("U",))
    assert key_choice().problems == {}


def test_a_key_can_be_given_up_and_taken_by_another_action(viewer, bind, done, page):
    bind()
    page.keys.track = ""
    assert not press(viewer, "G")
    page.keys.box = "G"
    press(viewer, "G")
    assert done == ["box"]


def test_no_key_ever_belongs_to_two_actions():
    rng = np.random.default_rng(0)
    keys = dict(DEFAULTS)
    names = [*"GUHQ", "Shift+G", "", "Shift+", "G, U"]
    for _ in range(200):
        typed = {a: rng.choice(names) for a in ("track", "box", "paint", "pause")}
        keys, _ = resolve(typed, keys)
        bound = [name for some in keys.values() for name in some]
        assert len(bound) == len(set(bound))
        assert keys["accept"] == DEFAULTS["accept"]


@pytest.mark.parametrize("text", ["Shift", "K K", "Shift+5", "NumPad1", "Hyper+A", "+"])
def test_a_key_that_napari_never_hears_of_is_refused(text):
    with pytest.raises(IvosError, match=r"no key|does not reach"):
        parse(text)


def test_keys_are_understood_as_people_write_them():
    assert parse(" n ,shift-f") == ("N", "Shift+F")
    assert parse("Cmd+z, command+shift+z") == ("Ctrl+Z", "Ctrl+Shift+Z")
    assert parse("PAGEDOWN, F5, N, n") == ("PageDown", "F5", "N")


def test_ctrl_is_cmd_on_a_mac_as_in_napari(monkeypatch):
    monkeypatch.setattr("app_model.types._constants._CURRENT", OperatingSystem.MACOS)
    assert binding_of("Ctrl+Z").to_text() == "Cmd+Z"
    assert coerce_keybinding("Ctrl+Z").to_text() == "Control+Z", "napari means another"


def test_settings_are_read_as_they_are_now(page):
    begin = settings()
    assert (begin.model, begin.device, begin.look_at) == ("auto", None, "automatic")
    page.model.name = "sam2.1-tiny"
    page.model.device = "cpu"
    page.model.look_at = "whole-frame"
    page.model.keep_features = False
    now = settings()
    assert (now.model, now.device) == ("sam2.1-tiny", "cpu")
    assert (now.look_at, now.keep_features) == ("whole-frame", False)


def test_a_plugin_that_napari_does_not_know_has_its_usual_keys_and_says_so(
    npe2pm, tmp_path
):
    with own_settings(tmp_path):
        with pytest.warns(IvosWarning, match=r"cannot be read.*Plugins >"):
            assert settings().model == "auto"
        with pytest.warns(IvosWarning, match="cannot be read"):
            assert keys_of("track") == ("G",)
