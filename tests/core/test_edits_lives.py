"""When objects are there: lifespans, deletions, gaps, divisions, parents."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.edits import lives
from napari_sam2_ivos.core.errors import PromptError
from tests.core.bench import (
    HEIGHT,
    MOVES,
    N_FRAMES,
    RESTS,
    WIDTH,
    assert_same,
    blob_movie,
    check,
    frames_with,
    picture,
    run,
    session_on,
    square,
    two_tracked,
)

NOTHING = np.zeros((HEIGHT, WIDTH), bool)


# ---- ends -----------------------------------------------------------------


def test_an_object_that_is_deleted_from_here_on_ends_here():
    session = two_tracked()
    session.add_points(2, 8, [(45, 39)])
    lives.delete_frames(session, 2, range(5, N_FRAMES))
    assert frames_with(session, 2) == [0, 1, 2, 3, 4]
    assert session.tracks[2].anchors == [0]
    assert session.tracks[2].lifespan == range(5)
    for direction in ("forward", "both", "nearest"):
        assert run(session, direction) == []
    check(session)


def test_an_object_can_end_on_a_frame_that_was_not_computed_yet():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    lives.delete_frames(session, 1, range(6, N_FRAMES))
    run(session)
    assert frames_with(session, 1) == [0, 1, 2, 3, 4, 5]


def test_an_object_that_is_deleted_up_to_here_begins_later_from_its_own_mask():
    session = two_tracked()
    before = np.array(session.labels)
    lives.delete_frames(session, 2, range(4))
    assert session.tracks[2].lifespan == range(4, N_FRAMES)
    assert session.tracks[2].anchors == [4]
    run(session, "both", recompute=True)
    assert frames_with(session, 2) == [4, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(session.labels[4:], before[4:])


def test_what_is_deleted_in_between_is_a_gap():
    session = two_tracked()
    before = np.array(session.labels)
    lives.delete_frames(session, 2, range(3, 6))
    assert frames_with(session, 2) == [0, 1, 2, 6, 7, 8, 9]
    assert session.tracks[2].lifespan == range(N_FRAMES)
    np.testing.assert_array_equal(session.labels[6:], before[6:])
    assert frames_with(session, 1) == list(range(N_FRAMES))
    check(session)


def test_deleting_frames_beyond_the_end_does_not_lengthen_a_life():
    session = two_tracked()
    lives.cut(session, 2, range(4))
    lives.delete_frames(session, 2, range(6, 8))
    assert session.tracks[2].lifespan == range(4)


def test_an_object_that_is_deleted_everywhere_can_begin_anew():
    session = two_tracked()
    lives.delete_frames(session, 2, range(N_FRAMES))
    assert frames_with(session, 2) == []
    session.add_points(2, 3, [(45, 24)])
    run(session)
    assert frames_with(session, 2) == [3, 4, 5, 6, 7, 8, 9]


def test_deleting_frames_keeps_a_later_click_that_was_not_answered_yet():
    session = two_tracked()
    lives.cut(session, 2, range(6))
    session.add_points(2, 8, [(45, 39)])
    lives.delete_frames(session, 2, range(4, 6))
    session.preview(8)
    assert frames_with(session, 2) == [0, 1, 2, 3, 8]


def test_deleting_the_last_masks_deletes_that_it_is_gone_after_them():
    session = two_tracked()
    session.add_mask(2, 6, NOTHING)
    run(session)
    lives.delete_frames(session, 2, range(4, 6))
    assert session.tracks[2].lifespan == range(4)
    assert session.tracks[2].anchors == [0]
    check(session)


def test_others_get_back_the_pixels_of_what_is_deleted():
    session = two_tracked()
    session.add_mask(3, 5, square(10, 10, 6))
    session.preview(5)
    lives.delete_frames(session, 3, range(5, N_FRAMES))
    assert session.preview(5), "it is composed anew"
    assert (session.labels[5, 10:20, 10:20] == 1).all()


# ---- cut ------------------------------------------------------------------


def test_nothing_is_computed_outside_of_a_life():
    session = two_tracked()
    lives.cut(session, 2, range(3, 7))
    assert frames_with(session, 2) == [3, 4, 5, 6]
    session.mark_stale()
    for direction in ("forward", "backward", "both", "nearest"):
        plan = session.plan(direction, track_ids=[2])
        assert {step.frame for step in plan.steps} <= {3, 4, 5, 6}
    run(session, "both", recompute=True)
    assert frames_with(session, 2) == [3, 4, 5, 6]
    assert frames_with(session, 1) == list(range(N_FRAMES))
    assert session.glance(8) == []


def test_results_that_come_after_a_cut_are_not_written():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    results = session.propagate()
    for _ in range(3):
        next(results)
    lives.cut(session, 1, range(5))
    for _ in results:
        pass
    assert frames_with(session, 1) == [0, 1, 2]


def test_masks_that_lose_their_prompt_by_a_cut_follow_from_their_own():
    session = two_tracked()
    session.add_points(2, 4, [(45, 27)])
    run(session)
    before = np.array(session.labels)
    lives.cut(session, 2, range(6, N_FRAMES))
    assert session.tracks[2].anchors == [6]
    run(session, "both", recompute=True)
    np.testing.assert_array_equal(session.labels[6:], before[6:])


def test_a_life_can_be_lengthened_again():
    session = two_tracked()
    lives.cut(session, 2, range(5))
    lives.cut(session, 2, range(N_FRAMES))
    assert run(session) == [5, 6, 7, 8, 9]


def test_a_prompt_beyond_the_end_lengthens_a_life():
    session = two_tracked()
    lives.cut(session, 2, range(2, 5))
    session.add_points(2, 7, [(45, 36)])
    assert 7 in session.tracks[2].lifespan
    session.preview(7)
    assert 7 in frames_with(session, 2)
    session.add_points(2, 0, [MOVES])
    session.preview(0)
    assert 0 in frames_with(session, 2)


# ---- what a run computes --------------------------------------------------


def frames_planned(session, track_id, *args, **kwargs):
    steps = session.plan(*args, **kwargs).steps
    return [step.frame for step in steps if track_id in step.track_ids]


def test_only_what_was_computed_before_and_is_out_of_date_is_asked_for():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    run(session, frames=range(6))
    session.add_points(1, 2, [MOVES])
    assert frames_planned(session, 1, only_stale=True) == [2, 3, 4, 5]
    assert frames_planned(session, 1) == list(range(2, N_FRAMES))
    run(session, frames=range(6))
    assert frames_planned(session, 1, only_stale=True) == []
    assert frames_planned(session, 1, "backward", only_stale=True) == []


def test_a_deleted_gap_is_not_filled_by_any_run():
    session = two_tracked()
    lives.delete_frames(session, 2, range(2, 5))
    before = session.labels.copy()
    for direction in ("forward", "backward", "both", "nearest"):
        list(session.propagate(direction, recompute=True))
    np.testing.assert_array_equal(
        [(plane == 2).any() for plane in session.labels],
        [(plane == 2).any() for plane in before],
    )


def test_a_correction_before_a_deleted_gap_stays_before_it():
    session = two_tracked()
    lives.delete_frames(session, 2, range(2, 5))
    session.add_points(2, 0, [(48, 18)])
    assert frames_planned(session, 2, only_stale=True) == [0, 1]


def test_an_object_that_is_seen_again_after_its_end_stays_away_in_between():
    session = two_tracked()
    lives.delete_frames(session, 2, range(3, N_FRAMES))
    session.add_points(2, 6, [(45, 28)])
    list(session.propagate("both"))
    there = [t for t in range(N_FRAMES) if (session.labels[t] == 2).any()]
    assert [t for t in there if 3 <= t < 6] == []
    assert there[-1] == N_FRAMES - 1


def test_each_object_has_frames_of_its_own():
    session = session_on(blob_movie())
    for track_id, at in ((1, RESTS), (2, MOVES), (3, RESTS)):
        session.add_points(track_id, 0, [at])
    lives.cut(session, 2, range(6))
    frames = {1: range(4), 2: range(3, N_FRAMES)}
    assert frames_planned(session, 1, frames=frames) == [0, 1, 2, 3]
    assert frames_planned(session, 2, frames=frames) == [0, 1, 2, 3, 4, 5]
    assert frames_planned(session, 3, frames=frames) == []
    assert frames_planned(session, 2, frames={2: range(8, 9)}) == []
    with pytest.raises(PromptError, match="beyond"):
        session.plan(frames=range(N_FRAMES + 1))


# ---- divisions ------------------------------------------------------------


def test_an_object_divides_into_two():
    session = two_tracked()
    session.tracks[2].class_name = "cell"
    assert lives.divide(session, 2, 6) == (3, 4)
    assert frames_with(session, 2) == [0, 1, 2, 3, 4, 5]
    for daughter in (3, 4):
        track = session.tracks[daughter]
        assert (track.parent, track.class_name) == (2, "cell")
        assert track.lifespan == range(6, N_FRAMES)
    session.add_points(3, 6, [(45, 33)])
    run(session, "both")
    assert frames_with(session, 3) == [6, 7, 8, 9]
    assert frames_with(session, 2) == [0, 1, 2, 3, 4, 5], "the mother stays away"
    with pytest.raises(PromptError, match="into 3 and 4"):
        lives.divide(session, 2, 3)
    check(session)


def test_an_object_that_divided_is_not_prompted_beyond_its_division():
    session = two_tracked()
    lives.divide(session, 2, 6)
    before = picture(session)
    with pytest.raises(PromptError, match="divided into 3 and 4"):
        session.add_points(2, 8, [(45, 39)])
    assert_same(picture(session), before)
    session.add_points(2, 5, [(45, 30)])
    session.remove_object(3)
    session.remove_object(4)
    session.add_points(2, 8, [(45, 39)])


@pytest.mark.parametrize("frame", [0, 3])
def test_an_object_does_not_divide_before_it_is_there(frame):
    session = two_tracked()
    lives.cut(session, 2, range(3, N_FRAMES))
    with pytest.raises(PromptError, match=f"no mask before frame {frame}"):
        lives.divide(session, 2, frame)
    assert session.tracks.keys() == {1, 2}


def test_a_division_after_the_end_of_an_object_does_not_lengthen_its_life():
    session = two_tracked()
    lives.cut(session, 2, range(4))
    lives.divide(session, 2, 6)
    assert session.tracks[2].lifespan == range(4)


def test_a_division_that_would_take_an_impossible_id_changes_nothing():
    session = two_tracked()
    session.add_mask(65_534, 0, square(30, 30))
    before = picture(session)
    with pytest.raises(PromptError, match="65536"):
        lives.divide(session, 2, 6)
    assert_same(picture(session), before)


def one_after_another():
    """Objects 1, 2 and 3 on three frames each, each the daughter of the last."""
    session = session_on(blob_movie())
    for track_id, frame in ((1, 0), (2, 3), (3, 6)):
        session.add_points(track_id, frame, [RESTS])
        run(session, frames=range(frame, frame + 3), track_ids=[track_id])
        lives.cut(session, track_id, range(frame, frame + 3))
    lives.set_parent(session, 2, 1)
    lives.set_parent(session, 3, 2)
    return session


def test_a_parent_that_is_a_descendant_is_refused():
    session = one_after_another()
    for child, parent in ((1, 3), (1, 2), (2, 2)):
        with pytest.raises(PromptError, match="ancestor"):
            lives.set_parent(session, child, parent)
    check(session)


def test_a_parent_that_is_still_there_is_refused():
    session = two_tracked()
    with pytest.raises(PromptError, match="1 is there until frame 9, but 2 begins"):
        lives.set_parent(session, 2, 1)
    with pytest.raises(PromptError, match="no object 9"):
        lives.set_parent(session, 2, 9)
    assert session.tracks[2].parent is None


def test_children_of_a_deleted_object_have_no_parent():
    session = one_after_another()
    session.remove_object(2)
    assert session.tracks[3].parent is None
    session.undo()
    assert session.tracks[3].parent == 2


# ---- gaps -----------------------------------------------------------------


def with_gap():
    session = two_tracked()
    lives.delete_frames(session, 2, range(3, 7))
    return session


def test_a_gap_is_filled_with_shapes_in_between_that_count_as_painted():
    session = with_gap()
    truth = two_tracked().labels
    assert lives.fill_gap(session, 2, 4) == range(3, 7)
    for frame in range(3, 7):
        session.preview(frame)
        np.testing.assert_array_equal(session.labels[frame], truth[frame])
        assert session.prompts(2, frame).given is not None
    run(session, "both", recompute=True)
    np.testing.assert_array_equal(session.labels, truth)


def test_filling_a_gap_makes_nothing_beyond_it_stale():
    session = with_gap()
    lives.fill_gap(session, 2, 4)
    assert run(session, "both") == [3, 4, 5, 6]


def test_shapes_grow_and_stay_within_the_image():
    session = session_on(blob_movie())
    session.add_mask(1, 0, square(HEIGHT - 4, WIDTH - 4, 4))
    session.add_mask(1, 4, square(HEIGHT - 40, WIDTH - 40, 40))
    session.add_mask(2, 0, square(0, 0, 4))
    session.add_mask(2, 4, square(0, 0, 20))
    session.preview(0)
    session.preview(4)
    for track_id in (1, 2):
        lives.fill_gap(session, track_id, 2)
        run(session, track_ids=[track_id], frames=range(4))
        areas = session.tracks[track_id].area[:5]
        assert (np.diff(areas) > 0).all()


def test_shapes_that_have_nothing_in_common_leave_no_empty_frame():
    """An empty one would say that the object is gone."""
    session = session_on(blob_movie())
    ring = square(10, 10, 31)
    ring[12:39, 12:39] = False
    session.add_mask(1, 0, ring)
    session.add_mask(1, 4, square(24, 24, 3))
    session.preview(0)
    session.preview(4)
    lives.fill_gap(session, 1, 2)
    assert not any(session.prompts(1, t).is_absence for t in range(5))


@pytest.mark.parametrize("frame", [2, 8, 9])
def test_where_there_is_no_gap_nothing_is_filled(frame):
    session = with_gap()
    lives.cut(session, 2, range(8))
    before = picture(session)
    with pytest.raises(PromptError, match="no gap"):
        lives.fill_gap(session, 2, frame)
    assert_same(picture(session), before)


def test_a_gap_beside_a_mask_that_others_hide_is_not_filled():
    session = with_gap()
    session.add_mask(3, 2, square(35, 5, 25))
    session.preview(2)
    assert 2 not in frames_with(session, 2)
    with pytest.raises(PromptError, match="under others"):
        lives.fill_gap(session, 2, 4)
