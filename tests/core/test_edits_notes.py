"""What is noted about objects and frames: names, locks, accepted and fine frames."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.edits import notes
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.tracks import FINE
from tests.core.bench import (
    MOVES,
    N_FRAMES,
    PLANE,
    RESTS,
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

# ---- accepted -------------------------------------------------------------


def test_accepting_a_mask_makes_nothing_stale_and_changes_no_pixel():
    session = two_tracked()
    before = np.array(session.labels)
    notes.accept(session, 2, 4)
    np.testing.assert_array_equal(session.labels, before)
    assert run(session, "both") == []
    prompts = session.prompts(2, 4)
    assert prompts.is_locked
    np.testing.assert_array_equal(
        prompts.given.to_plane(before[0].shape), before[4] == 2
    )
    check(session)


def test_an_accepted_mask_is_not_overwritten_by_a_run():
    session = two_tracked()
    notes.accept(session, 2, 4)
    accepted = np.array(session.labels[4] == 2)
    session.add_points(2, 0, [RESTS], positive=True)  # it leaks into the other
    run(session, recompute=True)
    np.testing.assert_array_equal(session.labels[4] == 2, accepted)


@pytest.mark.parametrize("frame", [3, 4])
def test_other_objects_do_not_take_pixels_of_an_accepted_mask(frame):
    session = two_tracked()
    notes.accept(session, 2, 4)
    run(session, recompute=True)
    accepted = np.array(session.labels[4] == 2)
    session.add_mask(1, frame, square(38, 18, 16))  # over all of it
    session.preview(frame)
    run(session)
    assert (session.labels[frame] == 1).any()
    np.testing.assert_array_equal(session.labels[4] == 2, accepted)


def test_an_accepted_mask_keeps_the_share_of_pixels_that_was_seen():
    """Nothing is given back to it where another object is deleted."""
    session = two_tracked()
    session.add_mask(3, 4, square(10, 10, 5))
    session.preview(4)
    notes.accept(session, 1, 4)
    seen = np.array(session.labels[4] == 1)
    assert seen.sum() == 75
    session.remove_object(3)
    run(session, recompute=True)
    np.testing.assert_array_equal(session.labels[4] == 1, seen)
    assert session.tracks[1].area[4] == 75


def test_a_mask_that_is_stale_can_be_accepted_as_it_is():
    session = two_tracked()
    session.add_points(2, 0, [(5, 5)])
    notes.accept(session, 2, 4)
    assert session.tracks[2].is_fresh(4)
    assert 4 not in run(session)


def test_where_there_is_no_mask_nothing_is_accepted():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    for frame in (0, 5):
        with pytest.raises(PromptError, match=f"no mask on frame {frame}"):
            notes.accept(session, 1, frame)
    assert session.history.undo_name == "Prompt object 1 on frame 0"


def test_a_tracked_mask_that_is_opened_again_is_tracked_again():
    session = two_tracked()
    before = np.array(session.labels)
    notes.accept(session, 2, 4)
    notes.reopen(session, 2, 4)
    assert session.tracks[2].anchors == [0]
    session.preview(4)
    run(session)
    np.testing.assert_array_equal(session.labels, before)


def test_an_answer_that_is_opened_again_has_its_prompts_as_before():
    session = two_tracked()
    session.add_points(2, 4, [(45, 27)])
    run(session)
    before = session.prompts(2, 4)
    notes.accept(session, 2, 4)
    assert session.prompts(2, 4).points == before.points
    notes.reopen(session, 2, 4)
    assert session.prompts(2, 4) == before


def test_a_painted_mask_that_is_opened_again_is_still_there():
    session = two_tracked()
    session.add_mask(2, 4, square(30, 30))
    run(session)
    before = picture(session)
    notes.accept(session, 2, 4)
    notes.reopen(session, 2, 4)
    run(session)
    assert session.prompts(2, 4).mask is not None
    np.testing.assert_array_equal(session.labels, before[0])


def test_a_click_on_an_accepted_mask_corrects_it():
    session = two_tracked()
    notes.accept(session, 2, 4)
    session.add_points(2, 4, [RESTS])
    session.preview(4)
    assert (session.labels[4] == 2).sum() > 100
    assert not session.prompts(2, 4).is_locked


# ---- locked ---------------------------------------------------------------


def test_a_locked_object_is_not_tracked():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    session.add_points(2, 0, [MOVES])
    notes.set_locked(session, [2], True)
    assert run(session) == list(range(N_FRAMES))
    assert frames_with(session, 2) == []
    assert session.preview(0) == []
    assert session.glance(5) == []
    notes.set_locked(session, [2], False)
    assert run(session) == list(range(N_FRAMES))
    assert frames_with(session, 2) == list(range(N_FRAMES))


def test_a_locked_object_is_left_alone_where_all_is_computed_anew():
    session = two_tracked()
    notes.set_locked(session, [2], True)
    _, before = picture(session)
    run(session, recompute=True)
    np.testing.assert_equal(picture(session)[1][2], before[2])


@pytest.mark.parametrize("is_prompted", [False, True])
def test_no_pixel_of_a_locked_object_goes_to_another(is_prompted):
    session = two_tracked()
    notes.set_locked(session, [1], True)
    before = np.array(session.labels) == 1
    session.add_mask(3, 3, square(8, 8, 14))
    session.preview(3)
    if not is_prompted:
        run(session)
        assert (session.labels[5] == 3).sum() == 0, "the blob is all of object 1"
    session.add_mask(4, 6, square(0, 0, 60))
    run(session)
    np.testing.assert_array_equal(np.array(session.labels) == 1, before)


def test_results_that_come_after_locking_are_not_written():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    results = session.propagate()
    next(results)
    notes.set_locked(session, [1], True)
    for _ in results:
        pass
    assert frames_with(session, 1) == [0]


# ---- names ----------------------------------------------------------------


def test_a_name_during_a_run_does_not_stop_it():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    results = session.propagate()
    next(results)
    notes.set_name(session, 1, " mother ")
    notes.set_class(session, [1], "cell")
    for _ in results:
        pass
    assert (session.tracks[1].name, session.tracks[1].class_name) == ("mother", "cell")
    assert frames_with(session, 1) == list(range(N_FRAMES))


def test_a_class_is_given_to_all_or_to_none():
    session = two_tracked()
    before = picture(session)
    with pytest.raises(PromptError, match="no object 7"):
        notes.set_class(session, [1, 7], "cell")
    assert_same(picture(session), before)
    notes.set_class(session, [1, 2], "cell")
    assert [track.class_name for track in session.tracks.values()] == ["cell"] * 2
    session.undo()
    assert_same(picture(session), before)


def test_frames_look_fine_until_their_masks_change():
    session = two_tracked()
    notes.mark_fine(session, 2, [3, 4])
    run(session, recompute=True)
    assert np.flatnonzero(session.tracks[2].state & FINE).tolist() == [3, 4]
    session.add_mask(2, 2, square(10, 10))
    run(session)
    assert not (session.tracks[2].state & FINE).any()


# ---- neighbours -----------------------------------------------------------


def test_an_object_that_touches_another_is_noted():
    session = session_on(blob_movie())
    places = {1: (0, 0), 2: (10, 5), 3: (30, 30), 4: (40, 40), 5: (0, 50)}
    for track_id, (top, left) in places.items():
        session.add_mask(track_id, 0, square(top, left))
    session.preview(0)
    neighbours = {i: int(track.neighbour[0]) for i, track in session.tracks.items()}
    assert neighbours == {1: 2, 2: 1, 3: 0, 4: 0, 5: 0}, "3 and 4 meet at a corner"


def test_an_object_that_is_not_there_touches_nobody():
    session = session_on(blob_movie())
    session.add_mask(1, 0, square(0, 0))
    session.preview(0)
    session.add_mask(2, 0, np.zeros(PLANE, bool))
    session.preview(0)
    assert session.tracks[2].neighbour[0] == 0
