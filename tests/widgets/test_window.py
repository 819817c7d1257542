"""The panel in a real window, used with a mouse and keys."""

from __future__ import annotations

import gc
import weakref
from functools import partial

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.widgets.dock import IvosDock
from tests.viewer.bench import A, B, cells, ids
from tests.widgets.slow import SlowSegmenter


def test_two_cells_by_key_and_click_then_track(window, dock, click, press, idle):
    press(Qt.Key.Key_N)
    click(*A)
    idle(dock)
    assert ids(dock.controller.session.labels[0]) == [1], "the mask is there at once"
    press(Qt.Key.Key_N)
    click(*B)
    idle(dock)
    press(Qt.Key.Key_G)
    idle(dock)
    assert [ids(p) for p in dock.controller.session.labels] == [[1, 2]] * 6
    assert len(dock.controller.layers.points.data) == 2
    assert dock.tracking.go.text() == "Track"
    model = dock.objects.table.rows_model
    shown = [model.index(row, model.columnCount() - 1).data() for row in range(2)]
    assert shown == ["tracked", "tracked"]


def test_box_outline_and_brush_by_mouse(window, dock, click, drag, press, idle):
    press(Qt.Key.Key_N)
    press(Qt.Key.Key_U)
    drag((8, 8), (21, 21))
    idle(dock)
    assert dock.controller.session.tracks[1].prompts[0].box is not None
    press(Qt.Key.Key_H)
    assert dock.controller.layers.labels.mode == "paint"
    window.dims.set_point(0, 2)
    drag((50, 20), (50, 25))
    idle(dock)
    assert dock.controller.session.tracks[1].anchors == [0, 2]
    assert dock.controller.session.labels[2, 50, 22] == 1


def test_negative_click_and_clear_by_key(window, dock, click, press, idle):
    press(Qt.Key.Key_Q)
    click(*A)
    press(Qt.Key.Key_E)
    assert dock.prompts.buttons["negative"].isChecked()
    click(17, 17)
    idle(dock)
    points = dock.controller.session.tracks[1].prompts[0].points
    assert [p.positive for p in points] == [True, False]
    press(Qt.Key.Key_K)
    idle(dock)
    assert not dock.controller.session.labels.any()
    assert len(dock.controller.layers.points.data) == 0


def test_deleting_a_click_by_key_removes_its_mask(window, dock, click, press, idle):
    press(Qt.Key.Key_N)
    click(*A)
    idle(dock)
    press(Qt.Key.Key_Backspace)
    idle(dock)
    assert not dock.controller.session.labels.any()


def test_clicks_in_a_row_are_coalesced(window, open_dock, click, press, idle):
    window.add_image(cells(), name="cells")
    window.dims.set_point(0, 0)
    dock = open_dock(delay=0.4)
    press(Qt.Key.Key_N)
    for x in (12, 13, 14, 15, 16):
        dock.controller.layers.points.add([0, 15, x])
    idle(dock)
    assert dock.controller.segmenter._loaded.n_runs <= 2
    assert len(dock.controller.session.tracks[1].prompts[0].points) == 5


def test_a_click_while_tracking_shows_soon(
    window, open_dock, click, press, idle, qtbot
):
    window.add_image(cells(20), name="cells")
    window.dims.set_point(0, 0)
    dock = open_dock(delay=0.15)
    press(Qt.Key.Key_N)
    click(*A)
    idle(dock)
    press(Qt.Key.Key_G)
    qtbot.wait(500)
    press(Qt.Key.Key_N)
    click(*B)
    session = dock.controller.session
    qtbot.waitUntil(lambda: 2 in ids(session.labels[0]), timeout=1500)
    assert dock.controller.schedule.is_tracking
    idle(dock)
    assert all(ids(p) == [1, 2] for p in session.labels[:14])


