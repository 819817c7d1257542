"""Synthetic movies hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.testing.movies import HABITS, synthetic_movie
from napari_sam2_ivos.testing.population import Habits


@pytest.mark.parametrize("modality", HABITS)
def test_every_modality_gives_a_movie_with_visible_objects(modality):
    sample = synthetic_movie(modality, n_frames=3, shape=(96, 128), n_objects=5)
    assert sample.movie.shape == sample.labels.shape == (3, 96, 128)
    assert sample.movie.dtype == sample.labels.dtype == np.uint16
    assert len(np.unique(sample.labels[0])) >= 4
    picture, labels = sample.movie[0].astype(float), sample.labels[0]
    near = np.abs(np.gradient(picture)).sum(0)
    rim = np.abs(np.gradient((labels > 0).astype(float))).sum(0) > 0
    assert near[rim].mean() > near[labels == 0].mean()


def test_same_seed_same_movie_and_another_seed_another():
    first, again, other = (
        synthetic_movie(n_frames=3, shape=(64, 64), n_objects=3, seed=s)
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.movie, again.movie)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_mother_ends_when_two_daughters_begin():
    sample = synthetic_movie(
        n_frames=12, n_objects=6, seed=4, habits=Habits(p_division=1.0)
    )
    assert sample.parents
    frames_of = {
        int(i): np.flatnonzero((sample.labels == i).any((1, 2)))
        for i in np.unique(sample.labels)
        if i
    }
    mothers = list(sample.parents.values())
    for child, mother in sample.parents.items():
        assert frames_of[child][0] > frames_of[mother][-1]
        assert mothers.count(mother) <= 2


def test_cells_are_born_and_leave():
    habits = Habits(p_birth=1.0, p_division=0.0, speed=8.0)
    sample = synthetic_movie(n_frames=30, n_objects=8, seed=2, habits=habits)
    first, last = np.unique(sample.labels[0]), np.unique(sample.labels[-1])
    assert set(last) - set(first)
    assert set(first) - set(last)


def test_cells_move_smoothly():
    sample = synthetic_movie(n_frames=4, n_objects=5, seed=1)
    for before, after in zip(sample.labels, sample.labels[1:], strict=False):
        for i in np.unique(before)[1:]:
            if (before == i).sum() > 200 and (after == i).any():
                assert ((before == i) & (after == i)).any()


def test_inverting_makes_bright_objects_dark():
    bright = synthetic_movie(n_frames=1, unevenness=0.0)
    dark = synthetic_movie(n_frames=1, unevenness=0.0, invert=True)
    inside = bright.labels[0] > 0
    assert bright.movie[0][inside].mean() > bright.movie[0][~inside].mean()
    assert dark.movie[0][inside].mean() < dark.movie[0][~inside].mean()


def test_unknown_modality_is_named_in_the_error():
    with pytest.raises(ValueError, match="x-ray"):
        synthetic_movie("x-ray")
