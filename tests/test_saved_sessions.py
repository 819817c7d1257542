"""The short API of sessions on disk, as a script uses it."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

import napari_sam2_ivos as ivos
from napari_sam2_ivos.core.errors import (
    FormatError,
    IvosWarning,
    MovieError,
    StoreError,
)
from napari_sam2_ivos.io.sessions.about import About, MovieNote
from napari_sam2_ivos.saved_sessions import settings_of
from tests.core.bench import MOVES, RESTS, Remembering, blob_movie, two_tracked


class Made(Remembering):
    """Says what it was made with, as the engine does."""

    @property
    def made_with(self):
        return {"model": "bundled", "sha256": "f" * 64, "contrast": [0.0, 1000.0]}


@pytest.fixture(autouse=True)
def asked_for(monkeypatch):
    """Take a fake model, and keep what it was asked for."""
    asked = []

    def load(movie, **settings):
        asked.append(settings)
        return Made(movie)

    monkeypatch.setattr("napari_sam2_ivos.api.load_segmenter", load)
    return asked


@pytest.fixture
def movie_file(tmp_path):
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, blob_movie().data, imagej=True, metadata={"axes": "TYX"})
    return path


def test_begun_on_one_day_and_gone_on_with_on_another(tmp_path, movie_file, asked_for):
    path = tmp_path / "cells.ivos"
    with ivos.open_saved(path, movie_file) as session:
        session.add_points(1, 0, [RESTS])
        list(session.propagate())
    with ivos.open_saved(path) as session:
        assert sorted(session.tracks) == [1]
        session.add_points(2, 0, [MOVES])
        list(session.propagate())
        np.testing.assert_array_equal(session.labels, two_tracked().labels)
    again = {"model": "bundled", "contrast": (0.0, 1000.0)}
    assert asked_for == [{}, again]  # the model and contrast that it was made with


def test_a_script_that_dies_has_lost_nothing(tmp_path, movie_file):
    path = tmp_path / "cells.ivos"

    def work():
        with ivos.open_saved(path, movie_file) as session:
            session.add_points(1, 0, [RESTS])
            for result in session.propagate():
                if result.frame == 5:
                    raise KeyError("a mistake in the script")

    with pytest.raises(KeyError, match="a mistake"):
        work()
    with ivos.open_saved(path) as session:
        assert [session.tracks[1].is_fresh(t) for t in range(10)] == [True] * 6 + [
            False
        ] * 4


def test_an_array_has_no_file_and_is_given_again(tmp_path):
    path = tmp_path / "cells.ivos"
    data = blob_movie().data
    with ivos.open_saved(path, data) as session:
        session.add_points(1, 0, [RESTS])
    with (
        pytest.raises(MovieError, match="was not found: it was in no file"),
        ivos.open_saved(path),
    ):
        pass
    with ivos.open_saved(path, data) as session:
        assert sorted(session.tracks) == [1]


def test_another_movie_is_refused_and_a_cleaned_one_is_not(tmp_path):
    path = tmp_path / "cells.ivos"
    data = blob_movie().data
    with ivos.open_saved(path, data):
        pass
    with (
        pytest.raises(MovieError, match=r"has 5 frames.*Choose that movie"),
        ivos.open_saved(path, data[:5]),
    ):
        pass
    with (
        pytest.warns(IvosWarning, match="are not those"),
        ivos.open_saved(path, data // 2),
    ):
        pass


def test_only_one_at_a_time(tmp_path):
    path, data = tmp_path / "cells.ivos", blob_movie().data
    with (
        ivos.open_saved(path, data),
        pytest.raises(StoreError, match="open in another"),
        ivos.open_saved(path, data),
    ):
        pass
    with ivos.open_saved(path, data):
        pass


def test_a_new_session_wants_a_movie(tmp_path):
    with (
        pytest.raises(MovieError, match="Say of which movie"),
        ivos.open_saved(tmp_path / "cells.ivos"),
    ):
        pass


def test_a_disk_that_is_full_for_a_while(tmp_path, monkeypatch):
    path, data = tmp_path / "cells.ivos", blob_movie().data
    with ivos.open_saved(path, data) as session:
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", _no_space)
            with pytest.warns(IvosWarning, match="could not be saved"):
                session.add_points(1, 0, [RESTS])
        session.add_points(2, 0, [MOVES])
    with ivos.open_saved(path, data) as session:
        assert sorted(session.tracks) == [1, 2]


def _no_space(handle):
    raise OSError(28, "No space left on device")


def test_exported_from_python(tmp_path, movie_file):
    path = tmp_path / "cells.ivos"
    with ivos.open_saved(path, movie_file) as session:
        session.add_points(1, 0, [RESTS])
        list(session.propagate())
        labels = np.array(session.labels)
    ivos.export("tiff", tmp_path / "labels.tif", ivos.read_annotated(path))
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), labels)


@pytest.mark.parametrize(
    "model",
    [
        {"contrast": "0..1"},
        {"contrast": [0]},
        {"input_size": 10**9},
        {"model": ["bundled"]},
        {"exclusive_memory": "yes"},
    ],
)
def test_what_a_session_says_of_its_model_is_checked(model):
    about = About(MovieNote.of(blob_movie(), None), model=model)
    with pytest.raises(FormatError, match=r"session\.json, model"):
        settings_of(about)