def test_stop_keeps_what_is_done_and_progress_is_shown(
    window, open_dock, press, qtbot, idle
):
    window.add_image(cells(30), name="cells")
    window.dims.set_point(0, 0)
    dock = open_dock(delay=0.1)
    press(Qt.Key.Key_N)
    dock.controller.layers.points.add([0, *A])
    idle(dock)
    dock.toggle_tracking()
    qtbot.wait(900)
    assert dock.tracking.go.text() == "Stop"
    assert "of 29 frames" in dock.tracking.words.text()
    assert "left" in dock.tracking.words.text()
    dock.toggle_tracking()
    idle(dock)
    done = [bool(p.any()) for p in dock.controller.session.labels]
    assert done[0]
    assert 3 < sum(done) < 29
    assert dock.tracking.go.text() == "Track"
    assert "Stopped after" in dock.messages.text.text()


def test_an_error_is_shown_and_the_panel_works_on(window, open_dock, press, idle):
    from napari.utils.notifications import notification_manager

    window.add_image(cells(), name="cells")
    window.dims.set_point(0, 0)
    dock = open_dock(fail_at=3, error=RuntimeError("CUDA out of memory"))
    press(Qt.Key.Key_N)
    dock.controller.layers.points.add([0, *A])
    dock.toggle_tracking()
    idle(dock)
    assert "CUDA out of memory" in dock.messages.text.text()
    assert "CUDA out of memory" in notification_manager.records[-1].message
    assert dock.tracking.go.isEnabled()
    assert dock.tracking.go.text() == "Track"
    assert dock.controller.session.labels[2].any()


def test_closing_and_opening_the_panel_loses_nothing(
    window, dock, open_dock, click, press, idle, qtbot
):
    press(Qt.Key.Key_N)
    click(*A)
    idle(dock)
    first = dock.controller
    window.window.remove_dock_widget(dock)
    dock.deleteLater()
    qtbot.wait(100)
    first.layers.points.add([1, 16, 15])
    qtbot.waitUntil(lambda: first.session.labels[1].any(), timeout=3000)
    again = open_dock()
    assert again.controller is first
    assert again.objects.table.rows_model.rowCount() == 1
    press(Qt.Key.Key_N)
    click(*B)
    idle(again)
    assert 2 in first.session.tracks


def test_opening_the_panel_changes_nothing(window, open_dock):
    window.add_image(cells(), name="cells")
    before = ([x.name for x in window.layers], window.dims.point)
    open_dock()
    assert ([x.name for x in window.layers], window.dims.point) == before


def test_from_the_menu_with_the_sample(window, qtbot):
    _, dock = window.window.add_plugin_dock_widget("napari-sam2-ivos")
    assert dock.stack.currentWidget() is dock.welcome
    dock.welcome.sample_wanted.emit()
    qtbot.waitUntil(lambda: dock.images.layer is not None, timeout=20_000)
    qtbot.wait(150)
    assert dock.stack.currentWidget() is not dock.welcome
    assert {x.name for x in window.layers} == {"cells", "true tracks"}
    dock.new_object()
    assert dock.controller.current == 1


@pytest.mark.parametrize("width", [300, 500])
def test_nothing_is_cut_off(window, dock, width, qtbot):
    dock.new_object()
    dock.setFixedWidth(width)
    dock.model_fold.expand(animate=False)
    qtbot.wait(100)
    work = dock.stack.currentWidget()
    assert work.minimumSizeHint().width() <= width - 16


def test_the_welcome_is_not_cut_off(window, open_dock, qtbot):
    dock = open_dock()
    dock.setFixedWidth(300)
    qtbot.wait(100)
    assert dock.stack.currentWidget() is dock.welcome
    assert dock.stack.minimumSizeHint().width() <= 300


def test_a_picture_is_no_movie(window, open_dock, press):
    window.add_image(np.zeros((40, 40)), name="still")
    dock = open_dock()
    assert "single picture" in dock.note.text()
    press(Qt.Key.Key_N)
    assert "'still' is a single picture" in dock.messages.text.text()


