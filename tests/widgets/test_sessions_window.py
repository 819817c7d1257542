"""Sessions in the real window: saved by themselves, gone on with, said when not."""

from __future__ import annotations

import errno
from functools import partial

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_sam2_ivos.io.sessions.opening import open_folder, read_about
from napari_sam2_ivos.viewer.registry import controllers
from napari_sam2_ivos.widgets.dock import IvosDock
from tests.viewer.bench import A, B, cells
from tests.widgets.slow import SlowSegmenter
from tests.widgets.user import User


@pytest.fixture
def movie_file(tmp_path):
    path = tmp_path / "day 1" / "cells.tif"
    path.parent.mkdir()
    tifffile.imwrite(path, cells(), imagej=True, metadata={"axes": "TYX"})
    return path


@pytest.fixture
def open_window(make_napari_viewer, qtbot):
    """Open a window with the panel; with a movie, on its first frame."""

    def make(movie=None):
        viewer = make_napari_viewer(show=True)
        viewer.window.resize(1300, 850)
        if movie is not None:
            viewer.open(movie, plugin="napari")
            viewer.dims.set_point(0, 0)

        def loader(choice, contrast):
            return partial(SlowSegmenter)

        dock = IvosDock(viewer, loader)
        viewer.window.add_dock_widget(dock, name="tracking", area="right")
        return dock, User(viewer, qtbot)

    return make


@pytest.fixture
def saved(qtbot):
    """Wait until nothing runs and everything is saved."""

    def wait(dock):
        def is_saved():
            c = dock.controller
            is_busy = c.schedule.is_busy or c.autosave.is_busy
            return not is_busy and c.autosave.path is not None

        qtbot.wait(150)  # what was clicked just now has begun
        qtbot.waitUntil(is_saved, timeout=8000)

    return wait


def annotate_two(dock, user, saved):
    user.press(Qt.Key.Key_N)
    user.click(*A)
    saved(dock)
    user.press(Qt.Key.Key_N)
    user.click(*B)
    saved(dock)
    dock.toggle_tracking()
    saved(dock)


def close(dock, qtbot):
    """Close the window as its user does."""
    viewer = dock.viewer
    viewer.close()
    qtbot.wait(200)


def test_closed_and_gone_on_with(open_window, saved, movie_file, qtbot):
    dock, user = open_window(movie_file)
    assert "from the first object on" in dock.session.words.text()
    annotate_two(dock, user, saved)
    folder = movie_file.parent / "cells.ivos"
    assert dock.session.words.text() == "Saved in cells.ivos"
    assert dock.session.words.toolTip() == str(folder)
    before = np.array(dock.controller.session.labels)
    close(dock, qtbot)

    dock, user = open_window(movie_file)
    qtbot.waitUntil(dock.earlier.isVisible, timeout=8000)
    assert "cells.ivos, 2 objects, saved today at" in dock.earlier.words.text()
    user.push(dock.earlier.go_on)
    assert not dock.earlier.isVisible()
    assert dock.session.words.toolTip() == str(folder)
    assert dock.session.words.text() == "Saved in cells.ivos"
    c = dock.controller
    assert [row.track_id for row in c.rows()] == [1, 2]
    np.testing.assert_array_equal(c.session.labels, before)
    np.testing.assert_array_equal(np.squeeze(c.layers.labels.data), before)
    assert len(c.layers.points.data) == 2
    # It goes on: a third object, and a frame of the first is cleared again.
    user.press(Qt.Key.Key_N)
    user.click(30, 30)
    saved(dock)
    assert sorted(open_folder(folder, to_write=False).tracks) == [1, 2, 3]
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    saved(dock)
    assert sorted(open_folder(folder, to_write=False).tracks) == [1, 2]


def test_started_anew_the_earlier_one_stays(open_window, saved, movie_file, qtbot):
    dock, user = open_window(movie_file)
    annotate_two(dock, user, saved)
    close(dock, qtbot)
    dock, user = open_window(movie_file)
    qtbot.waitUntil(dock.earlier.isVisible, timeout=8000)
    user.push(dock.earlier.anew)
    user.press(Qt.Key.Key_N)
    user.click(*A)
    saved(dock)
    assert dock.controller.autosave.path.name == "cells-2.ivos"
    first = open_folder(movie_file.parent / "cells.ivos", to_write=False)
    assert sorted(first.tracks) == [1, 2]


def test_a_click_is_enough_to_start_anew(open_window, saved, movie_file, qtbot):
    dock, user = open_window(movie_file)
    annotate_two(dock, user, saved)
    close(dock, qtbot)
    dock, user = open_window(movie_file)
    qtbot.waitUntil(dock.earlier.isVisible, timeout=8000)
    user.press(Qt.Key.Key_N)
    user.click(*A)
    saved(dock)
    assert not dock.earlier.isVisible()


def test_opened_by_its_folder_with_the_movie_elsewhere(
    open_window, saved, movie_file, qtbot
):
    """The movie is not open, and was renamed: it is found and opened."""
    dock, user = open_window(movie_file)
    annotate_two(dock, user, saved)
    close(dock, qtbot)
    movie_file.rename(movie_file.with_name("renamed.tif"))
    dock, user = open_window()
    dock.open_session(movie_file.parent / "cells.ivos")
    assert dock.viewer.layers[0].name == "renamed.tif"
    assert sorted(dock.controller.session.tracks) == [1, 2]
    user.press(Qt.Key.Key_N)
    user.click(30, 30)
    saved(dock)
    about = read_about(movie_file.parent / "cells.ivos")
    assert about.movie.fingerprint


