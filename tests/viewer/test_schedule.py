"""What runs when: previews first, several edits at once, cancel, errors."""

from __future__ import annotations

from functools import partial

import pytest

from napari_sam2_ivos.core.errors import EngineError, ModelError
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.progress import Meter, in_words
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
    assert said[-1] == "Everything in this range is up to date already."
    stepped.track(recompute=True)
    runner.finish()
    assert said[-1] == "Tracked 6 frames."


def test_deleting_an_object_while_it_is_tracked(stepped, runner):
    stepped.track()
    runner.step()
    stepped.delete_object(1)
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
    stepped.track("backward", range(2, 4), (1,))
    runner.finish()
    assert [bool(p.any()) for p in stepped.session.labels] == [
        True, False, True, True, True, False,
    ]  # fmt: skip
    stepped.track("forward", range(2, 99))
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
    stepped.track("nearest")
    steps = runner.started[-1].plan.steps
    assert [(s.frame, s.reverse) for s in steps] == [
        (1, False), (2, False), (4, True), (3, True),
    ]  # fmt: skip
    runner.finish()
    assert all(plane.any() for plane in stepped.session.labels)


def test_what_would_not_change_is_skipped_but_not_when_all_is_redone(stepped, runner):
    stepped.track(skip_unchanged=True)
    assert runner.started[-1].plan.skip_unchanged
    runner.finish()
    stepped.track(recompute=True, skip_unchanged=True)
    assert not runner.started[-1].plan.skip_unchanged
    assert len(runner.started[-1].plan.steps) == 6


def test_redoing_all_tells_the_model_to_forget(stepped, runner, monkeypatch):
    forgotten = []
    monkeypatch.setattr(
        stepped.segmenter, "forget", lambda i, version, frames: forgotten.append(frames)
    )
    stepped.track(frames=range(2), recompute=True)
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