def test_z_moves_before_the_first_prompt(window, open_dock):
    movie = np.zeros((6, 3, 60, 80), np.uint16)
    movie[:, 2] = cells()
    window.add_image(movie, name="stack", axis_labels=("t", "z", "y", "x"))
    dock = open_dock()
    window.dims.set_point(1, 0)
    dock.new_object()
    window.dims.set_point(1, 2)
    dock.new_object()
    assert dict(dock.controller.held) == {1: 2}
    assert len(window.layers) == 5
    window.dims.set_point(1, 1)
    dock.refresh()
    assert "another plane" in dock.note.text()


def test_saving(window, dock, click, press, idle, qtbot, tmp_path):
    import tifffile

    press(Qt.Key.Key_N)
    click(*A)
    idle(dock)
    dock.toggle_tracking()
    idle(dock)
    dock.export.save("tiff", tmp_path / "labels.tif")
    qtbot.waitUntil(lambda: "Saved" in dock.messages.text.text(), timeout=8000)
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "labels.tif"), dock.controller.session.labels
    )
    qtbot.waitUntil(dock.export.table.isEnabled)
    dock.export.save("table", tmp_path / "nowhere" / "table.csv")
    qtbot.waitUntil(lambda: "Saving" not in dock.messages.text.text(), timeout=8000)
    dock.export.save("table", tmp_path / "table.csv")
    qtbot.waitUntil((tmp_path / "table.csv").exists, timeout=8000)
    qtbot.waitUntil(dock.export.table.isEnabled)


def test_the_window_stays_alive_while_tracking(window, open_dock, press, idle, qtbot):
    from time import perf_counter

    from qtpy.QtCore import QTimer

    window.add_image(cells(40), name="cells")
    dock = open_dock(delay=0.02)
    press(Qt.Key.Key_N)
    dock.controller.layers.points.add([0, *A])
    idle(dock)
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(perf_counter()))
    timer.start(5)
    dock.toggle_tracking()
    idle(dock)
    timer.stop()
    assert np.diff(ticks).max() < 0.5


def test_two_docks_in_two_viewers(window, open_dock, make_napari_viewer, idle):
    from napari_sam2_ivos.testing.segmenter import FakeSegmenter

    window.add_image(cells(), name="cells")
    first = open_dock()
    other = make_napari_viewer(show=False)
    other.add_image(cells(), name="cells")
    second = IvosDock(other, lambda choice, contrast: FakeSegmenter)
    other.window.add_dock_widget(second, name="tracking", area="right")
    first.new_object()
    second.new_object()
    first.controller.layers.points.add([0, *A])
    idle(first)
    assert first.controller.session.labels.any()
    assert not second.controller.session.labels.any()


def test_a_layer_of_the_user_is_offered_as_prompts(window, dock, idle, qtbot):
    mine = window.add_points([[0, *A], [1, 16, 15]], name="mine")
    qtbot.wait(150)
    assert dock.prompts.adopt.isVisible()
    assert "'mine'" in dock.prompts.adopt.text()
    dock.prompts.adopt.click()
    idle(dock)
    assert dock.controller.session.tracks[1].anchors == [0, 1]
    assert not dock.prompts.adopt.isVisible()
    mine.add([2, 17, 15])
    idle(dock)
    assert dock.controller.session.labels[2].any()


def test_following_the_frame_that_is_computed(window, dock, idle):
    dock.new_object()
    dock.controller.layers.points.add([0, *A])
    dock.tracking.follow.setChecked(True)
    dock.toggle_tracking()
    idle(dock)
    assert dock.controller.frame == 5


