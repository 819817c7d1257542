"""The panel that tracks: what it asks for, what it tells, and who has the keys."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QCheckBox, QComboBox

from napari_sam2_ivos.viewer.extents import Reach
from napari_sam2_ivos.widgets.theme import Colours, style_sheet
from napari_sam2_ivos.widgets.tracking_panel import TrackingPanel
from tests.viewer.bench import A, B, SteppedRunner, annotate, cells

N_FRAMES = 30


@pytest.fixture
def runner():
    return SteppedRunner()


@pytest.fixture
def controller(runner):
    """One object, prompted on frame 0, in a viewer without a window."""
    viewer = ViewerModel()
    image = viewer.add_image(cells(N_FRAMES), name="cells")
    viewer.dims.set_point(0, 0)
    made = annotate(viewer, image, runner)
    made.test_viewer = viewer  # the controller does not keep it
    made.new_object()
    made.layers.points.add([0, *A])
    runner.finish()
    return made


@pytest.fixture
def panel(controller, qtbot):
    """The panel, wired as the dock does it."""
    return wired(controller, qtbot)


def wired(controller, qtbot):
    made = TrackingPanel()
    qtbot.addWidget(made)
    schedule = controller.schedule
    controller.changed.connect(made.refresh)
    schedule.progressed.connect(made.show_progress)
    made.toggled.connect(
        lambda: (
            controller.cancel()
            if schedule.is_tracking
            else controller.track(
                made.request(controller), recompute=made.again.isChecked()
            )
        )
    )
    made.pause_toggled.connect(
        lambda: schedule.resume() if schedule.is_paused else schedule.pause()
    )
    made.show_controller(controller)
    made.show()
    return made


def choose(combo: QComboBox, data):
    combo.setCurrentIndex(combo.findData(data))


def told(panel, qtbot, text):
    """Wait until the panel tells beforehand what would run."""
    qtbot.waitUntil(lambda: panel.estimate.text().startswith(text), timeout=2000)


# ---- what it asks for --------------------------------------------------------


@pytest.mark.parametrize(
    ("reach", "direction", "frames"),
    [
        (Reach.MOVIE, "both", range(N_FRAMES)),
        (Reach.PROMPT, "forward", {1: range(10, N_FRAMES)}),
        (Reach.SOME, "forward", range(11, 18)),
        (Reach.SOME, "both", range(3, 18)),
        (Reach.ONE, "backward", range(9, 10)),
        (Reach.RANGE, "nearest", range(2, 6)),
    ],
)
def test_how_far_is_counted_from_the_frame_on_screen(
    panel, controller, reach, direction, frames
):
    controller.go_to(10)
    choose(panel.extent.reach, reach)
    panel.extent.n_frames.setValue(7)
    panel.extent.first.setValue(2)
    panel.extent.last.setValue(5)
    panel.direction_buttons[direction].click()
    request = panel.request(controller)
    assert request.direction == direction
    assert request.frames == frames


def test_which_objects(panel, controller, runner):
    controller.new_object()
    controller.layers.points.add([0, *B])
    runner.finish()
    assert panel.request(controller).track_ids is None
    choose(panel.extent.objects, "current")
    assert panel.request(controller).track_ids == (2,)
    choose(panel.extent.objects, "selected")
    controller.select_many((2, 1))
    assert set(panel.request(controller).track_ids) == {1, 2}
    controller.new_object()
    assert panel.request(controller).track_ids == (), "it has no prompt yet"


def test_what_is_folded_away_counts_too(panel, controller):
    assert panel.request(controller).skip_unchanged, "it is on from the beginning"
    panel.only_stale.click()
    panel.stop_when_lost.click()
    request = panel.request(controller)
    assert request.only_stale
    assert request.stop_when_lost
    panel.again.click()
    assert not panel.skip.isEnabled()
    assert not panel.request(controller).skip_unchanged
    panel.step.setValue(25)
    assert controller.session.guards.max_step_px == 25


def test_another_movie_offers_its_own_frames(panel, qtbot):
    viewer = ViewerModel()
    other = annotate(viewer, viewer.add_image(cells(6), name="short"), SteppedRunner())
    panel.extent.n_frames.setValue(25)
    panel.show_controller(other)
    assert panel.extent.last.maximum() == 5
    assert panel.extent.n_frames.value() == 6


# ---- what it tells -------------------------------------------------------------


def test_what_would_run_is_told_before(panel, controller, runner, qtbot):
    told(panel, qtbot, "29 frames × 1 object, time unknown")
    choose(panel.extent.reach, Reach.SOME)
    told(panel, qtbot, "20 frames × 1 object")
    panel.extent.n_frames.setValue(3)
    told(panel, qtbot, "3 frames × 1 object")
    panel.direction_buttons["backward"].click()
    told(panel, qtbot, "There is no frame there")
    panel.direction_buttons["forward"].click()
    panel.go.click()
    assert not panel.estimate.isVisible()
    runner.finish()
    told(panel, qtbot, "Everything there is up to date.")
    assert "Save the labels" in panel.words.text()
    controller.go_to(10)
    panel.refresh()
    told(panel, qtbot, "10 frames × 1 object, about")
    choose(panel.extent.reach, Reach.MOVIE)
    told(panel, qtbot, "26 frames × 1 object, about")
    panel.again.click()
    told(panel, qtbot, "30 frames × 1 object, about")


def test_that_no_object_is_chosen_is_told(panel, controller, qtbot):
    controller.new_object()
    choose(panel.extent.objects, "current")
    told(panel, qtbot, "No object to track")
    assert not panel.words.isVisible(), "there is nothing to save and nothing to track"


def test_an_estimate_waits_until_nothing_changes(panel, controller, qtbot, monkeypatch):
    told(panel, qtbot, "29 frames")
    made = []
    estimate = controller.schedule.estimate
    monkeypatch.setattr(
        controller.schedule, "estimate", lambda *a: made.append(1) or estimate(*a)
    )
    for frame in range(8):
        controller.go_to(frame)
        panel.refresh()
        qtbot.wait(20)
    assert not made
    qtbot.waitUntil(lambda: len(made) == 1, timeout=2000)


def test_track_stop_pause_and_go_on(panel, controller, runner, qtbot):
    assert panel.go.text() == "Track"
    assert not panel.pause.isVisible()
    panel.go.click()
    assert panel.go.text() == "Stop"
    assert panel.pause.text() == "Pause"
    assert not panel.extent.isEnabled()
    runner.step()
    runner.step()
    qtbot.waitUntil(lambda: panel.words.text().startswith("2 of 29 frames"))
    panel.pause.click()
    runner.finish()
    assert panel.pause.text() == "Go on"
    assert panel.words.text().startswith("Paused after 2 of 29 frames.")
    assert (panel.bar.value(), panel.bar.maximum()) == (2, 29)
    controller.layers.points.add([0, 16, 16])
    assert "Finding the mask" in panel.words.text()
    runner.finish()
    assert panel.words.text().startswith("Paused after 2")
    panel.pause.click()
    runner.step()
    assert panel.pause.text() == "Pause"
    panel.go.click()
    runner.finish()
    assert panel.go.text() == "Track"
    assert not panel.pause.isVisible()
    assert not panel.bar.isVisible()
    assert panel.extent.isEnabled()
    qtbot.wait(150)
    assert "of 29 frames" not in panel.words.text(), "it does not come too late"


# ---- how it looks and who has the keys --------------------------------------------


@pytest.mark.parametrize("reach", list(Reach))
def test_nothing_is_cut_off_in_a_narrow_panel(panel, controller, runner, reach, qtbot):
    panel.setStyleSheet(style_sheet(Colours.of(controller.test_viewer)))
    panel.more.expand(animate=False)
    choose(panel.extent.reach, reach)
    panel.extent.last.setMaximum(99_999)
    panel.extent.last.setValue(99_999)
    panel.go.click()
    runner.step()
    panel.resize(260, 600)
    qtbot.wait(50)
    assert panel.minimumSizeHint().width() <= 260, "300 less margins and scroll bar"
    for made in (*panel.direction_buttons.values(), panel.go, panel.pause):
        words = made.fontMetrics().horizontalAdvance(made.text())
        assert words < made.width() - 4
    combo = panel.extent.reach
    words = combo.fontMetrics().horizontalAdvance(combo.currentText())
    assert words < combo.width() - 24, "beside its arrow"


def test_nothing_in_the_panel_takes_the_keys_for_good(
    make_napari_viewer, runner, qtbot
):
    window = make_napari_viewer(show=True)
    image = window.add_image(cells(N_FRAMES), name="cells")
    controller = annotate(window, image, runner)
    panel = wired(controller, qtbot)
    window.window.add_dock_widget(panel, area="right")
    panel.more.expand(animate=False)
    pressed = []
    window.bind_key("G", lambda viewer: pressed.append("G"))
    main = window.window._qt_window
    main.activateWindow()
    canvas = window.window._qt_viewer.canvas.native
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus, timeout=3000)

    def assert_keys_arrive():
        has_keys = QApplication.focusWidget()
        assert has_keys is None or not panel.isAncestorOf(has_keys)
        pressed.clear()
        QTest.keyClick(has_keys or main, Qt.Key.Key_G)
        assert pressed == ["G"]

    choose(panel.extent.reach, Reach.SOME)
    for box in panel.findChildren(QCheckBox):
        before = box.isChecked()
        QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
        assert box.isChecked() != before or not box.isEnabled()
        assert_keys_arrive()
    for combo in panel.findChildren(QComboBox):
        assert combo.focusPolicy() == Qt.FocusPolicy.NoFocus
    for number in (panel.extent.n_frames, panel.step):
        line = number.lineEdit()
        QTest.mouseClick(line, Qt.MouseButton.LeftButton)
        assert QApplication.focusWidget() is number
        number.selectAll()
        QTest.keyClicks(line, "12")
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert number.value() == 12
        assert_keys_arrive()
