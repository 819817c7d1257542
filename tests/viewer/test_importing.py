"""Masks and prompts out of files, into the session of a movie in the viewer."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_sam2_ivos.io.exports import ctc
from napari_sam2_ivos.viewer.importing import load_masks, load_prompts
from tests.io.exports.movies import annotate


@pytest.fixture
def said(controller):
    words = []
    controller.said.connect(words.append)
    controller.failed.connect(words.append)
    return words


@pytest.fixture
def labels(controller):
    """Mother 1 on the first frames, daughters 2 and 3 after."""
    made = np.zeros(controller.movie.shape, np.uint16)
    half = len(made) // 2
    made[:half, 5:10, 5:10] = 1
    made[half:, 5:8, 3:6] = 2
    made[half:, 5:8, 12:15] = 3
    return made


@pytest.fixture
def folder(tmp_path, labels):
    ctc.write(tmp_path / "01_RES", annotate(labels, {2: 1, 3: 1}))
    return tmp_path / "01_RES"


def test_masks_to_be_corrected(controller, labels, folder, said):
    load_masks(controller, folder, "masks")
    np.testing.assert_array_equal(controller.session.labels, labels)
    tracks = controller.session.tracks
    assert {i: track.parent for i, track in tracks.items()} == {1: None, 2: 1, 3: 1}
    (words,) = said
    assert words.startswith("3 objects loaded from '01_RES'. Correct any frame")
    assert [row.track_id for row in controller.rows()] == [1, 2, 3]
    controller.editing.undo()
    assert not controller.session.tracks  # one step of undo
    assert not np.asarray(controller.session.labels).any()


def test_masks_as_prompts(controller, labels, folder, said):
    load_masks(controller, folder, "prompts")
    half = len(labels) // 2
    assert controller.session.tracks[1].anchors == list(range(half))
    assert controller.session.tracks[2].parent == 1
    assert "Press Track" in said[-1]


def test_only_before_the_first_object(controller, folder, said):
    controller.session.add_points(9, 0, [(5, 5)])
    load_masks(controller, folder, "masks")
    assert "There are objects already" in said[-1]
    assert sorted(controller.session.tracks) == [9]


def test_masks_of_another_movie(controller, tmp_path, said):
    tifffile.imwrite(tmp_path / "other.tif", np.zeros((2, 3, 4), np.uint16))
    load_masks(controller, tmp_path / "other.tif", "masks")
    assert "'other.tif' has shape (2, 3, 4), but the movie has" in said[-1]
    assert not controller.session.tracks


def test_prompts_of_a_table(controller, tmp_path, said):
    table = tmp_path / "clicks.csv"
    table.write_text("frame,track_id,kind,y,x,y2,x2,positive\n0,4,point,5,6,,,1\n")
    load_prompts(controller, table)
    assert controller.session.tracks[4].anchors == [0]
    assert len(controller.layers.points.data) == 1
    assert said[-1] == "Prompts of 1 objects loaded from 'clicks.csv'."
    table.write_text("frame,track_id,kind,y,x\n0,4,point,-50,6\n")
    load_prompts(controller, table)
    assert "line 2" in said[-1]


def test_stopped_on_the_way_nothing_of_it_stays(controller, folder, said):
    controller.editing.drive = lambda steps, n, words: next(steps)
    load_masks(controller, folder, "masks")
    assert not controller.session.tracks
    assert not np.asarray(controller.session.labels).any()
    assert said == ["Nothing was loaded from '01_RES'."]
