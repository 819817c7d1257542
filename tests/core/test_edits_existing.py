"""Objects out of a segmentation that there is already."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.edits import existing, notes
from napari_sam2_ivos.core.errors import CollisionError, PromptError
from tests.core.bench import (
    N_FRAMES,
    PLANE,
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


def segmentation(dtype=np.int32):
    """Labels 1 and 40 on the squares of frame 0, and 7 on nothing."""
    plane = np.zeros(PLANE, dtype)
    plane[10:20, 10:20] = 1
    plane[40:50, 10:20] = 40
    plane[0:3, 70:80] = 7
    return plane


def loaded():
    """The labels of two tracked objects, as a stack from elsewhere."""
    labels = np.array(two_tracked().labels)
    labels[labels == 2] = 300
    labels[:2][labels[:2] == 300] = 0
    labels[8:][labels[8:] == 300] = 0
    labels[5] = 0  # nothing at all
    session = session_on(blob_movie())
    assert list(existing.adopt_stack(session, labels.__getitem__)) == [*range(N_FRAMES)]
    return session, labels


# ---- one frame ------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_another_program_are_taken_over_with_their_ids(dtype):
    session = session_on(blob_movie())
    plane = segmentation(dtype)
    assert existing.take_over(session, 0, plane) == [1, 7, 40]
    session.preview(0)
    np.testing.assert_array_equal(session.labels[0], plane)
    run(session)
    assert frames_with(session, 40) == list(range(N_FRAMES))
    session.undo()
    session.undo()
    assert session.tracks == {}


def test_some_labels_can_be_taken_over():
    session = session_on(blob_movie())
    assert existing.take_over(session, 0, segmentation(), {40}) == [40]
    assert session.tracks.keys() == {40}


def test_ids_that_are_taken_are_said_or_replaced():
    session = two_tracked()
    before = picture(session)
    with pytest.raises(CollisionError, match="already: 1"):
        existing.take_over(session, 0, segmentation())
    assert_same(picture(session), before)
    made = existing.take_over(session, 0, segmentation(), renumber=True)
    assert made == [41, 7, 40]
    assert session.tracks.keys() == {1, 2, 7, 40, 41}
    session.preview(0)
    assert (session.labels[0][10:20, 10:20] == 41).all()
    check(session)


@pytest.mark.parametrize(
    ("plane", "words"),
    [
        (np.full(PLANE, 70_000, np.int32), "to 70000.* to 65535.* Renumber"),
        (np.full(PLANE, -1, np.int32), "from -1"),
        (np.ones((5, 5), int), r"shape \(5, 5\)"),
        (np.ones((1, *PLANE), int), "shape"),
        (np.full(PLANE, 0.5), "whole numbers"),
        (np.zeros(PLANE, int), "no label"),
    ],
)
def test_labels_that_cannot_be_objects_are_refused(plane, words):
    session = session_on(blob_movie())
    with pytest.raises(PromptError, match=words):
        existing.take_over(session, 0, plane)
    assert session.tracks == {}


def test_seventy_thousand_labels_are_refused():
    movie = blob_movie(1)
    session = session_on(movie)
    plane = np.arange(np.prod(PLANE)).reshape(PLANE) + 66_000
    with pytest.raises(PromptError, match="to 70799"):
        existing.take_over(session, 0, plane)
    plane -= 66_000
    assert len(existing.take_over(session, 0, plane % 50)) == 49


# ---- a whole stack --------------------------------------------------------


def test_a_loaded_stack_is_as_it_was_and_nothing_is_to_be_computed():
    session, labels = loaded()
    np.testing.assert_array_equal(session.labels, labels)
    assert session.labels.dtype == np.uint16
    assert session.tracks.keys() == {1, 300}
    assert session.tracks[300].anchors == [2, 7]
    assert session.tracks[1].anchors == [0, 9]
    assert run(session, frames=range(2, 8)) == []
    assert session.tracks[1].area.tolist() == [100] * 5 + [0] + [100] * 4
    check(session)


def test_a_click_corrects_one_frame_of_a_loaded_stack_and_no_other():
    session, labels = loaded()
    session.add_points(300, 4, [(15, 15)])  # and the other square too
    session.preview(4)
    assert (session.labels[4] == 300).sum() > 100
    rest = [t for t in range(N_FRAMES) if t != 4]
    np.testing.assert_array_equal(session.labels[rest], labels[rest])
    assert run(session, frames=range(2, 8)) == [], "nothing else became stale"
    assert session.prompts(300, 4).mask is not None, "it began from what there was"
    check(session)


def test_a_loaded_object_is_tracked_further_from_where_it_ends():
    session, labels = loaded()
    assert run(session, "forward", track_ids=[300]) == [8, 9]
    assert run(session, "backward", frames=range(2), track_ids=[300]) == [1, 0]
    assert frames_with(session, 300) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    np.testing.assert_array_equal(session.labels[2:8], labels[2:8])


def test_what_is_asked_for_anew_is_computed_anew():
    session, _ = loaded()
    assert run(session, frames=range(4, 6), recompute=True) == [4, 5]
    check(session)


def test_a_loaded_object_can_be_accepted_deleted_and_brought_back():
    session, labels = loaded()
    notes.accept(session, 300, 4)
    np.testing.assert_array_equal(session.labels, labels)
    session.remove_object(300)
    assert frames_with(session, 300) == []
    session.undo()
    np.testing.assert_array_equal(session.labels, labels)


def test_a_loaded_mask_that_lost_pixels_to_a_deleted_object_is_not_computed_anew():
    session, labels = loaded()
    session.add_mask(9, 4, square(38, 18))
    session.preview(4)
    session.remove_object(9)
    assert run(session, frames=range(2, 8)) == []
    left = (session.labels[4] == 300) | square(38, 18)
    np.testing.assert_array_equal(left & (labels[4] == 300), labels[4] == 300)


def test_a_stack_is_not_loaded_over_objects():
    session = two_tracked()
    before = picture(session)
    with pytest.raises(PromptError, match="objects already"):
        next(existing.adopt_stack(session, lambda frame: segmentation()))
    assert_same(picture(session), before)


@pytest.mark.parametrize("how", ["bad frame", "cancelled"])
def test_a_stack_that_is_not_loaded_to_the_end_is_not_loaded_at_all(how):
    session = session_on(blob_movie())
    labels = np.array(two_tracked().labels).astype(np.int32)
    labels[6, 0, 0] = 70_000
    frames = existing.adopt_stack(session, labels.__getitem__)
    if how == "cancelled":
        for _ in range(4):
            next(frames)
        frames.close()
    else:
        with pytest.raises(PromptError, match=r"frame 6.*70000"):
            list(frames)
    assert session.tracks == {}
    assert not np.any(session.labels)
    assert session.history.undo_name is None
    assert session.history.redo_name is None
    session.add_mask(1, 0, square(5, 5))
    assert session.history.undo_name == "Prompt object 1 on frame 0"
