"""Undo and redo: whole actions, exactly, and only what was an action."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.edits import existing, identity, lives, notes
from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.core.history import MAX_ACTIONS
from napari_sam2_ivos.core.prompts import FramePrompts, Point
from tests.core.bench import (
    MOVES,
    N_FRAMES,
    PLANE,
    RESTS,
    assert_same,
    blob_movie,
    check,
    check_patches,
    frames_with,
    picture,
    run,
    session_on,
    square,
    two_tracked,
)


def busy():
    """A session with everything in it that an edit can meet."""
    session = two_tracked()
    session.add_points(2, 5, [(45, 30)])
    session.preview(5)
    run(session, "backward", (3, 6), [2])
    session.add_mask(3, 6, square(8, 30))
    session.preview(6)
    run(session, "both", None, [3])
    lives.set_parent(session, 3, None)
    session.add_mask(4, 0, square(12, 12))
    session.preview(0)
    lives.delete_frames(session, 1, range(4, 6))
    notes.accept(session, 1, 7)
    return session


EDITS = {
    "prompt": lambda s: s.add_points(2, 3, [(45, 24)]),
    "prompt and answer": lambda s: [s.add_points(2, 3, [(5, 5)]), s.preview(3)],
    "new object": lambda s: s.add_points(9, 2, [RESTS]),
    "clear": lambda s: s.remove_prompts(2, 5),
    "clear the only prompt": lambda s: s.remove_prompts(4, 0),
    "delete": lambda s: s.remove_object(2),
    "run": lambda s: run(s, "both"),
    "redo all": lambda s: run(s, "forward", recompute=True),
    "rename": lambda s: identity.reassign(s, 2, 40),
    "merge": lambda s: identity.reassign(s, 1, 2, keep="both"),
    "merge a part": lambda s: identity.reassign(s, 1, 2, range(3, 8), keep="source"),
    "a part is another": lambda s: identity.reassign(s, 2, 7, range(3, 6)),
    "split": lambda s: identity.split(s, 2, 4),
    "swap": lambda s: identity.swap(s, 1, 2, 3),
    "cut": lambda s: lives.cut(s, 2, range(4, 7)),
    "delete from here on": lambda s: lives.delete_frames(s, 2, range(4, N_FRAMES)),
    "fill": lambda s: [lives.fill_gap(s, 1, 4), s.preview(4), s.preview(5)],
    "divide": lambda s: lives.divide(s, 2, 6),
    "parent": lambda s: [
        lives.cut(s, 2, range(3)),
        lives.cut(s, 3, range(5, N_FRAMES)),
        lives.set_parent(s, 3, 2),
    ],
    "name": lambda s: notes.set_name(s, 2, "sister"),
    "class": lambda s: notes.set_class(s, [1, 2], "cell"),
    "lock": lambda s: notes.set_locked(s, [1, 2], True),
    "accept": lambda s: notes.accept(s, 2, 4),
    "reopen": lambda s: notes.reopen(s, 1, 7),
    "looks fine": lambda s: notes.mark_fine(s, 2, [3, 4]),
    "take over": lambda s: existing.take_over(s, 4, square(2, 40) * np.uint8(80)),
    "stale": lambda s: s.mark_stale(),
}


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_can_be_taken_back_and_done_again_exactly(name):
    session = busy()
    before, n_before = picture(session), len(session.history._done)
    EDITS[name](session)
    check(session)
    after = picture(session)
    with pytest.raises(AssertionError):
        assert_same(after, before)
    for _ in range(2):
        n = 0
        while len(session.history._done) > n_before:
            assert session.undo()
            check(session)
            n += 1
        assert n == (3 if name == "parent" else 1), "it is one step"
        assert_same(picture(session), before)
        for _ in range(n):
            assert session.redo()
            check(session)
        assert_same(picture(session), after)
        assert session.redo() is None


def test_a_loaded_label_stack_can_be_taken_back_and_done_again():
    session, (labels, _) = session_on(blob_movie()), picture(two_tracked())
    for _ in existing.adopt_stack(session, labels.__getitem__):
        pass
    after = picture(session)
    session.undo()
    assert session.tracks == {}
    assert not np.any(session.labels)
    session.redo()
    assert_same(picture(session), after)


def test_taking_everything_back_leaves_an_empty_session():
    session = busy()
    while session.undo():
        check(session)
    assert session.tracks == {}
    assert not np.any(session.labels)


def test_what_is_tracked_after_an_undo_is_what_was_tracked_before():
    session = two_tracked()
    before = picture(session)
    session.add_points(2, 4, [RESTS])
    session.preview(4)
    run(session)
    session.undo()
    session.undo()
    assert run(session) == [], "it is all there again"
    session.mark_stale()
    run(session)
    assert_same(picture(session), before)


def test_a_run_and_what_it_was_told_to_do_anew_are_one_step():
    session = two_tracked()
    run(session, recompute=True)
    assert session.undo() == "Track"
    assert session.history.undo_name == "Track", "that of the first run"


def test_a_click_during_a_run_is_a_step_of_its_own():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    results = session.propagate()
    for _ in range(4):
        next(results)
    session.add_points(2, 0, [MOVES])
    session.preview(0)
    at_click = picture(session)
    for _ in results:
        pass
    assert frames_with(session, 1) == list(range(N_FRAMES))
    assert session.undo() == "Track"
    assert_same(picture(session), at_click)
    assert session.undo() == "Prompt object 2 on frame 0"
    assert frames_with(session, 1) == [0, 1, 2, 3]
    assert frames_with(session, 2) == []
    assert session.undo() == "Track"
    assert session.undo() == "Prompt object 1 on frame 0"
    assert session.tracks == {}


def test_an_answer_that_comes_late_goes_with_its_prompt():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    session.add_points(2, 0, [MOVES])  # before the model is there
    session.undo()
    session.preview(0)  # answers what is left
    assert frames_with(session, 1) == [0]
    session.undo()
    assert session.tracks == {}
    assert not np.any(session.labels), "no mask without an object"


def test_an_answer_that_comes_after_an_action_that_was_none_goes_with_its_prompt():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    notes.set_class(session, [1], "")
    session.preview(0)
    assert session.history.undo_name == "Prompt object 1 on frame 0"
    session.undo()
    assert not np.any(session.labels)


def test_an_answer_to_a_prompt_that_was_done_again_goes_with_it():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    session.undo()
    session.redo()
    session.preview(0)
    session.undo()
    assert not np.any(session.labels)
    session.redo()
    assert frames_with(session, 1) == [0]


def test_what_was_taken_back_can_be_done_again_after_a_late_answer():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    session.add_points(1, 0, [MOVES])  # before the first click was answered
    session.preview(0)
    after = picture(session)
    session.undo()
    session.preview(0)
    assert (np.asarray(session.labels[0]) == 1).sum() == 100
    assert session.redo() == "Prompt object 1 on frame 0"
    assert_same(picture(session), after)
    session.undo()
    session.preview(0)
    answered = picture(session)
    notes.set_name(session, 1, "other")
    assert session.redo() is None
    session.undo()
    assert_same(picture(session), answered)
    session.undo()
    assert session.tracks == {}
    assert not np.any(session.labels)


def test_results_of_a_run_that_was_taken_back_are_dropped():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    results = session.propagate()
    for _ in range(3):
        next(results)
    session.undo()
    for _ in results:
        pass
    assert not np.any(session.labels)


def test_nothing_can_be_done_again_after_a_new_action():
    session = two_tracked()
    notes.set_name(session, 1, "first")
    session.undo()
    assert session.history.redo_name == "Name object 1"
    notes.set_name(session, 2, "second")
    assert session.redo() is None
    check_patches(session.history)


NOTHING = {
    "rename to the same": lambda s: notes.set_name(s, 1, "it"),
    "the same class": lambda s: notes.set_class(s, [1, 2], ""),
    "unlock what is not locked": lambda s: notes.set_locked(s, [1, 2], False),
    "the same parent": lambda s: lives.set_parent(s, 2, None),
    "the whole life": lambda s: lives.cut(s, 1, range(N_FRAMES)),
    "delete where it is not": lambda s: lives.delete_frames(s, 3, range(2)),
    "looks fine, nowhere": lambda s: notes.mark_fine(s, 1, []),
    "looks fine, again": lambda s: notes.mark_fine(s, 1, [2]),
    "accept again": lambda s: notes.accept(s, 1, 5),
    "reopen what is open": lambda s: notes.reopen(s, 1, 3),
    "nothing to track": lambda s: run(s),
    "the same prompt": lambda s: s.set_prompts(
        1, 0, FramePrompts((Point(*map(float, RESTS)),))
    ),
    "clear nothing": lambda s: s.remove_prompts(1, 3),
    "preview of nothing": lambda s: s.preview(3),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_changes_nothing_is_no_step_and_leaves_redo_alone(name):
    session = two_tracked()
    for track_id in (3, 4):
        session.add_mask(track_id, 4, square(30, 10 * track_id))
        session.preview(4)
        lives.cut(session, track_id, range(4, 6))
    notes.set_name(session, 1, "it")
    notes.accept(session, 1, 5)
    notes.mark_fine(session, 1, [2])
    run(session)
    notes.set_name(session, 2, "gone again")
    session.undo()
    before, undo_name = picture(session), session.history.undo_name
    NOTHING[name](session)
    assert_same(picture(session), before)
    assert session.history.undo_name == undo_name
    assert session.redo() == "Name object 2"


def test_a_hundred_steps_can_be_taken_back():
    session = two_tracked()
    for i in range(MAX_ACTIONS + 5):
        session.add_mask(1, 0, square(i % 40, 5))
        session.preview(0)
    check_patches(session.history)
    taken_back = 0
    while session.undo():
        taken_back += 1
    assert taken_back == MAX_ACTIONS
    assert (np.asarray(session.labels[0]) == 1).sum() == 100
    assert session.prompts(1, 0).mask.top == 4, "the five oldest steps stay done"


class Failing:
    """A label store on a disk that can be full."""

    def __init__(self):
        self.array = np.zeros((N_FRAMES, *PLANE), np.uint16)
        self.shape, self.dtype = self.array.shape, self.array.dtype
        self.is_full_at = None

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)

    def __getitem__(self, index):
        return self.array[index]

    def __setitem__(self, index, value):
        frame = index[0] if isinstance(index, tuple) else index
        if frame == self.is_full_at:
            raise OSError(28, "No space left on device")
        self.array[index] = value


def test_an_undo_that_a_full_disk_stopped_can_be_tried_again():
    session = session_on(blob_movie())
    session.labels = store = Failing()
    session.add_points(1, 0, [RESTS])
    before = picture(session)
    run(session)
    after = picture(session)
    store.is_full_at = 6
    for _ in range(2):
        with pytest.raises(StoreError, match="No space left"):
            session.undo()
    store.is_full_at = None
    assert session.undo() == "Track"
    assert_same(picture(session), before)
    assert session.redo() == "Track", "though half of it was undone before"
    assert_same(picture(session), after)
    store.is_full_at = 2
    with pytest.raises(StoreError):
        session.undo()
    check_patches(session.history)
    store.is_full_at = None
    session.undo()
    session.add_points(1, 0, [MOVES])
    check_patches(session.history)


def test_an_edit_that_a_full_disk_stopped_is_not_done_at_all():
    session = session_on(blob_movie())
    session.labels = store = Failing()
    session.add_points(1, 0, [RESTS])
    run(session)
    before = picture(session)
    store.is_full_at = 6
    with pytest.raises(StoreError, match="No space left"):
        session.remove_object(1)
    assert_same(picture(session), before)
    assert session.history.undo_name == "Track"
    check_patches(session.history)


def test_a_full_folder_of_temporary_files_is_said_and_spoils_nothing():
    session = two_tracked()
    patches = session.history._patches._rows
    (n_pages,) = patches.execute("PRAGMA page_count").fetchone()
    patches.execute(f"PRAGMA max_page_count = {n_pages}")
    noise = np.random.default_rng(0)

    def paint_often():
        for _ in range(100):
            session.add_mask(1, 0, noise.random(PLANE) < 0.5)
            session.preview(0)

    with pytest.raises(StoreError, match="temporary files"):
        paint_often()
    check(session)
    patches.execute("PRAGMA max_page_count = 1000000")
    session.preview(0)
    while session.undo():
        check(session)
    assert session.tracks == {}
    assert not np.any(session.labels)


def test_an_action_says_what_it_was():
    session = two_tracked()
    identity.split(session, 2, 5)
    notes.accept(session, 1, 3)
    assert session.history.undo_name == "Accept object 1 on frame 3"
    session.undo()
    assert session.history.undo_name == "Split object 2 at frame 5"
    assert session.history.redo_name == "Accept object 1 on frame 3"