def test_a_movie_that_is_not_found_is_asked_for(
    open_window, saved, movie_file, tmp_path, qtbot, monkeypatch
):
    dock, user = open_window(movie_file)
    annotate_two(dock, user, saved)
    close(dock, qtbot)
    away = tmp_path / "far" / "away.tif"
    away.parent.mkdir()
    movie_file.rename(away)
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, cells(3), imagej=True, metadata={"axes": "TYX"})
    answers = [str(other), str(away)]
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *a, **k: (answers.pop(0), "")
    )
    dock, _ = open_window()
    dock.open_session(movie_file.parent / "cells.ivos")
    assert "has 3 frames" in dock.messages.text.text()
    assert dock.controller is None
    dock.open_session(movie_file.parent / "cells.ivos")
    assert sorted(dock.controller.session.tracks) == [1, 2]
    saved(dock)
    assert answers == []
    assert read_about(movie_file.parent / "cells.ivos").movie.path == away


def test_the_one_that_is_open_already(open_window, saved, movie_file, qtbot):
    dock, user = open_window(movie_file)
    user.press(Qt.Key.Key_N)
    user.click(*A)
    saved(dock)
    controller = dock.controller
    dock.open_session(movie_file.parent / "cells.ivos")
    assert dock.controller is controller
    assert not controller.autosave.read_only


def test_what_cannot_be_opened_is_said(open_window, tmp_path):
    dock, _ = open_window()
    dock.open_session(tmp_path)
    assert "session.json" in dock.messages.text.text()


def test_open_elsewhere_it_is_read_only(
    open_window, saved, movie_file, tmp_path, qtbot
):
    dock, user = open_window(movie_file)
    annotate_two(dock, user, saved)
    close(dock, qtbot)
    folder = movie_file.parent / "cells.ivos"
    other = open_folder(folder)  # another program has it
    dock, user = open_window(movie_file)
    qtbot.waitUntil(dock.earlier.isVisible, timeout=8000)
    user.push(dock.earlier.go_on)
    assert "Read-only" in dock.session.words.text()
    assert "another program" in dock.session.words.toolTip()
    user.press(Qt.Key.Key_N)
    user.click(30, 30)
    qtbot.wait(300)
    dock.session.save_as(tmp_path / "mine")
    saved(dock)
    assert dock.session.words.text() == "Saved in mine.ivos"
    mine = open_folder(tmp_path / "mine.ivos", to_write=False)
    assert sorted(mine.tracks) == [1, 2, 3]
    other.folder.close()
    assert sorted(open_folder(folder, to_write=False).tracks) == [1, 2]


def test_a_full_disk_is_said_and_made_up_for(
    open_window, saved, movie_file, qtbot, monkeypatch
):
    dock, user = open_window(movie_file)
    user.press(Qt.Key.Key_N)
    user.click(*A)
    saved(dock)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        user.press(Qt.Key.Key_N)
        user.click(*B)
        qtbot.waitUntil(lambda: dock.session.words.text() == "Not saved", timeout=8000)
        assert "No space left" in dock.messages.text.text()
        qtbot.waitUntil(lambda: not dock.controller.schedule.is_busy, timeout=8000)
        qtbot.waitUntil(lambda: not dock.controller.autosave.is_busy, timeout=8000)
    dock.controller.autosave.retry()
    saved(dock)
    assert dock.session.words.text() == "Saved in cells.ivos"
    tracks = open_folder(dock.controller.autosave.path, to_write=False).tracks
    assert sorted(tracks) == [1, 2]


def test_closing_the_panel_does_not_stop_it(open_window, saved, movie_file, qtbot):
    dock, user = open_window(movie_file)
    user.press(Qt.Key.Key_N)
    user.click(*A)
    saved(dock)
    viewer = dock.viewer
    viewer.window.remove_dock_widget(dock)
    (controller,) = controllers(viewer)
    controller.session.add_points(2, 0, [B])
    qtbot.waitUntil(lambda: not controller.autosave.is_busy, timeout=8000)
    tracks = open_folder(controller.autosave.path, to_write=False).tracks
    assert sorted(tracks) == [1, 2]


def test_dropped_on_the_window(make_napari_viewer, movie_file, qtbot):
    """Napari hands the folder to us; the panel opens with the session in it."""
    from tests.core.bench import two_tracked
    from tests.io.sessions.bench import begin

    session = two_tracked()
    path = movie_file.parent / "two.ivos"
    np.save(movie_file.with_name("two.npy"), session.movie.data)
    saving = begin(session, path, movie_path=movie_file.with_name("two.npy"))
    saving.write()
    saving.close()
    viewer = make_napari_viewer(show=True)
    viewer.open(path, plugin="napari-sam2-ivos")
    (made,) = controllers(viewer)
    assert sorted(made.session.tracks) == [1, 2]
    assert viewer.layers[0].name == "two.npy"
    made.autosave.finish()
