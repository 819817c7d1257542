"""What the list says about an object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_sam2_ivos.core.edits.notes import mark_fine, set_class, set_locked, set_name
from napari_sam2_ivos.core.results import Flag, ObjectMask
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.objects import ObjectRows, row_of
from tests.viewer.bench import A, B, annotate, cells

FLAGS = {2: Flag.ABSENT, 3: Flag.ABSENT, 6: Flag.ABSENT, 7: Flag.JUMPED}


class Doubting(FakeSegmenter):
    """Refuses some of its own masks, as the engine does."""

    def run(self, plan, should_stop=None):
        for result in super().run(plan, should_stop):
            flag = FLAGS.get(result.frame)
            yield (
                result
                if flag is None
                else replace(
                    result, objects=tuple(refused(mask, flag) for mask in result)
                )
            )


def refused(mask, flag):
    nothing = ObjectMask.nothing(mask.track_id, reverse=mask.reverse, score=-1.0)
    return replace(nothing, flag=flag)


def test_empty_frames_are_told_with_their_reason(viewer):
    controller = annotate(viewer, viewer.add_image(cells(10)), factory=Doubting)
    controller.new_object()
    controller.layers.points.add([0, *A])
    assert controller.rows()[0].state_text == "not tracked"
    assert "empty" not in controller.rows()[0].explanation
    controller.track()
    (row,) = controller.rows()
    assert row.state_text == "4 empty"
    assert "not seen on 3 frames (2–3, 6)" in row.explanation
    assert "jumped too far on 1 frame (7)" in row.explanation
    controller.layers.points.add([4, 19, 15])
    assert controller.rows()[0].state_text == "changed"
    assert "not seen on 3 frames" in controller.rows()[0].explanation


def test_many_gaps_are_not_all_listed(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    track = controller.session.tracks[1]
    track.flag = np.tile([0, 1], 20)
    text = controller.rows()[0].empty_text
    assert text == "not seen on 20 frames (1, 3, 5, 7, and more)"


@pytest.fixture
def tracked(controller):
    """Two objects on all frames."""
    session = controller.session
    session.add_points(1, 0, [A])
    session.add_points(2, 0, [B])
    list(session.propagate("forward"))
    return session


def test_the_worst_score_is_of_a_frame_that_nobody_has_looked_at(tracked):
    track = tracked.tracks[1]
    assert row_of(track).score is not None
    track.predicted_iou[:] = [0.1, 0.9, 0.3, 0.5, 0.4, 0.9]
    row = row_of(track)
    assert (row.score_text, row.score_frame) == ("30%", 2), "frame 0 is prompted"
    mark_fine(tracked, 1, [2])
    assert row_of(track).score_frame == 4
    track.area[4] = 0
    assert row_of(track).score_frame == 3, "an empty frame is no bad mask"
    mark_fine(tracked, 1, range(6))
    assert row_of(track).score_text == "–"


def test_a_name_and_a_class_are_listed_and_found(tracked):
    set_name(tracked, 2, "Mother of all")
    set_class(tracked, [2], "bud")
    row = row_of(tracked.tracks[2])
    assert row.title == "2  Mother of all"
    assert all(row.matches(text) for text in ("mother", " BUD ", "2", ""))
    assert not row.matches("1")
    assert not row_of(tracked.tracks[1]).matches("bud")


def test_locked_and_hidden_say_so_and_still_what_is_out_of_date(tracked):
    tracked.add_points(1, 0, [(16, 15)])
    set_locked(tracked, [1], True)
    locked = row_of(tracked.tracks[1])
    assert locked.state_text == "locked"
    assert "Prompts changed since" in locked.explanation
    hidden = row_of(tracked.tracks[1], is_hidden=True)
    assert hidden.state_text == "hidden"
    assert "Locked" in hidden.explanation
    assert row_of(tracked.tracks[1], is_running=True).state_text == "tracking …"


def test_only_the_row_of_an_object_that_changed_is_made_anew(tracked):
    rows = ObjectRows()
    before = rows.of(tracked.tracks)
    tracked.add_points(2, 3, [(45, 52)])
    after = rows.of(tracked.tracks)
    assert after[0] is before[0]
    assert after[1].state == "changed"
    list(tracked.propagate("forward"))
    assert rows.of(tracked.tracks)[1].state == "tracked"
    assert rows.of(tracked.tracks, running=[1])[0].state == "running"
    assert rows.of(tracked.tracks, hidden=[1])[0].is_hidden
    assert rows.of(tracked.tracks)[0] == before[0]


def test_rows_follow_undo_and_deleting(tracked):
    rows = ObjectRows()
    set_name(tracked, 1, "first")
    assert rows.of(tracked.tracks)[0].name == "first"
    tracked.undo()
    assert rows.of(tracked.tracks)[0].name == ""
    tracked.remove_object(1)
    assert [row.track_id for row in rows.of(tracked.tracks)] == [2]
    tracked.undo()
    assert [row.track_id for row in rows.of(tracked.tracks)] == [1, 2]


def test_an_object_that_was_just_begun_is_listed_in_its_place(tracked):
    tracked.add_points(9, 0, [(30, 30)])
    rows = ObjectRows().of(tracked.tracks, begun=5)
    assert [row.track_id for row in rows] == [1, 2, 5, 9]
    assert rows[2].state == "new"
