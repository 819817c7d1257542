"""What is computed again after an edit, and what is known already."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.planning import plan_encoding
from napari_sam2_ivos.core.prompts import FramePrompts, Mask
from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.engine import forward
from tests.engine.small import SIDE, session_on, small_model, small_movie

N_FRAMES = 40


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def movie():
    return small_movie(N_FRAMES)


@pytest.fixture
def computed(model, monkeypatch):
    """Frames and number of objects of every forward, in order."""
    calls = []
    forward = model.net._track_step

    def count(frame_idx, current_vision_feats, **kwargs):
        calls.append((frame_idx, current_vision_feats[0].shape[1]))
        return forward(
            frame_idx=frame_idx, current_vision_feats=current_vision_feats, **kwargs
        )

    monkeypatch.setattr(model.net, "_track_step", count)
    return calls


def square(y, x, side=16):
    plane = np.zeros((SIDE, SIDE), bool)
    plane[y : y + side, x : x + side] = True
    return FramePrompts(mask=Mask.from_plane(plane))


def begin(session, *track_ids, frame=0):
    for track_id in track_ids:
        session.set_prompts(track_id, frame, square(8 * track_id, 10 * track_id))


def test_an_edit_of_one_object_computes_it_alone_and_up_to_its_next_anchor(
    model, movie, computed
):
    session = session_on(model, movie)
    begin(session, 1, 2, 3)
    begin(session, 2, frame=30)
    list(session.propagate("forward"))
    computed.clear()
    session.set_prompts(2, 12, square(20, 25))
    list(session.propagate("forward"))
    assert computed == [(frame, 1) for frame in range(12, 30)]


def test_nothing_runs_before_birth_or_after_the_end(model, movie, computed):
    session = session_on(model, movie)
    begin(session, 1, frame=10)
    session.set_prompts(1, 20, FramePrompts(mask=Mask(0, 0, np.zeros((0, 0), bool))))
    list(session.propagate("forward"))
    # Frame 20 too, for what the object pointer says of its absence.
    assert [frame for frame, _ in computed] == list(range(10, 21))
    assert not session.labels[20:].any()


def test_a_range_behind_a_gap_is_tracked_through_the_gap(model, movie):
    session = session_on(model, movie)
    begin(session, 1)
    frames = [result.frame for result in session.propagate("forward", (25, 30))]
    assert frames == list(range(30))
    whole = session_on(model, movie)
    begin(whole, 1)
    list(whole.propagate("forward"))
    np.testing.assert_array_equal(session.labels[:30], whole.labels[:30])


def test_what_was_recomputed_and_comes_out_the_same_is_not_tracked_to_the_end(
    model, movie, computed
):
    session = session_on(model, movie)
    begin(session, 1)
    list(session.propagate("forward"))
    before = session.labels.copy()
    session.set_prompts(1, 0, square(9, 10))
    session.set_prompts(1, 0, square(8, 10))  # and back again
    computed.clear()
    done = [r.frame for r in session.propagate("forward", skip_unchanged=True)]
    assert done == list(range(N_FRAMES)), "every frame is up to date afterwards"
    assert [frame for frame, _ in computed] == list(range(1, 16)), "15 were equal"
    assert session.segmenter._features._current[0] == 15, "nor is more encoded"
    np.testing.assert_array_equal(session.labels, before)
    session.set_prompts(1, 5, square(40, 5))
    computed.clear()
    list(session.propagate("forward", skip_unchanged=True))
    assert {frame for frame, _ in computed} >= set(range(5, 21))


def test_a_click_after_another_model_was_chosen_need_not_wait_for_the_movie(
    model, movie, computed
):
    session = session_on(model, movie)
    begin(session, 1)
    list(session.propagate("forward"))
    session.segmenter.close()  # nothing is known any more
    session.add_points(1, 35, [(20, 20)], positive=False)
    assert session.prompts(1, 35).refines
    computed.clear()
    session.preview(35)
    # The anchor, 6 frames to warm up (this model attends to 3), the frame, the click.
    assert [frame for frame, _ in computed] == [0, *range(29, 36), 35]


def test_the_stretch_on_screen_comes_first(model, movie):
    session = session_on(model, movie)
    begin(session, 1)
    begin(session, 1, frame=20)
    steps = session.plan("forward", on_screen=25).steps
    assert [s.frame for s in steps] == [*range(20, N_FRAMES), *range(20)]


def test_from_the_nearer_of_two_prompts(model, movie):
    session = session_on(model, movie)
    begin(session, 1)
    begin(session, 1, frame=10)
    list(session.propagate("nearest", (0, 12)))
    reverse = [bool(session.tracks[1].state[t] & 4) for t in range(12)]
    assert reverse == [False] * 6 + [True] * 4 + [False] * 2


def test_an_edit_during_a_run_leaves_nothing_of_the_old_prompts(
    model, movie, monkeypatch
):
    # One object at a time: rounding depends on which are computed together.
    monkeypatch.setitem(forward.TOKENS_PER_BATCH, "cpu", 1)
    session = session_on(model, movie)
    begin(session, 1, 2)
    for result in session.propagate("forward"):
        if result.frame == 10:
            session.set_prompts(2, 4, square(30, 8))
        elif result.frame > 10:
            assert result.track_ids == (1,)
    list(session.propagate("forward"))
    fresh = session_on(model, movie)
    begin(fresh, 1, 2)
    fresh.set_prompts(2, 4, square(30, 8))
    list(fresh.propagate("forward"))
    np.testing.assert_array_equal(session.labels, fresh.labels)


def test_a_deleted_object_gives_back_the_pixels_it_took(model, movie, computed):
    alone = session_on(model, movie)
    begin(alone, 1)
    list(alone.propagate("forward", (0, 6)))
    session = session_on(model, movie)
    begin(session, 1)
    session.set_prompts(2, 0, square(10, 12, side=30))
    list(session.propagate("forward", (0, 6)))
    assert (session.labels[:6] == 1).sum() < (alone.labels[:6] == 1).sum()
    session.remove_object(2)
    computed.clear()
    list(session.propagate("forward", (0, 6)))
    assert not computed, "nothing of object 1 is computed again"
    assert ((session.labels[:6] == 1) != (alone.labels[:6] == 1)).mean() < 0.001


def test_a_look_at_a_frame_that_nothing_was_tracked_onto(model, movie, computed):
    session = session_on(model, movie)
    begin(session, 1, 2)
    session.preview(0)
    computed.clear()
    (result,) = session.glance(33)
    assert result.is_glance
    assert result.track_ids == (1, 2)
    assert any(mask.pixels.any() for mask in result)
    assert computed == [(33, 2)], "one forward, and nothing in between"
    assert not session.labels[33].any(), "it is nobody's result"
    list(session.propagate("forward"))
    assert session.glance(33) == [], "now it is tracked"
    late = session_on(model, movie)
    begin(late, 3, frame=30)
    (result,) = late.glance(4)
    assert result.objects[0].pixels.any(), "before the first prompt too"


def test_encoding_ahead_makes_the_click_cheap(model, movie, monkeypatch):
    session = session_on(model, movie)
    results = list(session.run(plan_encoding([4, 5, 3])))
    assert [r.frame for r in results] == [4, 5, 3]
    assert not any(r.objects for r in results)

    def fail(image):
        raise AssertionError("it was encoded already")

    monkeypatch.setattr(model.net, "forward_image", fail)
    begin(session, 1, frame=5)
    assert session.preview(5)


def test_a_mask_that_jumps_is_refused_and_said_so(model, movie):
    session = session_on(model, movie)
    begin(session, 1)
    session.guards = Guards(spread=False, max_step_px=0.0)
    list(session.propagate("forward", (0, 4)))
    track = session.tracks[1]
    assert [Flag(f) for f in track.flag[:4]] == [Flag.NONE, *[Flag.JUMPED] * 3]
    assert not (session.labels[1:4] == 1).any()
    assert (1, 1, False) not in session.segmenter._bank._features, "not remembered"
    session.guards = Guards(spread=False)
    list(session.propagate("forward", (0, 4), recompute=True))
    assert not track.flag[:4].any()
    assert (session.labels[1:4] == 1).any()


def test_a_mask_that_spreads_over_the_image_is_refused_and_said_so(model, movie):
    session = session_on(model, movie)
    session.guards = Guards()
    begin(session, 1)
    list(session.propagate("forward", (0, 4)))
    assert Flag(session.tracks[1].flag[1]) is Flag.SPREAD, "random weights do that"
    assert not session.labels[1:4].any()


def test_scores_of_every_frame(model, movie):
    session = session_on(model, movie)
    begin(session, 1)
    list(session.propagate("forward", (0, 5)))
    track = session.tracks[1]
    for scores in (track.object_score, track.predicted_iou, track.area):
        assert np.isfinite(scores[:5]).all()
        assert np.isnan(scores[5:]).all()
    assert track.area[0] == 16 * 16
    assert track.centroid[0].tolist() == [15.5, 17.5]
    assert track.centroid_step(2) >= 0


def test_objects_that_may_not_overlap_in_memory(model, movie):
    """The option changes what is remembered, and nothing where nothing overlaps."""
    apart, together = (
        session_on(model, movie, exclusive_memory=exclusive)
        for exclusive in (False, True)
    )
    for session in (apart, together):
        session.set_prompts(1, 0, square(5, 5))
        list(session.propagate("forward", (0, 6)))
    np.testing.assert_array_equal(apart.labels, together.labels)
    for session in (apart, together):
        session.set_prompts(2, 0, square(10, 10))
        list(session.propagate("forward", (0, 6), recompute=True))
    bank = together.segmenter._bank
    one, two = (bank.shown(i, 5).low_res > 0 for i in (1, 2))
    assert not (one & two).any()
    bank = apart.segmenter._bank
    one, two = (bank.shown(i, 5).low_res > 0 for i in (1, 2))
    assert (one & two).any(), "else this test shows nothing"
