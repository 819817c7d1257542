"""What a result looks like as a table and as a picture."""

from __future__ import annotations

import numpy as np
import pandas
import pytest
from PIL import Image

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import FramePrompts, Point
from napari_sam2_ivos.core.results import ObjectMask
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.overlay import colour_of, write_overlay
from napari_sam2_ivos.io.tables import COLUMNS, write_table


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


def test_the_table(tmp_path, labels, movie):
    track = Track(5, 4)
    track.prompts[0] = FramePrompts((Point(12, 12),))
    for frame in (0, 1):
        logits = np.where(labels[frame, 10:22, 10:20] == 5, 1.0, -1.0)
        mask = ObjectMask(5, 10, 10, logits, object_score=3.5, predicted_iou=0.75)
        track.mark(frame, mask)
    path = write_table(
        tmp_path / "t.csv",
        labels,
        movie,
        {5: track},
        scale=(0.5, 0.5),
        unit="um",
        interval_s=60,
    )
    table = pandas.read_csv(path)
    assert tuple(table.columns) == COLUMNS
    assert table[["frame", "track_id"]].to_numpy().tolist() == [[0, 5], [1, 2], [1, 5]]
    first = table.iloc[0]
    assert first.area_px == 100
    assert first.area == 25.0
    assert first.area_unit == "um^2"
    assert (first.centroid_y, first.centroid_x) == (14.5, 14.5)
    assert first[["y_min", "x_min", "y_max", "x_max"]].tolist() == [10, 10, 19, 19]
    assert first.mean_intensity == 500
    assert (first.prompted, first.object_score, first.predicted_iou) == (1, 3.5, 0.75)
    assert table.time_s.tolist() == [0, 60, 60]
    assert table.touches_edge.tolist() == [0, 1, 0]
    assert np.isnan(table.object_score[1])
    np.testing.assert_array_equal(table.centroid_step_px, [np.nan, np.nan, 2])


def test_the_table_without_calibration(tmp_path, labels, movie):
    table = pandas.read_csv(write_table(tmp_path / "t.csv", labels, movie))
    assert table.area.isna().all()
    assert table.time_s.isna().all()
    assert len(table) == 3


def test_missing_pixels_do_not_spoil_the_mean(tmp_path, labels):
    pixels = np.where(labels > 0, labels * 100.0, np.nan)
    pixels[0, 10, 10] = np.inf
    pixels[1, 0:3, 37:40] = np.nan
    table = pandas.read_csv(write_table(tmp_path / "t.csv", labels, Movie(pixels)))
    assert table.mean_intensity[0] == 500
    assert np.isnan(table.mean_intensity[1])


def test_the_table_of_an_rgb_movie(tmp_path, labels):
    movie = Movie(np.stack([labels] * 3, axis=-1).astype(np.uint8), rgb=True)
    table = pandas.read_csv(write_table(tmp_path / "t.csv", labels, movie))
    assert table.mean_intensity.tolist() == [5, 2, 5]


def test_an_empty_table_has_a_header(tmp_path, labels, movie):
    table = pandas.read_csv(write_table(tmp_path / "t.csv", labels * 0, movie))
    assert len(table) == 0
    assert tuple(table.columns) == COLUMNS


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
