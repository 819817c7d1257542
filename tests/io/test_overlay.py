"""What a result looks like as a picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.overlay import colour_of, write_overlay


@pytest.fixture
def labels():
    labels = np.zeros((4, 30, 40), np.uint16)
    labels[0, 10:20, 10:20] = 5
    labels[1, 12:22, 10:20] = 5
    labels[1, 0:3, 37:40] = 2
    return labels


@pytest.fixture
def movie(labels):
    return Movie(np.where(labels > 0, labels * 100, 7).astype(np.uint16))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_the_picture_shows_the_outlines(tmp_path, labels, movie, dtype):
    movie = Movie(movie.data.astype(dtype))
    path = write_overlay(tmp_path / "o.png", movie, labels)
    with Image.open(path) as picture:
        pixels = np.asarray(picture).reshape(-1, 3).astype(int)
    distance = np.abs(pixels - colour_of(5)).sum(axis=1)
    assert (distance < 30).sum() > 200
    assert [item.name for item in tmp_path.iterdir()] == ["o.png"]


def test_chosen_frames_of_an_rgb_movie(tmp_path, labels):
    movie = Movie(np.stack([labels] * 3, axis=-1).astype(np.uint8), rgb=True)
    one = write_overlay(tmp_path / "1.png", movie, labels, [1])
    two = write_overlay(tmp_path / "2.png", movie, labels, [1, 2])
    with Image.open(one) as a, Image.open(two) as b:
        assert b.width > 1.9 * a.width


def test_colours_are_stable_and_differ():
    colours = [colour_of(i) for i in range(1, 40)]
    assert len(set(colours)) == 39
    assert colour_of(7) == colours[6]
