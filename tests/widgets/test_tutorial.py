"""The tutorial that this program started from, by mouse and keys, without a reset.

X-AnyLabeling's iVOS tutorial: prompt, confirm, track; where the target is lost or a
new object appears, delete all objects of the frame, reset the tracker, prompt all of
them anew and track again; then give classes and change track IDs in two managers. What
a person does here is counted.
"""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QLineEdit, QSpinBox

from tests.viewer.bench import ids

N_FRAMES = 10
LOST, APPEARS, DIVIDES = 6, 4, 5
"""Frames."""


def cells_that_jump_and_appear():
    """Cell A jumps on frame 6, B rests, C appears on frame 4."""
    movie = np.zeros((N_FRAMES, 60, 80), np.uint16)
    for t in range(N_FRAMES):
        left = 10 if t < LOST else 60
        movie[t, 10:20, left : left + 10] = 1000
        movie[t, 40:50, 50:60] = 900
        if t >= APPEARS:
            movie[t, 40:50, 10:20] = 950
    return movie


def cell_that_divides():
    """One cell until frame 5, two from then on."""
    movie = np.zeros((N_FRAMES, 60, 80), np.uint16)
    movie[:DIVIDES, 25:35, 35:45] = 1000
    movie[DIVIDES:, 25:35, 26:36] = 1000
    movie[DIVIDES:, 25:35, 44:54] = 1000
    return movie


@pytest.fixture
def begin(window, open_dock):
    """Open the panel on a movie."""

    def make(movie):
        window.add_image(movie, name="cells")
        window.dims.set_point(0, 0)
        return open_dock()

    return make


def test_prompt_track_correct_add_rename_class_and_export(
    window, begin, user, idle, qtbot, tmp_path
):
    dock = begin(cells_that_jump_and_appear())
    session = lambda: dock.controller.session  # noqa: E731

    # two objects, one by a box and one by a click
    user.press(Qt.Key.Key_N)
    user.press(Qt.Key.Key_U)
    user.drag((38, 48), (51, 61))
    idle(dock)
    user.press(Qt.Key.Key_N)
    user.press(Qt.Key.Key_Q)
    user.click(15, 15)
    idle(dock)
    user.press(Qt.Key.Key_G)
    idle(dock)
    assert ids(session().labels[LOST - 1]) == [1, 2]
    assert ids(session().labels[LOST]) == [1], "the target is lost"
    assert len(user.actions) == 7

    # the program knows where; one click and one key repair it
    user.press(Qt.Key.Key_T)
    assert dock.controller.frame == LOST
    assert dock.controller.current == 2
    n = len(user.actions)
    user.click(15, 65)
    idle(dock)
    others = session().labels[LOST:] == 1
    user.press(Qt.Key.Key_G)
    idle(dock)
    assert user.actions[n:] == ["click", "key"]
    assert all(ids(plane) == [1, 2] for plane in session().labels)
    np.testing.assert_array_equal(session().labels[LOST:] == 1, others)

    # a new object, from the frame on which it appears
    window.dims.set_point(0, APPEARS)
    n = len(user.actions)
    user.press(Qt.Key.Key_N)
    user.click(45, 15)
    idle(dock)
    user.press(Qt.Key.Key_G)
    idle(dock)
    assert user.actions[n:] == ["key", "click", "key"]
    assert [3 in ids(plane) for plane in session().labels] == [
        t >= APPEARS for t in range(N_FRAMES)
    ]

    # another ID, and a class
    user.fill_in(QSpinBox, 12)
    user.choose(dock.objects.menu, "Change ID")
    idle(dock)
    assert sorted(session().tracks) == [1, 2, 12]
    dock.objects.table.edit_cell(12, 1)
    user.type(dock.objects.table.findChild(QLineEdit), "nucleus")
    idle(dock)
    assert session().tracks[12].class_name == "nucleus"

    dock.export.save("tiff", tmp_path / "labels.tif")
    qtbot.waitUntil(lambda: "Saved" in dock.messages.text.text(), timeout=8000)
    saved = tifffile.imread(tmp_path / "labels.tif")
    assert [ids(plane) for plane in saved] == [
        [1, 2, 12] if t >= APPEARS else [1, 2] for t in range(N_FRAMES)
    ]
    words = [b.text().lower() for b in dock.findChildren(QAbstractButton)]
    assert not any("reset" in text for text in words)


def test_a_division_is_one_key_and_two_clicks(window, begin, user, idle):
    dock = begin(cell_that_divides())
    user.press(Qt.Key.Key_N)
    user.click(30, 40)
    idle(dock)
    user.press(Qt.Key.Key_G)
    idle(dock)
    window.dims.set_point(0, DIVIDES)
    n = len(user.actions)
    user.press(Qt.Key.Key_D)
    user.click(30, 30)
    user.click(30, 50)
    idle(dock)
    user.press(Qt.Key.Key_G)
    idle(dock)
    assert user.actions[n:] == ["key", "click", "click", "key"]
    session = dock.controller.session
    assert [ids(plane) for plane in session.labels] == (
        [[1]] * DIVIDES + [[2, 3]] * (N_FRAMES - DIVIDES)
    )
    assert [session.tracks[i].parent for i in (1, 2, 3)] == [None, 1, 1]
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    idle(dock)
    assert ids(session.labels[-1]) == [], "the run is taken back"
    for _ in range(3):
        user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    idle(dock)
    assert all(1 in ids(plane) for plane in session.labels)
    assert sorted(session.tracks) == [1]
