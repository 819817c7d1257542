"""The session of a movie in the viewer is saved by itself."""

from __future__ import annotations

import errno

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel

from napari_sam2_ivos.core.errors import IvosError, StoreError
from napari_sam2_ivos.io.sessions.opening import open_folder, read_about
from napari_sam2_ivos.io.sessions.planes import load_labels
from napari_sam2_ivos.viewer.autosave import Autosave
from tests.viewer.bench import A, B, annotate, cells


@pytest.fixture
def movie_file(tmp_path):
    path = tmp_path / "day 1" / "cells.tif"
    path.parent.mkdir()
    tifffile.imwrite(path, cells(), imagej=True, metadata={"axes": "TYX"})
    return path


def controller_on(path, background=None):
    viewer = ViewerModel()
    image = viewer.add_image(cells(), name="cells", metadata={"path": path})
    made = annotate(viewer, image)
    made.viewer_kept = viewer
    made.autosave = Autosave(made, background or SameThread())
    made.autosave.failed.connect(made.errors.append)
    return made


def found_in(path):
    """Return objects and labels of a session's folder."""
    saved = open_folder(path, to_write=False)
    labels = np.zeros(saved.about.movie.shape, np.uint16)
    list(load_labels(saved, labels))
    return saved.tracks, labels


class SameThread:
    """A background that runs everything at once."""

    def start(self, work, on_end):
        try:
            work()
        except IvosError as error:
            on_end(error)
        else:
            on_end(None)


class Later:
    """A thread that gets to its work when the test says so."""

    def __init__(self):
        self.waiting = []

    def start(self, work, on_end):
        self.waiting.append((work, on_end))

    def go(self):
        while self.waiting:
            SameThread().start(*self.waiting.pop(0))


def click(c, track_id, place, frame=0):
    c.session.add_points(track_id, frame, [place])
    c.schedule.preview({frame})


def test_nothing_is_made_before_there_is_an_object(movie_file):
    c = controller_on(movie_file)
    assert c.autosave.path is None
    c.autosave.finish()
    assert [p.name for p in movie_file.parent.iterdir()] == ["cells.tif"]


def test_the_first_object_makes_the_folder_beside_the_movie(movie_file):
    c = controller_on(movie_file)
    click(c, 1, A)
    path = movie_file.parent / "cells.ivos"
    assert c.autosave.path == path
    tracks, labels = found_in(path)
    assert sorted(tracks) == [1]
    np.testing.assert_array_equal(labels, c.session.labels)
    assert read_about(path).movie.path == movie_file


def test_every_frame_of_a_run_is_there(movie_file):
    c = controller_on(movie_file)
    click(c, 1, A)
    click(c, 2, B)
    c.track()
    tracks, labels = found_in(c.autosave.path)
    np.testing.assert_array_equal(labels, c.session.labels)
    assert all(track.fresh(slice(None)).all() for track in tracks.values())
    assert len(np.unique(labels)) == 3


def test_edits_and_undo_are_there(movie_file):
    c = controller_on(movie_file)
    click(c, 1, A)
    click(c, 2, B)
    c.editing.delete([1])
    assert sorted(found_in(c.autosave.path)[0]) == [2]
    c.editing.undo()
    tracks, labels = found_in(c.autosave.path)
    assert sorted(tracks) == [1, 2]
    np.testing.assert_array_equal(labels, c.session.labels)


def test_a_slow_disk_does_not_stop_the_hand(movie_file):
    """Whatever happens while it writes is written after that."""
    slow = Later()
    c = controller_on(movie_file, slow)
    click(c, 1, A)
    click(c, 2, B)
    assert c.autosave.is_busy
    assert not (movie_file.parent / "cells.ivos").exists()
    slow.go()
    assert not c.autosave.is_busy
    assert sorted(found_in(c.autosave.path)[0]) == [1, 2]
    c.track()
    assert len(slow.waiting) == 1
    slow.go()
    np.testing.assert_array_equal(found_in(c.autosave.path)[1], c.session.labels)


def test_a_full_disk_is_said_once_and_made_up_for(movie_file, monkeypatch):
    c = controller_on(movie_file)
    click(c, 1, A)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        click(c, 2, B)
        c.track()
        assert c.autosave.problem
    (words,) = c.errors
    assert words.startswith("Not saved: ")
    assert "No space left" in words
    assert "Save as" in words
    c.autosave.retry()
    assert c.autosave.problem == ""
    tracks, labels = found_in(c.autosave.path)
    assert sorted(tracks) == [1, 2]
    np.testing.assert_array_equal(labels, c.session.labels)


def test_saved_as(movie_file, tmp_path):
    c = controller_on(movie_file)
    click(c, 1, A)
    first, second = c.autosave.path, tmp_path / "mine.ivos"
    c.autosave.save_as(second)
    click(c, 2, B)
    assert c.autosave.path == second
    assert sorted(found_in(first)[0]) == [1]
    assert sorted(found_in(second)[0]) == [1, 2]
    with pytest.raises(StoreError, match="there already"):
        c.autosave.save_as(first)


def test_closed_it_is_saved_to_the_end_and_open_to_others(movie_file):
    slow = Later()
    c = controller_on(movie_file, slow)
    click(c, 1, A)
    c.close()
    path = movie_file.parent / "cells.ivos"
    saved = open_folder(path)
    assert not saved.folder.lock.refusal
    assert sorted(saved.tracks) == [1]
    saved.folder.close()
    slow.go()  # what was waiting comes too late, and does nothing


def test_a_movie_without_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM2_IVOS_SESSIONS", str(tmp_path / "own"))
    c = controller_on(None)
    click(c, 1, A)
    assert c.autosave.path == tmp_path / "own" / "cells.ivos"


def test_two_movies_have_two_folders(movie_file):
    one, other = controller_on(movie_file), controller_on(movie_file)
    click(one, 1, A)
    click(other, 1, B)
    names = [c.autosave.path.name for c in (one, other)]
    assert names == ["cells.ivos", "cells-2.ivos"]


def test_what_it_was_made_with_is_kept(movie_file):
    c = controller_on(movie_file)
    click(c, 1, A)
    c.segmenter._loaded.made_with = {"model": "bundled", "contrast": [0.0, 9.0]}
    c.session.guards = type(c.session.guards)(max_step_px=12)
    c.track()
    about = read_about(c.autosave.path)
    assert about.model == {"model": "bundled", "contrast": [0.0, 9.0]}
    assert about.settings["max_step_px"] == 12
