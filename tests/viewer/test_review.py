"""Going through the suspicious places of a session."""

from __future__ import annotations

import pytest

from napari_sam2_ivos.core.edits.notes import mark_fine
from napari_sam2_ivos.core.prompts import FramePrompts, Point
from napari_sam2_ivos.core.review import Doubt, findings
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, Track
from napari_sam2_ivos.viewer import review as review_module
from tests.viewer.bench import SteppedRunner, annotate, cells

N_FRAMES = 60


@pytest.fixture
def image(viewer):
    layer = viewer.add_image(cells(N_FRAMES), name="cells")
    viewer.dims.set_point(0, 0)
    return layer


@pytest.fixture
def session(controller):
    """A session with objects 1, 2 and 3, about which nothing is suspicious."""
    for track_id in (1, 2, 3):
        track = Track(track_id, N_FRAMES)
        track.state[:] = COMPUTED
        track.predicted_iou[:] = 0.9
        track.area[:] = 100
        track.centroid[:] = 10
        track.prompts[0] = FramePrompts(points=(Point(10, 10),))
        track.state[0] |= ANCHOR
        controller.session.put_track(track)
    return controller.session


@pytest.fixture
def doubt(session):
    """Make places suspicious: `doubt((track ID, frame), ...)`."""

    def act(*places):
        for track_id, frame in places:
            session.tracks[track_id].predicted_iou[frame] = 0.2
            session.tracks[track_id].revision += 1

    return act


def where(finding):
    return finding.track_id, finding.frame


def listed(controller):
    return [where(finding) for finding in controller.review.findings()]


def test_next_goes_by_frame_through_all_objects_and_round(controller, doubt):
    doubt((1, 30), (3, 10), (2, 30))
    visited = [where(controller.review.next(True)) for _ in range(4)]
    assert visited == [(3, 10), (1, 30), (2, 30), (3, 10)]
    assert (controller.current, controller.frame) == (3, 10)


def test_previous_goes_the_other_way(controller, doubt):
    doubt((1, 30), (3, 10), (2, 30))
    visited = [where(controller.review.next(False)) for _ in range(4)]
    assert visited == [(2, 30), (1, 30), (3, 10), (2, 30)]


def test_without_a_place_nothing_moves(controller, session):
    controller.select(2)
    controller.go_to(7)
    assert controller.review.next(True) is None
    assert controller.review.looks_fine() is None
    assert (controller.current, controller.frame) == (2, 7)


def test_looks_fine_clears_the_place_and_goes_to_the_next(controller, doubt):
    doubt((1, 10), (2, 20), (3, 30))
    controller.review.next(True)
    assert where(controller.review.looks_fine()) == (2, 20)
    assert listed(controller) == [(2, 20), (3, 30)]


def test_what_was_found_fine_can_be_undone(controller, doubt):
    doubt((1, 10), (2, 20))
    controller.review.next(True)
    controller.review.looks_fine()
    controller.session.undo()
    assert listed(controller) == [(1, 10), (2, 20)]


def test_the_place_is_still_meant_after_a_look_around(controller, doubt):
    doubt((1, 20), (2, 40))
    controller.review.next(True)
    controller.go_to(23)
    assert where(controller.review.looks_fine()) == (2, 40)
    assert listed(controller) == [(2, 40)]


@pytest.mark.parametrize(("track_id", "frame"), [(1, 50), (2, 20)])
def test_elsewhere_looks_fine_clears_nothing(controller, doubt, track_id, frame):
    doubt((1, 20), (3, 55))
    controller.review.next(True)
    controller.select(track_id)
    controller.go_to(frame)
    assert where(controller.review.looks_fine()) == (3, 55)
    assert listed(controller) == [(1, 20), (3, 55)]


def test_kinds_that_are_left_out_are_neither_listed_nor_visited(controller, doubt):
    doubt((1, 20), (2, 30))
    controller.session.tracks[3].area[40:] = 500
    controller.review.leave_out({Doubt.LOW})
    assert listed(controller) == [(3, 40)]
    assert controller.review.findings_of(1) == []
    assert controller.review.counts() == {Doubt.LOW: 2, Doubt.AREA: 1}
    controller.review.leave_out(())
    assert len(listed(controller)) == 3


def test_the_places_of_a_deleted_object_are_gone(controller, doubt):
    doubt((1, 20), (2, 30))
    assert len(listed(controller)) == 2
    controller.session.remove_object(1)
    assert listed(controller) == [(2, 30)]


def test_which_place_is_on_screen_is_known(controller, doubt):
    doubt((1, 20), (2, 30))
    assert controller.review.here is None
    controller.review.next(False)
    assert controller.review.here == 1


@pytest.fixture
def looks(monkeypatch):
    """The track IDs of the objects that were looked at."""
    seen = []

    def look(track):
        seen.append(track.track_id)
        return findings(track)

    monkeypatch.setattr(review_module, "findings", look)
    return seen


def test_only_objects_that_changed_are_looked_at_again(controller, doubt, looks):
    listed(controller)
    assert sorted(looks) == [1, 2, 3]
    looks.clear()
    before = controller.review.findings()
    assert controller.review.findings() is before
    mark_fine(controller.session, 2, [5])
    listed(controller)
    assert looks == [2]


def test_while_the_model_works_a_little_is_looked_at_in_turn(
    viewer, image, monkeypatch, looks
):
    runner = SteppedRunner()
    controller = annotate(viewer, image, runner)
    for track_id, x in ((1, 15), (2, 55)):
        controller.session.add_points(track_id, 0, [(45 if x > 40 else 15, x)])
    monkeypatch.setattr(review_module, "SHARE_S", 0.0)
    controller.track()
    for _ in range(3):
        runner.step()
    for _ in range(4):
        for track in controller.session.tracks.values():
            track.revision += 1
        controller.review.findings()
    assert looks == [1, 2, 1, 2]
    runner.finish()
    looks.clear()
    controller.review.findings()
    assert sorted(looks) == [1, 2]


def test_levels_follow_what_changes(controller, doubt):
    before = controller.review.level_row(1)
    assert controller.review.level_row(1) is before
    doubt((1, 20))
    assert controller.review.level_row(1)[20] != before[20]
