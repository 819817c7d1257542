"""Where a session lies, and how an earlier one of a movie is found."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.core.fingerprint import fingerprint_of
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.sessions.about import MovieNote
from napari_sam2_ivos.io.sessions.finding import find_movie
from napari_sam2_ivos.io.sessions.opening import read_about
from napari_sam2_ivos.io.sessions.places import earlier_sessions, place_for
from napari_sam2_ivos.io.sources import open_source
from tests.core.bench import blob_movie, session_on
from tests.io.sessions.bench import begin


@pytest.fixture
def movie_file(tmp_path):
    path = tmp_path / "day 1" / "cells.tif"
    path.parent.mkdir()
    tifffile.imwrite(path, blob_movie().data, imagej=True, metadata={"axes": "TYX"})
    return path


def opened(path):
    source = open_source(path)
    return Movie(source.data, source.time_axis, source.rgb, name=source.name)


def saved_beside(movie_file):
    session = session_on(opened(movie_file))
    path = place_for("cells", movie_file)
    saving = begin(session, path, movie_path=movie_file)
    session.add_points(1, 0, [(15, 15)])
    saving.write()
    saving.close()
    return path


def test_beside_the_movie_and_never_over_another(movie_file):
    assert saved_beside(movie_file) == movie_file.parent / "cells.ivos"
    assert saved_beside(movie_file) == movie_file.parent / "cells-2.ivos"


def test_a_movie_without_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM2_IVOS_SESSIONS", str(tmp_path / "own"))
    assert place_for("cells: α/β", None) == tmp_path / "own" / "β.ivos"
    assert place_for("..", None).parent == tmp_path / "own"
    assert place_for("a|b", None).name == "a_b.ivos"


def test_an_earlier_session_is_found(movie_file):
    path = saved_beside(movie_file)
    other = movie_file.with_name("other.tif")
    data = np.array(blob_movie().data)
    data[0, 30, 40] = 1
    tifffile.imwrite(other, data, imagej=True, metadata={"axes": "TYX"})
    note = MovieNote.of(opened(movie_file), movie_file)
    assert [found for found, _ in earlier_sessions(note)] == [path]
    assert earlier_sessions(MovieNote.of(opened(other), other)) == []


def test_the_movie_is_found_after_both_moved_together(movie_file, tmp_path):
    path = saved_beside(movie_file)
    moved = tmp_path / "archive"
    shutil.move(movie_file.parent, moved)
    _, found = find_movie(read_about(moved / path.name).movie, moved / path.name)
    assert found == moved / "cells.tif"


def test_the_movie_is_found_under_another_name_and_format(movie_file):
    path = saved_beside(movie_file)
    renamed = movie_file.with_name("renamed.npy")
    np.save(renamed, blob_movie().data.astype(">u2"))
    movie_file.unlink()
    tifffile.imwrite(movie_file, blob_movie().data[:, ::-1].copy())  # an impostor
    movie, found = find_movie(read_about(path).movie, path)
    assert found == renamed
    assert movie.n_frames == 10


def test_a_lost_movie_is_asked_for(movie_file):
    path = saved_beside(movie_file)
    movie_file.unlink()
    with pytest.raises(MovieError, match=r"cells\.tif.*Say where it is"):
        find_movie(read_about(path).movie, path)


def test_a_fingerprint_is_of_pixels_and_shape():
    data = blob_movie().data
    one = fingerprint_of(Movie(data))
    assert one == fingerprint_of(Movie(np.asfortranarray(data)))
    assert one == fingerprint_of(Movie(data.astype(">u2")))
    assert one != fingerprint_of(Movie(data[:9]))
    assert one != fingerprint_of(Movie(data.astype(np.uint32)))
    changed = data.copy()
    changed[-1, 30, 40] += 1
    assert one != fingerprint_of(Movie(changed))
