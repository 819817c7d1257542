"""Frames are encoded before they are needed, and the user never waits for that."""

from __future__ import annotations

from functools import partial

import pytest

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.ahead import frames_around
from napari_sam2_ivos.viewer.registry import controllers
from tests.viewer.bench import A, B, SteppedRunner, annotate, cells, ids


@pytest.fixture
def runner():
    return SteppedRunner()


@pytest.fixture
def image(viewer):
    layer = viewer.add_image(cells(40), name="cells")
    viewer.dims.set_point(0, 0)
    return layer


@pytest.fixture
def clicked(viewer, image, runner):
    """One object, prompted on frame 0, and the encoding about to begin."""
    controller = annotate(viewer, image, runner)
    click(controller, A)
    runner.step()
    runner.step()
    return controller


def click(controller, at, frame=0):
    controller.new_object()
    controller.layers.points.add([frame, *at])


def encoding(runner):
    """Return the frames that the job begun last is to encode."""
    job = runner.started[-1]
    assert not any(step.track_ids for step in job.plan.steps)
    return [step.frame for step in job.plan.steps]


def test_nearest_frames_first():
    assert frames_around(10, 40)[:5] == [10, 11, 9, 12, 8]
    assert sorted(frames_around(10, 40)) == list(range(5, 31))
    assert sorted(frames_around(39, 40)) == list(range(34, 40))


def test_it_does_not_show(clicked, runner):
    seen = []
    clicked.schedule.progressed.connect(seen.append)
    clicked.schedule.finished.connect(seen.append)
    assert encoding(runner) == list(range(21))
    assert not clicked.schedule.is_busy
    assert not clicked.schedule.is_tracking
    runner.finish()
    assert clicked.schedule.job is None
    assert not seen
    assert not clicked.messages
    assert not clicked.session.labels[1:].any()


def test_once_for_each_place(viewer, clicked, runner):
    runner.finish()
    n = len(runner.started)
    clicked.schedule.preview(())
    clicked.schedule.look_around()
    assert len(runner.started) == n
    viewer.dims.set_point(0, 30)
    runner.finish()  # a guess, then the encoding
    assert sorted(encoding(runner)) == list(range(25, 40))
    n = len(runner.started)
    clicked.schedule.look_around()
    assert len(runner.started) == n


def test_a_click_stops_it_is_answered_and_it_goes_on_where_it_was(clicked, runner):
    for _ in range(3):
        runner.step()
    click(clicked, B)
    assert runner.started[-1].is_stopped
    assert clicked.schedule.is_busy, "the click waits, and the window says so"
    runner.step()
    assert runner.started[-1].spare is None
    runner.step()
    assert ids(clicked.session.labels[0]) == [1, 2]
    runner.step()
    assert encoding(runner) == list(range(3, 21))
    assert not clicked.schedule.is_busy


def test_tracking_stops_it(clicked, runner):
    runner.step()
    clicked.track()
    assert runner.started[-1].is_stopped
    assert clicked.schedule.is_busy
    runner.step()
    assert runner.started[-1].is_tracking
    runner.finish()
    assert all(plane.any() for plane in clicked.session.labels[:21])


def test_cancel_stops_it_until_the_user_does_something(viewer, clicked, runner):
    runner.step()
    clicked.cancel()
    n = len(runner.started)
    runner.finish()
    assert len(runner.started) == n
    assert clicked.schedule.job is None
    viewer.dims.set_point(0, 1)
    assert len(runner.started) > n


def test_what_waits_for_idle_is_done_within_a_frame(clicked, runner):
    acted = []
    runner.step()
    clicked.schedule.when_idle(lambda: acted.append(clicked.schedule.job))
    assert not acted
    runner.step()
    assert acted == [None]


def test_another_model_has_everything_to_encode_again(clicked, runner):
    runner.finish()
    clicked.use_model(FakeSegmenter)
    runner.finish()
    assert not clicked.segmenter.is_loaded, "nothing is loaded to encode ahead"
    click(clicked, B)
    runner.step()
    runner.step()
    assert encoding(runner) == list(range(21))


def test_a_frame_that_cannot_be_read_is_said_once_and_not_as_an_error(
    viewer, image, runner
):
    error = MovieError("Frame 4 cannot be read.")
    factory = partial(FakeSegmenter, fail_at=4, error=error)
    controller = annotate(viewer, image, runner, factory)
    click(controller, A)
    runner.finish()
    assert controller.messages == ["Frame 4 cannot be read."]
    assert not controller.errors
    viewer.dims.set_point(0, 2)
    runner.finish()
    assert controller.messages == ["Frame 4 cannot be read."]
    click(controller, B)
    runner.finish()
    assert ids(controller.session.labels[0]) == [1, 2]


def test_another_session_of_the_user_comes_first_too(viewer, image, clicked, runner):
    other = annotate(viewer, image, SteppedRunner())
    controllers(viewer).extend((clicked, other))
    runner.step()
    click(other, A)
    assert runner.started[-1].is_stopped
    n = len(runner.started)
    runner.finish()
    viewer.dims.set_point(0, 5)
    assert len(runner.started) == n
    other.schedule.runner.finish()
    viewer.dims.set_point(0, 6)
    assert len(runner.started) == n + 1


def test_not_for_an_image_that_is_hidden_or_gone(viewer, image, clicked, runner):
    runner.finish()
    n = len(runner.started)
    image.visible = False
    viewer.dims.set_point(0, 9)
    image.visible = True
    viewer.layers.remove(image)
    viewer.dims.set_point(0, 20)
    assert len(runner.started) == n


def test_not_where_it_would_keep_a_script_waiting(viewer, image):
    controller = annotate(viewer, image)
    plans = []
    click(controller, A)
    loaded = controller.segmenter._loaded
    run = loaded.run
    loaded.run = lambda plan, stop: (plans.append(plan), run(plan, stop))[1]
    viewer.dims.set_point(0, 5)
    click(controller, B, 5)
    assert [step.frame for plan in plans for step in plan.steps] == [5]
