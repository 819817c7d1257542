"""Editing a session: what each edit makes stale, erases, or leaves alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_sam2_ivos.core.errors import PromptError, StoreError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.results import FrameResult
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.testing.segmenter import FakeSegmenter

N_FRAMES, HEIGHT, WIDTH = 10, 60, 80


def blob_movie(n_frames=N_FRAMES):
    """Two bright squares on black: one at rest, one that moves to the right."""
    data = np.zeros((n_frames, HEIGHT, WIDTH), np.uint16)
    for t in range(n_frames):
        data[t, 10:20, 10:20] = 1000
        data[t, 40:50, 10 + 3 * t : 20 + 3 * t] = 1000
    return Movie(data)


@pytest.fixture
def session():
    movie = blob_movie()
    return Session(movie, FakeSegmenter(movie), np.zeros(movie.shape, np.uint16))


def frames_with(session, track_id):
    """Frames on which an object has a mask."""
    return [t for t in range(N_FRAMES) if (session.labels[t] == track_id).any()]


def run(session, *args, **kwargs):
    """Propagate; return the frames computed, in order."""
    return [result.frame for result in session.propagate(*args, **kwargs)]


def test_two_objects_are_tracked_with_their_ids_as_labels(session):
    session.add_points(3, 0, [(15, 15)])
    session.add_points(700, 0, [(45, 15)])
    assert run(session) == list(range(N_FRAMES))
    assert set(np.unique(session.labels)) == {0, 3, 700}
    assert (session.labels[9, 40:50, 37:47] == 700).all(), "it was followed"


def test_nothing_runs_before_the_first_prompt_when_going_forward(session):
    session.add_points(1, 4, [(15, 15)])
    assert run(session) == list(range(4, N_FRAMES))
    assert frames_with(session, 1) == list(range(4, N_FRAMES))


def test_both_directions_fill_the_movie_from_the_middle(session):
    session.add_points(1, 4, [(45, 25)])
    assert run(session, "both") == [4, 5, 6, 7, 8, 9, 3, 2, 1, 0]
    assert frames_with(session, 1) == list(range(N_FRAMES))


def test_a_range_computes_only_itself(session):
    session.add_points(1, 0, [(15, 15)])
    assert run(session, frames=(0, 3)) == [0, 1, 2]
    assert run(session, frames=range(3, 5)) == [3, 4]


def test_a_second_run_finds_nothing_to_do(session):
    session.add_points(1, 0, [(15, 15)])
    run(session)
    assert run(session) == []
    assert run(session, recompute=True) == list(range(N_FRAMES))


def test_adding_an_object_leaves_the_others_alone(session):
    session.add_points(1, 0, [(15, 15)])
    run(session)
    before = session.labels.copy()
    session.add_points(2, 5, [(45, 30)])
    plan = session.plan("both")
    assert {i for step in plan.steps for i in step.track_ids} == {2}
    run(session, "both")
    np.testing.assert_array_equal(session.labels == 1, before == 1)


def test_a_correction_redoes_only_what_follows_it_up_to_the_next_anchor(session):
    session.add_points(1, 0, [(15, 15)])
    session.add_points(1, 7, [(15, 15)])
    run(session)
    session.add_points(1, 3, [(45, 22)])
    session.preview(3)
    assert run(session) == [4, 5, 6]


def test_a_correction_can_be_carried_back_over_the_frames_before_it(session):
    session.add_points(1, 0, [(15, 15)])
    session.add_points(2, 0, [(45, 15)])
    run(session)
    session.add_points(1, 6, [(15, 15)])
    session.preview(6)
    assert run(session, "backward", (3, 7), [1]) == [5, 4, 3]
    assert run(session, "backward", (3, 7), [1]) == []
    assert run(session, "both") == [7, 8, 9]


def test_an_anchor_is_not_overwritten_by_a_run(session):
    session.add_points(1, 0, [(15, 15)])
    run(session)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[30:33, 60:70] = True
    session.add_mask(1, 5, mask)
    session.preview(5)
    run(session, recompute=True)
    np.testing.assert_array_equal(session.labels[5] == 1, mask)


def test_a_stale_mask_stays_visible_until_it_is_computed_again(session):
    session.add_points(1, 0, [(15, 15)])
    run(session)
    session.add_points(1, 0, [(45, 15)])
    assert frames_with(session, 1) == list(range(N_FRAMES))
    assert not session.tracks[1].is_fresh(5)


def test_a_mask_that_should_vanish_on_a_new_run_vanishes(session):
    session.add_points(1, 0, [(15, 15)])
    run(session)
    session.add_mask(1, 0, np.zeros((HEIGHT, WIDTH), bool))
    run(session)
    assert frames_with(session, 1) == []


def test_deleting_the_last_prompt_deletes_its_masks(session):
    session.add_points(1, 0, [(15, 15)])
    session.add_points(2, 0, [(45, 15)])
    run(session)
    session.remove_prompts(1, 0)
    assert frames_with(session, 1) == []
    assert frames_with(session, 2) == list(range(N_FRAMES))


def test_deleting_a_correction_brings_the_tracked_mask_back(session):
    session.add_points(1, 0, [(15, 15)])
    run(session)
    tracked = session.labels.copy()
    session.add_points(1, 4, [(45, 22)])
    session.preview(4)
    assert (session.labels[4] != tracked[4]).any()
    session.remove_prompts(1, 4)
    session.preview(4)
    run(session)
    np.testing.assert_array_equal(session.labels, tracked)


def test_deleting_a_first_prompt_erases_what_only_it_explained(session):
    session.add_points(1, 2, [(15, 15)])
    session.add_points(1, 6, [(15, 15)])
    run(session)
    session.remove_prompts(1, 2)
    assert frames_with(session, 1) == [6, 7, 8, 9]


def test_a_daughter_can_begin_inside_the_mask_of_her_mother(session):
    session.add_points(1, 0, [(15, 15)])
    run(session)
    daughter = np.zeros((HEIGHT, WIDTH), bool)
    daughter[10:15, 10:20] = True
    session.add_mask(2, 5, daughter)
    session.preview(5)
    assert (session.labels[5, 10:15, 10:20] == 2).all()
    assert (session.labels[5, 15:20, 10:20] == 1).all()
    run(session, recompute=True)
    assert (session.labels[5, 10:15, 10:20] == 2).all(), "and stays"


def test_deleting_an_object_erases_it_and_no_other(session):
    session.add_points(1, 0, [(15, 15)])
    session.add_points(2, 0, [(45, 15)])
    run(session)
    session.remove_object(1)
    assert frames_with(session, 1) == []
    assert frames_with(session, 2) == list(range(N_FRAMES))
    assert session.next_track_id == 3


def test_results_of_older_prompts_are_dropped(session):
    session.add_points(1, 0, [(15, 15)])
    plan = session.plan()
    results = session.segmenter.run(plan)
    session.apply(next(results), plan)
    session.add_points(1, 0, [(45, 15)])  # the user clicks while it runs
    session.apply(next(results), plan)
    assert frames_with(session, 1) == [0]
    session.remove_object(1)
    session.add_points(1, 0, [(45, 15)])  # and the ID begins anew
    session.apply(next(results), plan)
    assert frames_with(session, 1) == []


def test_cancelling_keeps_what_is_done(session):
    session.add_points(1, 0, [(15, 15)])
    results = session.propagate()
    for _ in range(4):
        next(results)
    results.close()
    assert frames_with(session, 1) == [0, 1, 2, 3]
    assert run(session) == [4, 5, 6, 7, 8, 9]


def test_a_click_on_a_tracked_frame_refines_and_on_a_fresh_one_begins(session):
    session.add_points(1, 0, [(15, 15)])
    run(session, frames=(0, 5))
    session.add_points(1, 3, [(15, 15)])
    session.add_points(1, 8, [(15, 15)])
    refines = {t: p.refines for t, p in session.tracks[1].prompts.items()}
    assert refines == {0: False, 3: True, 8: False}


@pytest.mark.parametrize("track_id", [0, -1, 65_536, 1.5, True])
def test_a_track_id_that_cannot_be_a_label_is_refused(session, track_id):
    with pytest.raises(PromptError, match="Track ID"):
        session.add_points(track_id, 0, [(5, 5)])
    assert session.tracks == {}


@pytest.mark.parametrize(
    ("frame", "point"),
    [(10, (5, 5)), (-1, (5, 5)), (0, (60, 5)), (0, (5, -2)), (0, (np.nan, 5))],
)
def test_a_prompt_outside_the_movie_is_refused_and_nothing_changes(
    session, frame, point
):
    session.add_points(1, 0, [(15, 15)])
    before = dict(session.tracks[1].prompts)
    with pytest.raises(PromptError, match="outside"):
        session.add_points(1, frame, [point])
    assert session.tracks[1].prompts == before


def test_other_bad_prompts_are_refused(session):
    with pytest.raises(PromptError, match="no area"):
        session.add_box(1, 0, [[20, 20], [10, 30]])
    with pytest.raises(PromptError, match="shape"):
        session.add_mask(1, 0, np.zeros((5, 5)))
    with pytest.raises(PromptError, match="signs"):
        session.add_points(1, 0, [(5, 5), (6, 6)], positive=[True, False, True])
    with pytest.raises(PromptError, match="no object 9"):
        session.remove_object(9)
    with pytest.raises(PromptError, match="beyond"):
        session.plan(frames=(0, 11))
    with pytest.raises(PromptError, match="Direction"):
        session.plan("sideways")


def test_a_store_of_another_shape_is_refused(session):
    with pytest.raises(StoreError, match="shape"):
        Session(session.movie, session.segmenter, np.zeros((3, 4, 5), np.uint16))


def test_a_full_disk_is_said_and_earlier_frames_stay(session):
    class FullAfterThree:
        def __init__(self):
            self.array = np.zeros((N_FRAMES, HEIGHT, WIDTH), np.uint16)
            self.shape, self.dtype = self.array.shape, self.array.dtype

        def __getitem__(self, index):
            return self.array[index]

        def __setitem__(self, index, value):
            if index[0] == 3:
                raise OSError(28, "No space left on device")
            self.array[index] = value

    session.labels = FullAfterThree()
    session.add_points(1, 0, [(15, 15)])
    with pytest.raises(StoreError, match="No space left"):
        run(session)
    assert (session.labels[2] == 1).any()


def test_clicks_on_one_frame_share_pixels_by_logit_not_by_order():
    """A sure mask is not spotted by specks of an unsure one that came first."""

    class Unsure(FakeSegmenter):
        known = ()

        def run(self, plan, should_stop=None):
            for result in super().run(plan, should_stop):
                masks = []
                for m in result:
                    sure = 1.0 if m.track_id == 1 else 9.0
                    window = np.full((HEIGHT, WIDTH), -1.0, np.float32)
                    window[m.window] = m.logits
                    if m.track_id == 1:
                        window[41:43, 12:14] = 1.0  # a speck on the other cell
                    window[window > 0] = sure
                    masks.append(replace(m, top=0, left=0, logits=window))
                yield FrameResult(result.frame, tuple(masks), self.known)
                self.known = tuple(masks)

    movie = blob_movie()
    session = Session(movie, Unsure(movie), np.zeros(movie.shape, np.uint16))
    session.add_points(1, 0, [(15, 15)])
    session.preview(0)
    assert (session.labels[0, 41:43, 12:14] == 1).all()
    session.add_points(2, 0, [(45, 15)])
    session.preview(0)
    assert (session.labels[0, 40:50, 10:20] == 2).all()


def test_an_object_said_to_be_gone_stays_away_until_it_is_prompted_again(session):
    nothing = np.zeros((HEIGHT, WIDTH), bool)
    session.add_points(1, 0, [(45, 15)])
    session.add_points(2, 0, [(15, 15)])
    run(session)
    session.add_mask(1, 4, nothing)
    assert run(session) == list(range(4, N_FRAMES))
    assert frames_with(session, 1) == [0, 1, 2, 3]
    assert frames_with(session, 2) == list(range(N_FRAMES)), "nobody else is touched"
    session.add_points(1, 7, [(45, 15 + 3 * 7)])
    assert not session.prompts(1, 7).refines, "there is nothing to refine"
    run(session)
    assert frames_with(session, 1) == [0, 1, 2, 3, 7, 8, 9]
    session.remove_prompts(1, 4)
    run(session)
    assert frames_with(session, 1) == list(range(N_FRAMES))


def test_going_backward_gone_means_not_yet_there(session):
    session.add_points(1, 8, [(15, 15)])
    session.add_mask(1, 3, np.zeros((HEIGHT, WIDTH), bool))
    run(session, "backward")
    assert frames_with(session, 1) == [4, 5, 6, 7, 8]