def test_a_guess_is_shown_on_the_way_and_disturbs_nothing(
    window, dock, click, press, idle, qtbot
):
    press(Qt.Key.Key_N)
    click(*A)
    idle(dock)
    c = dock.controller
    points = c.layers.points
    for frame in (1, 2, 3):
        window.dims.set_point(0, frame)
    qtbot.waitUntil(lambda: c.guessed == [1], timeout=3000)
    qtbot.waitUntil(lambda: "a guess" in dock.tracking.words.text(), timeout=3000)
    assert not dock.tracking.bar.isVisible()
    assert window.layers.selection == {points}
    assert points.mode == "add"
    assert not c.session.labels[3].any()
    click(B[0], B[1] - 3)
    idle(dock)
    assert c.session.tracks[1].anchors == [0, 3], "the tool is still in hand"
    press(Qt.Key.Key_G)
    idle(dock)
    assert all(ids(plane) == [1] for plane in c.session.labels)
    assert c.guessed == []


def test_encoding_ahead_does_not_show_and_gives_way_to_a_click(
    window, open_dock, click, press, idle, qtbot
):
    window.add_image(cells(40), name="cells")
    window.dims.set_point(0, 0)
    dock = open_dock(delay=0.2)
    press(Qt.Key.Key_N)
    click(*A)
    idle(dock)
    schedule = dock.controller.schedule
    qtbot.waitUntil(lambda: schedule.job is not None, timeout=3000)
    assert schedule.job.spare is not None
    qtbot.wait(300)
    assert not dock.tracking.bar.isVisible()
    assert dock.tracking.go.text() == "Track"
    assert "Finding" not in dock.tracking.words.text()
    press(Qt.Key.Key_N)
    click(*B)
    session = dock.controller.session
    qtbot.waitUntil(lambda: 2 in ids(session.labels[0]), timeout=1500)


def test_choices_of_tracking_reach_the_session(window, dock, idle):
    dock.new_object()
    dock.controller.layers.points.add([0, *A])
    idle(dock)
    asked = []
    dock.controller.schedule.track = asked.append
    dock.tracking.direction_buttons["nearest"].click()
    dock.tracking.step.setValue(25)
    dock.toggle_tracking()
    assert asked[-1].direction == "nearest"
    assert asked[-1].skip_unchanged, "it is on from the beginning"
    assert dock.controller.session.guards.max_step_px == 25
    dock.tracking.again.click()
    assert not dock.tracking.skip.isEnabled()
    dock.tracking.step.setValue(0)
    assert dock.tracking.step.text() == "any"
    dock.toggle_tracking()
    assert not asked[-1].skip_unchanged
    assert dock.controller.session.guards.max_step_px is None


def test_empty_frames_are_named_in_the_list(window, dock, idle):
    dock.new_object()
    dock.controller.layers.points.add([0, *A])
    dock.toggle_tracking()
    idle(dock)
    track = dock.controller.session.tracks[1]
    track.flag[3:5] = 1
    track.revision += 1
    dock.refresh()
    state = dock.objects.table.rows_model.index(0, 5)
    assert state.data() == "2 empty"
    assert "not seen on 2 frames (3–4)" in state.data(Qt.ItemDataRole.ToolTipRole)


def test_closing_the_window_stops_the_model(make_napari_viewer, qtbot):
    window = make_napari_viewer(show=True)
    window.add_image(cells(200), name="cells")
    dock = IvosDock(window, lambda choice, contrast: partial(SlowSegmenter, delay=0.05))
    window.window.add_dock_widget(dock, name="tracking", area="right")
    dock.new_object()
    dock.controller.layers.points.add([0, *A])
    dock.toggle_tracking()
    qtbot.wait(500)
    schedule, job = dock.controller.schedule, dock.controller.schedule.job
    assert schedule.is_tracking
    window.close()
    qtbot.waitUntil(lambda: job.is_stopped, timeout=5000)
    qtbot.waitUntil(lambda: not schedule.is_busy, timeout=5000)


def test_the_session_does_not_keep_a_closed_panel_alive(make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    viewer.add_image(cells())
    dock = IvosDock(viewer, lambda choice, contrast: FakeSegmenter)
    viewer.window.add_dock_widget(dock)
    dock.new_object()
    known = weakref.ref(dock)  # and through it the viewer, for as long as it ran
    viewer.close()
    del dock
    qtbot.wait(50)
    gc.collect()
    assert known() is None
