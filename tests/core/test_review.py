"""What looks suspicious in an object, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.prompts import FramePrompts, Mask, Point
from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.review import LEVELS, NEAR, Doubt, Level, findings, levels
from napari_sam2_ivos.core.tracks import (
    ANCHOR,
    COMPUTED,
    FINE,
    GIVEN,
    REVERSE,
    STALE,
    Track,
)

N_FRAMES = 60
CLICK = FramePrompts(points=(Point(0.0, 0.0),))
ABSENT = FramePrompts(mask=Mask.from_plane(np.zeros((4, 4))))


def prompt(track, frame, prompts=CLICK):
    track.prompts[frame] = prompts
    track.state[frame] |= ANCHOR
    if prompts.is_absence:
        remove(track, frame, frame + 1)


def remove(track, first, stop, flag=Flag.ABSENT):
    """Leave it empty on some frames."""
    track.area[first:stop] = 0
    track.centroid[first:stop] = np.nan
    track.flag[first:stop] = flag


@pytest.fixture
def track():
    """An object that was prompted on frame 0, moves slowly, and is surely there."""
    made = Track(7, N_FRAMES)
    made.state[:] = COMPUTED
    made.predicted_iou[:] = 0.9
    made.area[:] = 400
    made.centroid[:] = np.arange(N_FRAMES)[:, None]
    prompt(made, 0)
    return made


def places(track):
    return [(f.frame, f.doubt, f.text) for f in findings(track)]


def test_an_object_that_is_surely_there_is_not_suspicious(track):
    assert findings(track) == []


# ---- away ------------------------------------------------------------------


def test_an_object_that_is_lost_is_one_place_where_that_begins(track):
    remove(track, 40, N_FRAMES)
    assert places(track) == [(40, Doubt.LOST, "lost from here on")]


def test_a_gap_is_told_with_its_length(track):
    remove(track, 20, 23)
    remove(track, 40, 41)
    assert places(track) == [
        (20, Doubt.GAP, "missing on 3 frames"),
        (40, Doubt.GAP, "missing on this frame"),
    ]


def test_an_object_that_flickers_is_one_place(track):
    for frame in (20, 22, 25):
        remove(track, frame, frame + 1)
    assert places(track) == [(20, Doubt.GAP, "missing on 3 frames")]


def test_an_object_lost_on_the_way_back_is_a_place_where_that_begins(track):
    track.prompts.clear()
    prompt(track, 50)
    track.state[:50] |= REVERSE
    remove(track, 0, 30)
    assert places(track) == [(29, Doubt.LOST, "not found before here")]


def test_an_object_that_appears_where_it_was_first_prompted_is_not_lost(track):
    track.prompts.clear()
    prompt(track, 30)
    track.state[:30] |= REVERSE
    remove(track, 0, 30)
    assert places(track) == []


def test_an_object_that_the_user_says_is_gone_is_not_lost(track):
    remove(track, 40, N_FRAMES)
    prompt(track, 40, ABSENT)
    assert places(track) == []


def test_an_object_can_be_lost_on_the_way_back_to_where_the_user_says_it_is_not(track):
    track.prompts.clear()
    prompt(track, 50)
    track.state[11:50] |= REVERSE
    remove(track, 0, 30)
    prompt(track, 10, ABSENT)
    assert places(track) == [(29, Doubt.LOST, "not found before here")]


def test_an_object_that_comes_back_where_the_user_says_has_no_gap(track):
    remove(track, 20, 40)
    prompt(track, 20, ABSENT)
    prompt(track, 40)
    assert places(track) == []


@pytest.mark.parametrize(
    ("flag", "doubt", "text"),
    [
        (Flag.SPREAD, Doubt.SPREAD, "spread over the image"),
        (Flag.JUMPED, Doubt.JUMP, "jumped too far"),
    ],
)
def test_a_mask_that_was_refused_is_told_with_the_reason(track, flag, doubt, text):
    remove(track, 20, 21, flag)
    remove(track, 21, 24)
    assert places(track) == [(20, doubt, text)]


def test_a_gap_in_a_loaded_label_stack_is_a_place(track):
    track.state[:] = COMPUTED | GIVEN
    track.predicted_iou[:] = np.nan
    for cells in (track.state, track.area, track.centroid):
        cells[[*range(20, 22), *range(50, N_FRAMES)]] = 0
    assert places(track) == [(20, Doubt.GAP, "missing on 2 frames")]


# ---- changes ---------------------------------------------------------------


def test_a_mask_that_suddenly_grows_or_shrinks_is_a_place(track):
    track.area[20:40] = 1000
    assert places(track) == [
        (20, Doubt.AREA, "2.5 times larger"),
        (40, Doubt.AREA, "2.5 times smaller"),
    ]


def test_a_mask_that_grows_slowly_is_not_suspicious(track):
    track.area[:] = np.linspace(400, 4000, N_FRAMES)
    assert places(track) == []


def test_a_jump_is_a_place(track):
    track.centroid[20:] += 50
    assert places(track) == [(20, Doubt.JUMP, "jumped by 72 pixels")]


def test_a_jump_on_the_way_back_is_a_place_where_it_was_tracked_to(track):
    track.prompts.clear()
    prompt(track, 50)
    track.state[:50] |= REVERSE
    track.centroid[50:] += 50
    assert places(track) == [(49, Doubt.JUMP, "jumped by 72 pixels")]


def test_an_object_that_always_moves_fast_has_not_jumped(track):
    track.centroid[:] = 30 * np.arange(N_FRAMES)[:, None]
    assert places(track) == []


# ---- estimates -------------------------------------------------------------


def test_where_the_model_is_not_sure_the_worst_frame_is_shown(track):
    track.predicted_iou[20:30] = 0.5
    track.predicted_iou[26] = 0.4
    assert places(track) == [(26, Doubt.LOW, "the model is not sure")]


def test_touching_is_a_place_only_if_the_model_is_not_quite_sure(track):
    track.neighbour[10:20] = 3
    track.neighbour[40:50] = 4
    track.predicted_iou[40:50] = 0.8
    assert places(track) == [(40, Doubt.TOUCH, "touches object 4")]


def test_the_graver_of_two_doubts_that_are_near_is_told(track):
    track.predicted_iou[17:20] = 0.5
    remove(track, 20, N_FRAMES)
    assert places(track) == [(20, Doubt.LOST, "lost from here on")]


# ---- what the user has seen --------------------------------------------------


def test_what_is_out_of_date_or_prompted_is_no_place(track):
    track.predicted_iou[20:23] = 0.5
    track.state[20:22] |= STALE
    prompt(track, 22)
    assert places(track) == []


def test_a_stretch_with_a_frame_that_is_fine_is_cleared(track):
    remove(track, 40, N_FRAMES)
    track.state[40] |= FINE
    assert places(track) == []


def test_what_is_cleared_does_not_bring_up_what_was_near(track):
    remove(track, 20, N_FRAMES)
    track.predicted_iou[17:20] = 0.5
    track.state[20] |= FINE
    assert places(track) == []


def test_what_goes_wrong_after_a_correction_is_a_place_of_its_own(track):
    remove(track, 20, N_FRAMES)
    track.state[20] |= FINE
    track.area[40] = 400
    prompt(track, 40)
    assert places(track) == [(41, Doubt.LOST, "lost from here on")]


def test_accepting_a_mask_clears_the_stretch_around_it(track):
    track.predicted_iou[20 : 20 + 2 * NEAR] = 0.5
    prompt(track, 24)
    track.state[24] |= FINE
    assert places(track) == []


# ---- levels ----------------------------------------------------------------


def test_levels_say_how_sure_each_frame_is(track):
    track.predicted_iou[10:30] = 0.7
    track.predicted_iou[20:30] = 0.3
    track.state[25] |= FINE
    remove(track, 40, 45)
    track.state[50:] |= STALE
    track.state[55:] = 0
    shown = [LEVELS[i] for i in levels(track)]
    assert shown[5] is Level.GOOD
    assert shown[15] is Level.FAIR
    assert shown[22] is Level.LOW
    assert shown[25] is Level.GOOD
    assert shown[42] is Level.EMPTY
    assert shown[52] is Level.OLD
    assert shown[57] is Level.NONE


def test_a_mask_in_parts_may_have_divided(track):
    track.in_parts[14:] = True
    assert [place[:2] for place in places(track)] == [(14, Doubt.PARTS)]
