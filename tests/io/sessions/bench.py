"""Pieces that the tests of sessions on disk share."""

from __future__ import annotations

import numpy as np

from napari_sam2_ivos.core.tracks import CELLS
from napari_sam2_ivos.io.sessions.about import About, MovieNote
from napari_sam2_ivos.io.sessions.folder import SessionFolder
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.io.sessions.restoring import restore
from napari_sam2_ivos.io.sessions.saving import Saving
from tests.core.bench import Remembering


def begin(session, path, **about):
    """Save a session in a new folder; return what saves it."""
    note = MovieNote.of(session.movie, about.pop("movie_path", None))
    return Saving(session, SessionFolder.create(path, About(note, **about)))


def reopen(path, movie):
    """Open a folder again; return session, saving, and what was found there."""
    saved = open_folder(path)
    session, saving = restore(saved, movie, Remembering(movie))
    return session, saving, saved


def assert_same(a, b):
    """Two sessions have the same objects, cells and pixels."""
    assert sorted(a.tracks) == sorted(b.tracks)
    np.testing.assert_array_equal(np.asarray(a.labels[:]), np.asarray(b.labels[:]))
    for track_id, one in a.tracks.items():
        other = b.tracks[track_id]
        for name in ("name", "class_name", "parent", "lifespan", "is_locked"):
            assert getattr(one, name) == getattr(other, name), name
        assert one.prompts == other.prompts
        there = one.state != 0
        for name in CELLS:
            np.testing.assert_array_equal(
                getattr(one, name)[there], getattr(other, name)[there], err_msg=name
            )
        assert not other.state[~there].any()
