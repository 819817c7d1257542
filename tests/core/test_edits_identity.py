"""Which object is which: rename, merge, a part of one to another, split, swap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_sam2_ivos.core.edits import existing, identity, lives, notes
from napari_sam2_ivos.core.errors import CollisionError, PromptError
from napari_sam2_ivos.core.results import ObjectMask
from tests.core.bench import (
    MOVES,
    N_FRAMES,
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

ALL = list(range(N_FRAMES))


def painted(session, track_id, frames, top, left):
    """An object that was painted on some frames, the same square on each."""
    for frame in frames:
        session.add_mask(track_id, frame, square(top, left))
        session.preview(frame)


def masks_of(session, track_id):
    return np.array(session.labels) == track_id


# ---- rename ---------------------------------------------------------------


def test_a_renamed_object_keeps_all_but_its_id():
    session = two_tracked()
    session.add_points(2, 6, [(45, 33)])
    run(session)
    lives.cut(session, 1, range(5))
    lives.cut(session, 2, range(5, N_FRAMES))
    lives.set_parent(session, 2, 1)
    notes.set_name(session, 1, "mother")
    notes.set_class(session, [1], "stem cell")
    _, before = picture(session)
    shown = masks_of(session, 1)
    identity.reassign(session, 1, 30)
    labels, after = picture(session)
    np.testing.assert_array_equal(labels == 30, shown)
    assert after.keys() == {2, 30}
    for what, value in before[1].items():
        np.testing.assert_equal(after[30][what], value)
    assert after[2]["parent"] == 30
    assert run(session) == [], "nothing became stale"


def test_a_renamed_object_with_a_gap_gets_no_new_prompts():
    session = two_tracked()
    lives.delete_frames(session, 2, range(4, 6))
    before = dict(session.tracks[2].prompts)
    identity.reassign(session, 2, 9)
    assert session.tracks[9].prompts == before


def test_a_taken_id_is_said_and_nothing_changes():
    session = two_tracked()
    before = picture(session)
    with pytest.raises(CollisionError, match=r"1 and 2 .* 10 frames.* first is 0") as e:
        identity.reassign(session, 1, 2)
    assert e.value.frames == tuple(ALL)
    assert_same(picture(session), before)
    assert session.history.undo_name == "Track"


@pytest.mark.parametrize("target", [0, -3, 65_536, 1.5, 1])
def test_an_id_that_cannot_be_is_refused(target):
    session = two_tracked()
    before = picture(session)
    with pytest.raises(PromptError):
        identity.reassign(session, 1, target)
    assert_same(picture(session), before)


# ---- merge ----------------------------------------------------------------


def test_two_halves_of_one_object_become_one():
    session = session_on(blob_movie())
    session.add_points(1, 0, [MOVES])
    run(session, frames=range(5))
    session.add_points(2, 5, [(45, 30)])
    run(session, track_ids=[2])
    lives.cut(session, 1, range(5))
    shown = masks_of(session, 1) | masks_of(session, 2)
    identity.reassign(session, 2, 1)
    assert session.tracks.keys() == {1}
    np.testing.assert_array_equal(masks_of(session, 1), shown)
    assert session.tracks[1].anchors == [0, 5]
    assert session.tracks[1].lifespan == range(N_FRAMES), "it lives on"
    assert run(session) == []


@pytest.mark.parametrize("keep", ["source", "target", "both"])
def test_where_both_have_a_mask_the_one_that_was_chosen_stays(keep):
    session = two_tracked()
    lives.cut(session, 2, range(3, 7))
    ones, twos = masks_of(session, 1), masks_of(session, 2)
    identity.reassign(session, 2, 1, keep=keep)
    wanted = ones | twos
    if keep == "source":
        wanted[3:7] &= twos[3:7]
    if keep == "target":
        wanted[3:7] &= ones[3:7]
    np.testing.assert_array_equal(masks_of(session, 1), wanted)
    assert session.tracks.keys() == {1}
    check(session)
    before = picture(session)[0]
    run(session, "both", recompute=True)
    followed = masks_of(session, 1)[6]
    np.testing.assert_array_equal(followed, before[6] == 1, "and it stays so")


def test_a_merge_keeps_what_the_user_said_of_frames_without_masks():
    session = two_tracked()
    session.add_mask(1, 6, np.zeros_like(square(0, 0)))
    run(session)
    lives.cut(session, 2, range(3))
    identity.reassign(session, 2, 1, keep="target")
    assert session.prompts(1, 6).is_absence, "it is gone from there"
    assert frames_with(session, 1) == [0, 1, 2, 3, 4, 5]


def test_the_elder_half_says_who_the_parent_is():
    session = session_on(blob_movie())
    painted(session, 1, [0, 1], 5, 5)
    painted(session, 2, [3, 4], 5, 5)
    painted(session, 3, [6, 7], 5, 5)
    lives.set_parent(session, 2, 1)
    notes.set_name(session, 2, "daughter")
    identity.reassign(session, 2, 3)
    assert session.tracks[3].parent == 1
    assert session.tracks[3].name == "daughter"


@pytest.mark.parametrize(("source", "target"), [(1, 2), (2, 1), (1, 3), (3, 1)])
def test_nobody_becomes_their_own_ancestor_by_a_merge(source, target):
    session = session_on(blob_movie())
    for track_id, frame in ((1, 0), (2, 3), (3, 6), (4, 9)):
        painted(session, track_id, [frame], 5, 5)
        if track_id > 1:
            lives.set_parent(session, track_id, track_id - 1)
    identity.reassign(session, source, target)
    check(session)
    assert session.tracks[target].parent is None
    assert session.tracks[4].parent in session.tracks


# ---- a part ---------------------------------------------------------------


def test_a_part_of_an_object_goes_to_another_with_its_prompts():
    session = two_tracked()
    session.add_points(2, 4, [(45, 27)])
    session.preview(4)
    lives.cut(session, 1, range(3))
    twos = masks_of(session, 2)
    identity.reassign(session, 2, 1, range(3, 7))
    np.testing.assert_array_equal(masks_of(session, 1)[3:7], twos[3:7])
    assert frames_with(session, 2) == [0, 1, 2, 7, 8, 9]
    assert 4 in session.tracks[1].prompts
    assert session.tracks[1].lifespan == range(7)
    check(session)


def test_masks_that_came_from_a_prompt_that_went_away_stay_as_they_are():
    """Else they would be tracked anew from a prompt that they never came from."""
    session = two_tracked()
    session.add_points(2, 5, [(45, 30)])
    session.preview(5)
    run(session)
    identity.reassign(session, 2, 7, range(4, 7))
    assert 7 in session.tracks[2].prompts, "its own mask is what they follow from"
    session.add_points(2, 0, [(5, 5)])
    assert session.tracks[2].is_fresh(8)


def test_the_end_of_an_object_that_became_another_does_not_come_back():
    session = two_tracked()
    identity.reassign(session, 2, 7, range(5, N_FRAMES))
    assert run(session, "both", track_ids=[2]) == []
    assert frames_with(session, 2) == [0, 1, 2, 3, 4]


def test_what_comes_after_a_part_that_was_put_right_does_not_follow_from_it():
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    session.add_points(2, 0, [MOVES])
    run(session, frames=range(8))
    identity.reassign(session, 1, 2, range(3, 5), keep="source")
    run(session, track_ids=[2])
    moves = two_tracked().labels[8] == 2
    np.testing.assert_array_equal(session.labels[8] == 2, moves)


def test_a_part_of_an_object_where_it_is_not_is_refused():
    session = two_tracked()
    lives.cut(session, 2, range(3))
    with pytest.raises(PromptError, match="nothing of object 2 on frames 4 to 6"):
        identity.reassign(session, 2, 7, range(4, 7))
    assert 7 not in session.tracks


# ---- split ----------------------------------------------------------------


def test_a_split_object_goes_on_as_another():
    session = two_tracked()
    before = masks_of(session, 2)
    new = identity.split(session, 2, 4)
    assert new == 3
    np.testing.assert_array_equal(masks_of(session, 2)[:4], before[:4])
    np.testing.assert_array_equal(masks_of(session, 3)[4:], before[4:])
    assert frames_with(session, 2) == [0, 1, 2, 3]
    assert frames_with(session, 3) == [4, 5, 6, 7, 8, 9]
    assert run(session, "both") == [], "neither is computed where it is not"
    run(session, "both", recompute=True)
    np.testing.assert_array_equal(masks_of(session, 3)[4:], before[4:])
    np.testing.assert_array_equal(masks_of(session, 2)[:4], before[:4])


def test_a_split_object_keeps_masks_that_the_model_would_make_otherwise_now():
    session = two_tracked()
    new = identity.split(session, 2, 4)
    before = masks_of(session, new)
    session.add_mask(9, 6, square(30, 30))
    plan = session.plan_preview(6)
    (result,) = session.segmenter.run(plan)
    rows, columns = 35, 20  # around the square that moves
    otherwise = ObjectMask(new, rows, columns, np.ones((20, 30)), 5.0, 0.9)
    session.apply(replace(result, others=(otherwise,)), plan)
    np.testing.assert_array_equal(masks_of(session, new), before)
    assert 6 in frames_with(session, 9)


def test_children_are_those_of_the_later_half():
    session = session_on(blob_movie())
    painted(session, 1, [0, 1, 2, 3], 5, 5)
    painted(session, 2, [6], 5, 5)
    lives.set_parent(session, 2, 1)
    new = identity.split(session, 1, 2)
    assert session.tracks[2].parent == new
    assert session.tracks[new].parent is None


@pytest.mark.parametrize("frame", [0, 5])
def test_an_object_is_not_split_where_one_half_would_be_empty(frame):
    session = two_tracked()
    lives.cut(session, 2, range(5))
    with pytest.raises(PromptError, match="one side"):
        identity.split(session, 2, frame)
    assert session.tracks.keys() == {1, 2}


# ---- swap -----------------------------------------------------------------


def test_two_objects_change_places_from_a_frame_on_to_the_last_pixel():
    session = session_on(blob_movie())
    painted(session, 1, ALL, 20, 20)
    painted(session, 2, ALL, 26, 26)  # over a corner of the first
    ones, twos = masks_of(session, 1), masks_of(session, 2)
    assert ones[5].sum() + twos[5].sum() == 184, "they overlap"
    identity.swap(session, 1, 2, 5)
    wanted = np.concatenate([ones[:5], twos[5:]])
    np.testing.assert_array_equal(masks_of(session, 1), wanted)
    wanted = np.concatenate([twos[:5], ones[5:]])
    np.testing.assert_array_equal(masks_of(session, 2), wanted)
    check(session)


def test_a_swap_is_not_undone_by_the_next_run():
    session = two_tracked()
    session.add_points(1, 4, [RESTS])  # prompted right before they are swapped
    session.preview(4)
    identity.swap(session, 1, 2, 5)
    before = picture(session)[0]
    run(session, "both", recompute=True)
    np.testing.assert_array_equal(session.labels, before)


def test_the_lives_of_swapped_objects_go_with_their_masks():
    session = two_tracked()
    lives.cut(session, 2, range(6, N_FRAMES))
    lives.cut(session, 1, range(8))
    identity.swap(session, 1, 2, 3)
    assert frames_with(session, 1) == [0, 1, 2, 6, 7, 8, 9]
    assert frames_with(session, 2) == [3, 4, 5, 6, 7]
    assert session.tracks[1].lifespan == range(N_FRAMES)
    assert session.tracks[2].lifespan == range(3, 8)
    check(session)


def test_objects_that_swap_everything_swap_their_names_and_families_too():
    session = session_on(blob_movie())
    painted(session, 1, [0, 1], 5, 5)
    painted(session, 2, [3, 4], 5, 5)
    painted(session, 3, [6], 5, 5)
    lives.set_parent(session, 2, 1)
    lives.set_parent(session, 3, 2)
    notes.set_name(session, 1, "mother")
    identity.swap(session, 1, 2, 0)
    assert frames_with(session, 2) == [0, 1]
    assert session.tracks[2].name == "mother"
    parents = {i: track.parent for i, track in session.tracks.items()}
    assert parents == {2: None, 1: 2, 3: 1}


def test_daughters_that_come_after_a_swap_change_their_mother():
    session = two_tracked()
    lives.cut(session, 1, range(6))
    painted(session, 3, [7], 30, 60)
    lives.set_parent(session, 3, 1)
    identity.swap(session, 1, 2, 4)
    assert session.tracks[3].parent == 2


def test_a_mother_and_her_daughter_can_be_swapped_from_a_frame_on():
    session = session_on(blob_movie())
    painted(session, 1, [0, 1, 2], 5, 5)
    painted(session, 2, [4, 5], 5, 5)
    lives.set_parent(session, 2, 1)
    identity.swap(session, 1, 2, 2)
    check(session)
    assert frames_with(session, 2) == [2]


def test_swapping_what_is_not_there_is_refused():
    session = two_tracked()
    for track_id in (1, 2):
        lives.cut(session, track_id, range(4))
    with pytest.raises(PromptError, match="Neither"):
        identity.swap(session, 1, 2, 6)
    with pytest.raises(PromptError, match="two objects"):
        identity.swap(session, 1, 1, 2)


# ---- others ---------------------------------------------------------------

EDITS = {
    "rename": lambda s: identity.reassign(s, 2, 9),
    "merge into": lambda s: identity.reassign(s, 1, 2, keep="both"),
    "merge": lambda s: identity.reassign(s, 2, 1, keep="both"),
    "part": lambda s: identity.reassign(s, 2, 9, range(3)),
    "split": lambda s: identity.split(s, 2, 5),
    "swap": lambda s: identity.swap(s, 1, 2, 5),
    "cut": lambda s: lives.cut(s, 2, range(5)),
    "delete frames": lambda s: lives.delete_frames(s, 2, range(5)),
    "delete": lambda s: s.remove_object(2),
    "divide": lambda s: lives.divide(s, 2, 5),
    "prompt": lambda s: s.add_points(2, 5, [(45, 30)]),
    "clear": lambda s: s.remove_prompts(2, 0),
    "accept": lambda s: notes.accept(s, 2, 5),
}


@pytest.mark.parametrize("name", EDITS)
def test_nothing_happens_to_a_locked_object(name):
    session = two_tracked()
    notes.set_locked(session, [2], True)
    before = picture(session)
    with pytest.raises(PromptError, match="Object 2 is locked"):
        EDITS[name](session)
    assert_same(picture(session), before)


@pytest.mark.parametrize("name", EDITS)
def test_no_other_object_is_touched(name):
    session = two_tracked()
    painted(session, 3, [4, 5], 30, 30)
    painted(session, 4, [4], 35, 35)
    labels, before = picture(session)
    EDITS[name](session)
    labels_now, after = picture(session)
    for track_id in (3, 4):
        np.testing.assert_equal(after[track_id], before[track_id])
        np.testing.assert_array_equal(labels_now == track_id, labels == track_id)


def test_a_part_of_a_loaded_stack_can_become_another_object():
    labels = picture(two_tracked())[0]
    session = session_on(blob_movie())
    for _ in existing.adopt_stack(session, labels.__getitem__):
        pass
    identity.split(session, 2, 4)
    assert frames_with(session, 3) == [4, 5, 6, 7, 8, 9]
    assert session.tracks[2].anchors == [0]
    assert session.tracks[3].anchors == [9]
    assert run(session, "both") == []
    check(session)
