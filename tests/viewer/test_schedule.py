"""What runs when: previews first, several edits at once, cancel, errors."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from napari_sam2_ivos.core.errors import EngineError, ModelError
from napari_sam2_ivos.core.results import Flag, ObjectMask
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.progress import Meter, Speed, in_words
from napari_sam2_ivos.viewer.requests import TrackRequest
from tests.viewer.bench import A, B, SteppedRunner, annotate, ids


@pytest.fixture
def runner():
    return SteppedRunner()


@pytest.fixture
def stepped(viewer, image, runner):
    controller = annotate(viewer, image, runner)
    controller.new_object()
    controller.layers.points.add([0, *A])
    runner.finish()
    return controller


def test_a_frame_that_is_tracked_from_both_sides_counts_once(stepped, runner):
    said = []
    stepped.new_object()
    stepped.layers.points.add([5, 45, 50])
    runner.finish()
    stepped.schedule.finished.connect(said.append)
    stepped.track(TrackRequest("both"))
    runner.finish()
    assert said == ["Tracked 6 frames."]


def test_clicks_during_a_preview_make_one_more(stepped, runner):
    n = len(runner.started)
    for i in range(5):
        stepped.layers.points.add([0, 12 + i, 15])
    assert len(runner.started) == n + 1
    runner.finish()
    assert len(runner.started) == n + 2
    assert len(runner.started[-1].plan.prompts[1][0].points) == 6


def test_a_click_while_tracking_comes_first_and_tracking_goes_on(stepped, runner):
    stepped.track()
    runner.step()
    runner.step()
    stepped.new_object()
    stepped.layers.points.add([0, *B])
    assert stepped.schedule.job.is_stopped
    runner.step()
    assert not stepped.schedule.job.is_tracking
    runner.step()
    assert ids(stepped.session.labels[0]) == [1, 2], "the mask is there soon"
    runner.finish()
    assert [ids(p) for p in stepped.session.labels] == [[1, 2]] * 6
    again = runner.started[-1].plan
    assert (1, 1) not in {(i, s.frame) for s in again.steps for i in s.track_ids}


def test_cancel_keeps_what_is_done_and_track_goes_on_there(stepped, runner):
    said = []
    stepped.schedule.finished.connect(said.append)
    stepped.track()
    runner.step()
    runner.step()
    stepped.cancel()
    runner.finish()
    assert not stepped.schedule.is_busy
    assert [bool(p.any()) for p in stepped.session.labels] == [True] * 3 + [False] * 3
    assert said == ["Stopped after 2 frames. What is done is kept."]
    stepped.track()
    assert [s.frame for s in runner.started[-1].plan.steps] == [3, 4, 5]
    runner.finish()
    assert all(p.any() for p in stepped.session.labels)
    assert said[-1] == "Tracked 3 frames."
    stepped.track()
    assert said[-1] == "Everything there is up to date."
    stepped.track(recompute=True)
    runner.finish()
    assert said[-1] == "Tracked 6 frames."


def test_deleting_an_object_while_it_is_tracked(stepped, runner):
    stepped.track()
    runner.step()
    stepped.editing.delete((1,))
    runner.finish()
    assert not stepped.session.labels.any()
    assert not stepped.schedule.is_tracking


def test_late_results_of_older_prompts_are_dropped(stepped, runner):
    stepped.layers.points.add([0, 16, 16])
    stepped.layers.points.data = [[0, *B]]
    runner.step()
    assert ids(stepped.session.labels[0, :30, :30]) == [1], "still the first mask"
    runner.finish()
    assert ids(stepped.session.labels[0, :30, :30]) == []
    assert stepped.session.labels[0, 45, 55] == 1


def test_direction_range_and_objects(stepped, runner):
    stepped.layers.points.add([4, 19, 15])
    runner.finish()
    stepped.track(TrackRequest("backward", range(2, 4), (1,)))
    runner.finish()
    assert [bool(p.any()) for p in stepped.session.labels] == [
        True, False, True, True, True, False,
    ]  # fmt: skip
    stepped.track(TrackRequest("forward", range(2, 99)))
    assert "beyond" in stepped.messages[-1]


def test_what_is_on_screen_is_tracked_first(viewer, stepped, runner):
    stepped.layers.points.add([3, 18, 15])
    viewer.dims.set_point(0, 4)
    runner.finish()
    stepped.track()
    assert [s.frame for s in runner.started[-1].plan.steps] == [4, 5, 1, 2]


def test_each_frame_from_the_nearer_prompt(stepped, runner):
    stepped.layers.points.add([5, 20, 15])
    runner.finish()
    stepped.track(TrackRequest("nearest"))
    steps = runner.started[-1].plan.steps
    assert [(s.frame, s.reverse) for s in steps] == [
        (1, False), (2, False), (4, True), (3, True),
    ]  # fmt: skip
    runner.finish()
    assert all(plane.any() for plane in stepped.session.labels)


def test_what_the_user_asked_for_reaches_the_plan(stepped, runner):
    stepped.track(TrackRequest(skip_unchanged=True, stop_when_lost=True))
    assert runner.started[-1].plan.skip_unchanged
    assert runner.started[-1].plan.stop_when_lost
    runner.finish()
    stepped.track(recompute=True)
    assert not runner.started[-1].plan.skip_unchanged
    assert len(runner.started[-1].plan.steps) == 6


def test_only_what_has_changed_is_tracked(stepped, runner):
    stepped.track(TrackRequest("forward", range(4)))
    runner.finish()
    stepped.layers.points.add([2, 17, 15])
    runner.finish()
    stepped.track(TrackRequest("forward", only_stale=True))
    assert [s.frame for s in runner.started[-1].plan.steps] == [3]
    runner.finish()
    assert not stepped.session.labels[4].any(), "it was never tracked"


def test_objects_are_tracked_on_frames_of_their_own(stepped, runner):
    stepped.new_object()
    stepped.layers.points.add([0, *B])
    runner.finish()
    stepped.track(TrackRequest("forward", {1: range(1, 3), 2: range(1, 5)}))
    runner.finish()
    assert [ids(p) for p in stepped.session.labels] == [
        [1, 2], [1, 2], [1, 2], [2], [2], [],
    ]  # fmt: skip


def test_an_object_made_meanwhile_is_tracked_too(stepped, runner):
    stepped.track(TrackRequest("forward", range(4)))
    runner.step()
    stepped.new_object()
    stepped.layers.points.add([0, *B])
    runner.finish()
    assert [ids(p) for p in stepped.session.labels] == [[1, 2]] * 4 + [[]] * 2


# ---- pause -----------------------------------------------------------------


def test_a_pause_keeps_the_run_and_what_is_done(stepped, runner):
    said = []
    stepped.schedule.finished.connect(said.append)
    stepped.track()
    runner.step()
    runner.step()
    stepped.schedule.pause()
    runner.finish()
    assert stepped.schedule.is_paused
    assert stepped.schedule.is_tracking
    assert not stepped.schedule.is_busy
    assert str(stepped.schedule.progress).startswith("2 of 5 frames")
    assert not said
    stepped.schedule.resume()
    assert [s.frame for s in runner.started[-1].plan.steps] == [3, 4, 5]
    runner.finish()
    assert not stepped.schedule.is_paused
    assert said == ["Tracked 5 frames."]


def test_a_click_during_a_pause_is_answered_and_the_pause_lasts(stepped, runner):
    stepped.track()
    runner.step()
    stepped.schedule.pause()
    runner.finish()
    stepped.new_object()
    stepped.layers.points.add([0, *B])
    runner.finish()
    assert ids(stepped.session.labels[0]) == [1, 2]
    assert stepped.schedule.is_paused
    assert not stepped.session.labels[2].any()
    stepped.schedule.resume()
    runner.finish()
    assert [ids(p) for p in stepped.session.labels] == [[1, 2]] * 6


def test_a_paused_run_can_be_stopped(stepped, runner):
    said = []
    stepped.schedule.finished.connect(said.append)
    stepped.track()
    runner.step()
    stepped.schedule.pause()
    runner.finish()
    stepped.cancel()
    assert not stepped.schedule.is_tracking
    assert not stepped.schedule.is_paused
    assert said == ["Stopped after 1 frame. What is done is kept."]
    n = len(runner.started)
    stepped.schedule.resume()
    assert len(runner.started) == n, "there is nothing to go on with"


def test_nothing_runs_in_a_pause(viewer, stepped, runner):
    stepped.track()
    runner.step()
    viewer.dims.set_point(0, 5)
    stepped.schedule.pause()
    n = len(runner.started)
    runner.finish()
    assert stepped.schedule.job is None
    assert len(runner.started) == n, "not even what is done in spare time"


# ---- undo ------------------------------------------------------------------


def test_a_run_with_a_pause_is_one_step_of_undo(stepped, runner):
    stepped.track()
    runner.step()
    stepped.schedule.pause()
    runner.finish()
    stepped.schedule.resume()
    runner.finish()
    assert stepped.editing.undo_name == "Track"
    stepped.editing.undo()
    assert [bool(p.any()) for p in stepped.session.labels] == [True] + [False] * 5
    assert stepped.editing.undo_name != "Track"
    stepped.editing.redo()
    assert all(p.any() for p in stepped.session.labels)


def test_a_click_in_between_is_a_step_of_its_own(stepped, runner):
    stepped.track()
    runner.step()
    runner.step()
    stepped.new_object()
    stepped.layers.points.add([0, *B])
    runner.finish()
    stepped.editing.undo()
    assert [ids(p) for p in stepped.session.labels[:4]] == [[1, 2], [1], [1], []]
    stepped.editing.undo()
    assert [ids(p) for p in stepped.session.labels[:4]] == [[1], [1], [1], []]
    stepped.editing.undo()
    assert [ids(p) for p in stepped.session.labels[:4]] == [[1], [], [], []]


def test_redoing_all_is_one_step_of_undo(stepped, runner):
    stepped.track()
    runner.finish()
    stepped.track(recompute=True)
    runner.finish()
    stepped.editing.undo()
    assert all(stepped.session.tracks[1].fresh(slice(None)))
    stepped.editing.undo()
    assert not stepped.session.labels[1].any()


def test_what_comes_after_undo_is_dropped(stepped, runner):
    class Late:
        """Results that were computed already when the user pressed undo."""

        def __init__(self, results):
            self.results = iter(results)

        def __next__(self):
            return next(self.results)

    stepped.new_object()
    stepped.layers.points.add([5, 45, 50])
    runner.finish()
    stepped.track(TrackRequest("both", {1: range(2), 2: range(3, 6)}))
    runner._results = Late(list(runner._results))
    runner.step()
    assert ids(stepped.session.labels[1]) == [1]
    stepped.editing.undo()
    runner.finish()
    assert [ids(p) for p in stepped.session.labels] == [[1], *[[]] * 4, [2]]
    stepped.editing.undo()
    runner.finish()
    assert [ids(p) for p in stepped.session.labels] == [[1], *[[]] * 5]


# ---- before and after --------------------------------------------------------


def test_what_would_run_is_known_before(stepped, runner):
    request = TrackRequest("forward")
    told = stepped.schedule.estimate(request)
    assert (told.n_frames, told.n_objects, told.n_cells) == (5, 1, 5)
    assert str(told) == "5 frames × 1 object, time unknown until something was tracked"
    stepped.track(request)
    runner.finish()
    told = stepped.schedule.estimate(request)
    assert str(told) == "Everything there is up to date."
    told = stepped.schedule.estimate(request, recompute=True)
    assert str(told) == "6 frames × 1 object, about 1 s"
    stepped.schedule.forget_speed()
    assert stepped.schedule.estimate(request, recompute=True).seconds is None
    assert all(stepped.session.tracks[1].fresh(slice(None))), "asking changes nothing"


def test_an_estimate_follows_edits(stepped, runner):
    request = TrackRequest("both", {1: range(3), 2: range(6)})
    assert str(stepped.schedule.estimate(request)).startswith("2 frames × 1 object,")
    stepped.new_object()
    stepped.layers.points.add([0, *B])
    runner.finish()
    told = str(stepped.schedule.estimate(request))
    assert told.startswith("5 frames × 2 objects (7 masks),")


def test_an_estimate_says_why_there_is_nothing_to_do(stepped, runner):
    stepped.layers.points.add([3, 18, 15])
    runner.finish()

    def told(*request, **choices):
        return str(stepped.schedule.estimate(TrackRequest(*request, **choices)))

    assert "No prompt leads there" in told("backward", range(4, 6))
    assert "no frame there" in told("forward", {})
    assert "No object to track" in told("forward", None, ())
    assert told("forward", only_stale=True) == "Nothing there has changed."


def test_an_estimate_plans_once_for_what_has_not_changed(stepped, runner, monkeypatch):
    planned = []
    plan = stepped.session.plan
    monkeypatch.setattr(
        stepped.session, "plan", lambda *a, **k: planned.append(1) or plan(*a, **k)
    )
    for _ in range(3):
        stepped.schedule.estimate(TrackRequest("forward"))
    assert len(planned) == 1


class Losing(FakeSegmenter):
    """Loses an object from a frame on, and leaves it alone if the plan says so."""

    lost_from = 3

    def run(self, plan, should_stop=None):
        for result in super().run(plan, should_stop):
            at = result.frame - self.lost_from
            kept = () if plan.stop_when_lost and at > 0 else result.objects
            if at >= 0:
                gone = partial(ObjectMask.nothing, reverse=False, score=-5.0)
                kept = [replace(gone(m.track_id), flag=Flag.ABSENT) for m in kept]
            yield replace(result, objects=tuple(kept))


@pytest.fixture
def losing(viewer, image):
    controller = annotate(viewer, image, factory=Losing)
    controller.said_at_end = []
    controller.schedule.finished.connect(controller.said_at_end.append)
    controller.new_object()
    controller.layers.points.add([0, *A])
    return controller


def test_the_end_of_a_run_names_what_was_left_empty(losing):
    losing.track()
    assert losing.said_at_end == [
        "Tracked 5 frames. Object 1 was left empty on 3 frames."
    ]
    losing.new_object()
    losing.layers.points.add([0, *B])
    losing.track(recompute=True)
    assert losing.said_at_end[-1].endswith("6 masks of 2 objects were left empty.")


def test_the_end_of_a_run_names_what_was_lost_and_where(losing):
    losing.new_object()
    losing.layers.points.add([0, *B])
    losing.track(TrackRequest(stop_when_lost=True))
    assert losing.said_at_end == [
        "Tracked 3 frames. Object 1 was lost on frame 3 and object 2 on frame 3."
    ]
    losing.track(TrackRequest(stop_when_lost=True))
    assert losing.said_at_end[-1].startswith("Nothing was tracked")


def test_redoing_all_tells_the_model_to_forget(stepped, runner, monkeypatch):
    forgotten = []
    monkeypatch.setattr(
        stepped.segmenter, "forget", lambda i, version, frames: forgotten.append(frames)
    )
    stepped.track(TrackRequest(frames=range(2)), recompute=True)
    assert forgotten == [[0, 1]]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (EngineError("The card is full."), "The card is full."),
        (RuntimeError("CUDA went away"), "CUDA went away"),
        (MemoryError(), "not enough memory"),
        (KeyError("oops"), "oops"),
    ],
)
def test_an_error_ends_the_run_says_so_and_loses_nothing(viewer, image, error, text):
    factory = partial(FakeSegmenter, fail_at=3, error=error)
    controller = annotate(viewer, image, factory=factory)
    controller.new_object()
    controller.layers.points.add([0, *A])
    controller.track()
    assert text in controller.errors[0]
    assert [bool(p.any()) for p in controller.session.labels] == [True] * 3 + [
        False
    ] * 3
    assert not controller.schedule.is_busy
    assert not controller.schedule.is_tracking
    controller.layers.points.add([1, 16, 15])
    assert controller.session.tracks[1].anchors == [0, 1]


def test_a_click_waits_for_a_model_that_works(viewer, image):
    def broken(movie):
        raise ModelError("'bundled' is not installed. Choose another model.")

    controller = annotate(viewer, image, factory=broken)
    controller.new_object()
    controller.layers.points.add([0, *A])
    assert controller.errors == ["'bundled' is not installed. Choose another model."]
    assert controller.session.tracks[1].anchors == [0]
    controller.use_model(FakeSegmenter)
    assert ids(controller.session.labels[0]) == [1]


def test_changing_the_model_keeps_masks(stepped, runner):
    stepped.track()
    runner.step()
    old = stepped.segmenter._loaded
    stepped.use_model(FakeSegmenter)
    runner.finish()
    assert old.closed
    assert all(p.any() for p in stepped.session.labels[:2])


def test_nothing_to_track_is_said(controller):
    controller.track()
    assert "Click on an object first" in controller.messages[-1]


def test_time_left():
    now = iter(range(100))
    meter = Meter(clock=lambda: float(next(now)))
    meter.start(10)
    meter.count(0)
    progress = meter.count(1)
    assert progress.fps == 1
    assert progress.seconds_left == 8
    assert str(progress) == "2 of 10 frames  ·  1.0 frames/s  ·  8 s left"
    assert in_words(200) == "3 min"
    assert in_words(2 * 3600 + 600) == "2 h 10 min"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([4] * 3, 10 * (1.0 + 4 * 0.5)),
        ([1, 2, 4, 8] * 5, 10 * (1.0 + 4 * 0.5)),
    ],
)
def test_time_is_told_from_frames_and_objects(counts, expected):
    now = [0.0]
    speed = Speed(clock=lambda: now[0])
    speed.start()
    for n in counts:
        assert speed.seconds(1, 1) is None or len(counts) > 3
        now[0] += 1.0 + 0.5 * n
        speed.note(n)
    assert speed.seconds(10, 40) == pytest.approx(expected, rel=0.05)


def test_the_time_that_a_model_takes_to_load_is_not_counted():
    now = [0.0]
    speed = Speed(clock=lambda: now[0])
    speed.start()
    for seconds in (30.0, 1.0, 1.0, 1.0):
        now[0] += seconds
        speed.note(2)
    assert speed.seconds(10, 20) == pytest.approx(10.0)
