"""The real thing on the model that is shipped: it follows cells, and obeys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_sam2_ivos as ivos
from napari_sam2_ivos.testing.metrics import iou
from napari_sam2_ivos.testing.movies import synthetic_movie
from napari_sam2_ivos.testing.sample_job import one_prompt_each

N_FRAMES = 6
T98G = Path(__file__).parents[2] / "shared" / "data" / "t98g"


@pytest.fixture(scope="module")
def sample():
    """Fluorescent nuclei that move, with their truth."""
    return synthetic_movie("nuclei", n_frames=N_FRAMES, n_objects=6, seed=5)


@pytest.fixture
def session(sample):
    return ivos.open_session(sample.movie, device="cpu")


def cells(labels):
    """Track IDs in a label plane."""
    return [int(i) for i in np.unique(labels) if i]


def mean_j(session, truth, frames):
    """Mean IoU over objects and frames where the truth has them."""
    found = [
        iou(np.asarray(session.labels[t]) == i, truth[t] == i)
        for t in frames
        for i in cells(truth[t])
        if i in session.tracks
    ]
    return np.mean(found)


def test_cells_are_followed_from_their_masks(session, sample):
    for track_id in cells(sample.labels[0]):
        session.add_mask(track_id, 0, sample.labels[0] == track_id)
    for _ in session.propagate():
        pass
    assert mean_j(session, sample.labels, range(1, N_FRAMES)) > 0.6


def test_one_click_finds_a_cell_and_tracking_follows_it(session, sample):
    for track_id, by_frame in one_prompt_each(sample.labels[0]).items():
        for frame, prompts in by_frame.items():
            session.set_prompts(track_id, frame, prompts)
    session.preview(0)
    assert mean_j(session, sample.labels, [0]) > 0.5
    for _ in session.propagate():
        pass
    assert mean_j(session, sample.labels, range(1, N_FRAMES)) > 0.5


def test_a_correction_in_the_middle_lasts_and_leaves_the_others_alone(session, sample):
    first, second, *_ = cells(sample.labels[0])
    session.add_mask(first, 0, sample.labels[0] == first)
    session.add_mask(second, 0, sample.labels[0] == first)  # the wrong cell
    for _ in session.propagate():
        pass
    before = np.asarray(session.labels) == first
    session.add_mask(second, 3, sample.labels[3] == second)
    redone = [(r.frame, r.track_ids) for r in session.propagate()]
    assert redone == [(3, (second,)), (4, (second,)), (5, (second,))]
    after = [
        iou(session.labels[t] == second, sample.labels[t] == second) for t in (4, 5)
    ]
    assert np.mean(after) > 0.5, "it goes on from the correction"
    assert (before & (session.labels == first)).sum() > 0.95 * before.sum()


def test_a_cell_said_to_be_gone_is_not_found_again(session, sample):
    first, second, *_ = cells(sample.labels[0])
    for track_id in (first, second):
        session.add_mask(track_id, 0, sample.labels[0] == track_id)
    session.add_mask(first, 2, np.zeros(sample.labels.shape[1:], bool))
    for _ in session.propagate():
        pass
    seen = [
        [t for t in range(N_FRAMES) if (session.labels[t] == i).any()]
        for i in (first, second)
    ]
    assert seen == [[0, 1], list(range(N_FRAMES))]
    session.add_mask(first, 4, sample.labels[4] == first)
    for _ in session.propagate():
        pass
    assert (session.labels[5] == first).any(), "shown again, it is followed again"


def test_a_cell_in_the_middle_of_the_movie_is_followed_both_ways(session, sample):
    track_id = cells(sample.labels[3])[0]
    session.add_mask(track_id, 3, sample.labels[3] == track_id)
    frames = [result.frame for result in session.propagate("both")]
    assert frames == [3, 4, 5, 2, 1, 0]
    assert mean_j(session, sample.labels, range(N_FRAMES)) > 0.5


def test_brightness_and_type_of_the_pixels_do_not_matter(sample):
    masks = []
    for movie in (
        sample.movie,
        sample.movie.astype(np.float32) / 7 - 100,
        sample.movie.astype(">u2"),
    ):
        session = ivos.open_session(movie[:2], device="cpu")
        session.add_points(1, 0, [np.argwhere(sample.labels[0] > 0).mean(axis=0)])
        for _ in session.propagate():
            pass
        masks.append(np.asarray(session.labels).copy())
    for other in masks[1:]:
        assert (masks[0] != other).mean() < 0.001


@pytest.mark.skipif(
    not T98G.exists(), reason="the real movie is not beside the project"
)
def test_real_phase_contrast_is_followed_from_masks():
    movie = tifffile.imread(T98G / "t98g_top.tif")[:4]
    truth = tifffile.imread(T98G / "t98g_top_ids.tif")[:4]
    session = ivos.open_session(movie, device="cpu")
    large = [i for i in cells(truth[0]) if (truth[0] == i).sum() > 1500]
    for track_id in large:
        session.add_mask(track_id, 0, truth[0] == track_id)
    for _ in session.propagate():
        pass
    assert mean_j(session, truth, range(1, 4)) > 0.5
