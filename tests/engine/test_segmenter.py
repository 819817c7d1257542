"""The engine's promises: exact whatever the batch, the cache or the interruption."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_sam2_ivos.core.errors import EngineError, MovieError
from napari_sam2_ivos.core.movie import Movie
from tests.engine.small import N_FRAMES, SIDE, session_on, small_model, small_movie


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def movie():
    return small_movie()


def prompt(session, *track_ids):
    for track_id in track_ids or (1, 2, 3):
        session.add_points(track_id, 0, [(12 * track_id, 14 * track_id)])


def masks(session, **kwargs):
    """Propagate; return every object's logits by track ID and frame."""
    found = {}
    for result in session.propagate(**kwargs):
        for mask in result:
            plane = np.full(session.movie.plane_shape, -1.0, np.float32)
            plane[mask.window] = mask.logits
            found[mask.track_id, result.frame] = plane > 0
    return found


def assert_same(a, b):
    """Masks differ by rounding at most: a pixel here and there."""
    assert a.keys() == b.keys()
    assert a
    for key in a:
        assert (a[key] != b[key]).mean() < 0.01, f"object, frame {key}"


@pytest.fixture
def reference(model, movie):
    """Masks of three objects, tracked forward in one go."""
    session = session_on(model, movie)
    prompt(session)
    return masks(session)


def test_one_at_a_time_or_together_is_the_same(model, movie, reference):
    apart = {}
    for track_id in (1, 2, 3):
        session = session_on(model, movie)
        prompt(session, track_id)
        apart |= masks(session)
    assert_same(apart, reference)


def test_without_a_cache_is_the_same(model, movie, reference):
    session = session_on(model, movie, feature_budget_bytes=1)
    prompt(session)
    assert_same(masks(session), reference)


def test_cancelled_and_resumed_is_the_same(model, movie, reference):
    session = session_on(model, movie)
    prompt(session)
    found = {}
    for start in range(0, N_FRAMES, 3):
        found |= masks(session, frames=(start, start + 3))
    assert_same(found, reference)


def test_resumed_after_the_memory_features_were_dropped_is_the_same(
    model, movie, reference
):
    session = session_on(model, movie)
    prompt(session)
    found = masks(session, frames=(0, 6))
    session.segmenter._bank._features.clear()
    found |= masks(session, frames=(6, N_FRAMES))
    assert_same(found, reference)


def test_cancelling_in_the_middle_of_a_frame_leaves_a_valid_session(
    model, movie, reference
):
    session = session_on(model, movie)
    prompt(session)
    asked = iter([False] * 9 + [True] * 1000)
    found = {}
    for result in session.propagate(should_stop=lambda: next(asked)):
        found |= {(m.track_id, result.frame): m for m in result}
    assert 0 < len({frame for _, frame in found}) < N_FRAMES
    rest = masks(session)
    assert_same(rest, {key: reference[key] for key in rest})
    assert {frame for _, frame in rest} | {frame for _, frame in found} == set(
        range(N_FRAMES)
    )


def test_a_deleted_object_leaves_no_trace_in_the_others(model, movie, reference):
    session = session_on(model, movie)
    prompt(session)
    masks(session, frames=(0, 6))
    session.remove_object(2)
    rest = masks(session)
    assert {track_id for track_id, _ in rest} == {1, 3}
    assert_same(rest, {key: reference[key] for key in rest})


def test_nothing_grows_with_the_number_of_frames(model):
    data = np.random.default_rng(0).integers(0, 999, (150, SIDE, SIDE)).astype("u2")
    session = session_on(
        model,
        Movie(data),
        feature_budget_bytes=400_000,
        memory_budget_bytes=40_000,
    )
    prompt(session)
    sizes = []
    for result in session.propagate():
        bank, features = session.segmenter._bank, session.segmenter._features
        sizes.append((len(bank._near), len(bank._features), len(features)))
        assert len(result.objects) == 3
    assert sizes[-1] == sizes[60] == max(sizes)


def test_closing_lets_go_of_everything(model, movie, reference):
    session = session_on(model, movie)
    prompt(session)
    masks(session)
    segmenter = session.segmenter
    segmenter.close()
    assert len(segmenter._features) == len(segmenter._bank) == 0
    assert segmenter._tracker._bank is segmenter._bank
    assert_same(masks(session, recompute=True), reference)


def test_a_thin_mask_does_not_vanish(model, movie):
    session = session_on(model, movie)
    line = np.zeros((SIDE, SIDE), bool)
    line[30, 5:60] = True
    session.add_mask(1, 0, line)
    (result,) = session.preview(0)
    assert result.objects[0].object_score > 0
    np.testing.assert_array_equal(session.labels[0] == 1, line)


def test_a_failure_of_the_model_is_ours_and_earlier_frames_stay(
    model, movie, monkeypatch
):
    session = session_on(model, movie)
    prompt(session)
    masks(session, frames=(0, 3))
    before = session.labels.copy()

    def fail(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(model.net, "_track_step", fail)
        with pytest.raises(EngineError, match=r"ran out of memory on frame 3"):
            masks(session)
    np.testing.assert_array_equal(session.labels, before)
    assert not issubclass(EngineError, RuntimeError), "superqt would swallow it"
    assert masks(session), "and it goes on"


def test_a_batch_that_does_not_fit_is_tried_in_halves(
    model, movie, reference, monkeypatch
):
    """As on a graphics card with little memory."""
    forward, sizes = model.net._track_step, []

    def small_card(current_vision_feats, **kwargs):
        n = current_vision_feats[0].shape[1]
        sizes.append(n)
        if n > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(current_vision_feats=current_vision_feats, **kwargs)

    session = session_on(model, movie)
    prompt(session)
    with monkeypatch.context() as patch:
        patch.setattr(model.net, "_track_step", small_card)
        assert_same(masks(session), reference)
    assert sizes.count(3) == 1, "it is not tried again with what did not fit"


def test_a_frame_that_cannot_be_read_is_named(model, movie):
    class Gone:
        shape, dtype = movie.data.shape, movie.data.dtype

        def __getitem__(self, index):
            if index[0] == 2:
                raise OSError("share is gone")
            return movie.data[index]

    session = session_on(model, Movie(Gone()))
    prompt(session)
    with pytest.raises(MovieError, match=r"Frame 2 .*share is gone"):
        masks(session)
