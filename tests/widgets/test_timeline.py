"""The timeline, used with a mouse and looked at pixel by pixel."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam2_ivos.core.prompts import FramePrompts, Point
from napari_sam2_ivos.core.review import Level
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED, STALE, Track
from napari_sam2_ivos.widgets import timeline_view
from napari_sam2_ivos.widgets.theme import Colours
from napari_sam2_ivos.widgets.timeline import Timeline
from napari_sam2_ivos.widgets.timeline_parts import RULER_PX
from napari_sam2_ivos.widgets.timeline_picture import ROW_PX, Ink
from napari_sam2_ivos.widgets.timeline_view import NAMES_PX
from tests.viewer.bench import annotate, cells

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def add_object(controller, track_id, parent=None):
    """Add an object that is surely there on every frame."""
    n_frames = controller.movie.n_frames
    track = Track(track_id, n_frames)
    track.state[:] = COMPUTED
    track.predicted_iou[:] = 0.9
    track.area[:] = 100
    track.centroid[:] = 10
    track.parent = parent
    track.prompts[0] = FramePrompts(points=(Point(10, 10),))
    track.state[0] |= ANCHOR
    return controller.session.put_track(track)


@pytest.fixture
def session_of():
    """Make a controller of a movie with objects: `session_of(n_frames, IDs)`."""
    viewers = []

    def make(n_frames, track_ids=(1, 2, 3)):
        viewers.append(ViewerModel())
        image = viewers[-1].add_image(cells(n_frames)[:, :8, :8], name="cells")
        viewers[-1].dims.set_point(0, 0)
        controller = annotate(viewers[-1], image)
        for track_id in track_ids:
            add_object(controller, track_id)
        return controller

    return make


@pytest.fixture
def timeline(qtbot):
    """A timeline in which 40 frames are 10 pixels wide each."""
    made = Timeline()
    qtbot.addWidget(made)
    made.resize(NAMES_PX + 400 + timeline_view.MARGIN_PX, 160)
    made.show_theme(Colours.of(ViewerModel()))
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def shown(timeline, session_of):
    """The same, with three objects."""
    timeline.show_controller(session_of(40))
    return timeline


def spot(timeline, number, frame):
    """Return where a frame is in the row of a number."""
    x = NAMES_PX + timeline.axis.x_of(frame + 0.5)
    return QPoint(int(x), int(RULER_PX + (number + 0.5) * ROW_PX))


def click(timeline, place):
    QTest.mouseClick(timeline.viewport(), LEFT, NONE, place)


def state_of(timeline):
    return timeline.controller.current, timeline.controller.frame


def picture(timeline):
    return timeline.viewport().grab().toImage()


def level_at(timeline, number, frame):
    """Return which level the pixels of a frame show."""
    colour = picture(timeline).pixelColor(spot(timeline, number, frame))
    ink = Ink.of(Colours.of(ViewerModel()))
    return next((lv for lv in Level if ink.of_level(lv) == colour), colour)


def turn(timeline, place, notches, modifier=NONE):
    """Turn the wheel of the mouse."""
    view = timeline.viewport()
    event = QWheelEvent(
        QPointF(place),
        QPointF(view.mapToGlobal(place)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


# ---- what it shows -----------------------------------------------------------


def test_without_objects_it_says_what_will_be_there(timeline, session_of):
    def colours():
        image = picture(timeline)
        return {image.pixelColor(x, 80).name() for x in range(image.width())}

    assert len(colours()) > 1
    timeline.show_controller(session_of(10, ()))
    assert len(colours()) > 1


def test_each_frame_has_the_colour_of_how_sure_it_is(shown):
    track = shown.controller.session.tracks[2]
    track.predicted_iou[10], track.predicted_iou[20] = 0.7, 0.3
    track.state[30:] = 0
    track.revision += 1
    shown.refresh()
    wanted = {5: Level.GOOD, 10: Level.FAIR, 20: Level.LOW, 35: Level.NONE}
    assert {frame: level_at(shown, 1, frame) for frame in wanted} == wanted
    assert level_at(shown, 0, 20) is Level.GOOD


def test_one_bad_frame_in_5000_is_seen_and_a_click_goes_to_it(timeline, session_of):
    timeline.show_controller(session_of(5000))
    track = timeline.controller.session.tracks[3]
    track.prompts.clear()
    track.predicted_iou[3333] = 0.1
    track.revision += 1
    timeline.refresh()
    assert level_at(timeline, 2, 3333) is Level.LOW
    click(timeline, spot(timeline, 2, 3333))
    assert state_of(timeline) == (3, 3333)


def test_out_of_date_frames_look_neither_done_nor_undone(shown):
    shown.controller.session.tracks[1].state[10:] |= STALE
    shown.controller.session.tracks[1].revision += 1
    shown.refresh()
    colours = {
        picture(shown).pixelColor(spot(shown, 0, 20) + QPoint(i, 0)).name()
        for i in range(4)
    }
    assert len(colours) == 2


def test_nothing_is_drawn_where_an_object_may_not_exist(shown):
    track = shown.controller.session.tracks[1]
    track.clear(range(20, 40))
    track.lifespan = range(20)
    shown.refresh()
    background = Ink.of(Colours.of(ViewerModel())).background
    assert level_at(shown, 0, 30) == background


def test_a_suspicious_place_has_a_dot_above_it(shown):
    def dot():
        place = spot(shown, 1, 20) - QPoint(0, ROW_PX // 2 - 2)
        return picture(shown).pixelColor(place)

    before = dot()
    shown.controller.session.tracks[2].predicted_iou[20] = 0.1
    shown.controller.session.tracks[2].revision += 1
    shown.refresh()
    assert dot() != before


def test_daughters_follow_their_mother(timeline, session_of):
    controller = session_of(40, (1, 2, 9))
    add_object(controller, 10, parent=2)
    add_object(controller, 11, parent=2)
    add_object(controller, 12, parent=10)
    timeline.show_controller(controller)
    assert [(row.track_id, row.depth) for row in timeline.rows] == [
        *((1, 0), (2, 0), (10, 1), (12, 2), (11, 1), (9, 0)),
    ]


def test_the_frame_on_screen_is_marked(shown):
    before = picture(shown).pixelColor(spot(shown, 1, 20))
    shown.controller.go_to(20)
    shown.show_frame()
    assert picture(shown).pixelColor(spot(shown, 1, 20)) != before


def test_only_rows_that_changed_are_drawn_again(shown, monkeypatch):
    drawn = []

    def draw(track, *args):
        drawn.append(track.track_id)
        return row_picture(track, *args)

    row_picture = timeline_view.row_picture
    monkeypatch.setattr(timeline_view, "row_picture", draw)
    picture(shown)
    drawn.clear()
    shown.controller.session.tracks[2].revision += 1
    shown.refresh()
    picture(shown)
    assert drawn == [2]


def test_the_theme_changes_the_colours(shown):
    dark = picture(shown).pixelColor(spot(shown, 6, 20))
    viewer = ViewerModel()
    viewer.theme = "light"
    shown.show_theme(Colours.of(viewer))
    light = picture(shown).pixelColor(spot(shown, 6, 20))
    assert isinstance(dark, QColor)
    assert dark.lightness() < 128 < light.lightness()


def test_the_chosen_object_is_scrolled_to(timeline, session_of):
    controller = session_of(40, range(1, 101))
    timeline.show_controller(controller)
    controller.select(90)
    timeline.refresh()
    number = 89 - timeline.verticalScrollBar().value()
    assert timeline.viewport().rect().contains(spot(timeline, number, 0))


# ---- mouse -------------------------------------------------------------------


def test_a_click_chooses_the_object_and_goes_to_the_frame(shown):
    click(shown, spot(shown, 1, 23))
    assert state_of(shown) == (2, 23)


def test_a_click_on_a_name_stays_on_the_frame(shown):
    shown.controller.go_to(5)
    click(shown, QPoint(20, spot(shown, 2, 0).y()))
    assert state_of(shown) == (3, 5)


def test_a_click_on_the_ruler_keeps_the_object(shown):
    shown.controller.select(3)
    click(shown, QPoint(spot(shown, 0, 17).x(), 5))
    assert state_of(shown) == (3, 17)


def test_a_drag_goes_along_the_frames_of_the_same_object(shown):
    view = shown.viewport()
    QTest.mousePress(view, LEFT, NONE, spot(shown, 0, 5))
    seen = []
    for frame in (8, 12, 39):
        QTest.mouseMove(view, spot(shown, 2, frame))
        QApplication.processEvents()
        seen.append(state_of(shown))
    QTest.mouseRelease(view, LEFT, NONE, spot(shown, 2, 39))
    QTest.mouseMove(view, spot(shown, 2, 3))
    QApplication.processEvents()
    assert seen == [(1, 8), (1, 12), (1, 39)]
    assert state_of(shown) == (1, 39)


def test_the_wheel_with_ctrl_zooms_where_the_mouse_is(shown):
    place = spot(shown, 0, 30)
    turn(shown, place, 4, Qt.KeyboardModifier.ControlModifier)
    assert shown.axis.shown < 20
    click(shown, place)
    assert state_of(shown) == (1, 30)
    turn(shown, place, -9, Qt.KeyboardModifier.ControlModifier)
    assert shown.axis.is_whole


def test_the_wheel_with_shift_goes_along_the_frames(shown):
    turn(shown, spot(shown, 0, 0), 6, Qt.KeyboardModifier.ControlModifier)
    turn(shown, spot(shown, 0, 0), -3, Qt.KeyboardModifier.ShiftModifier)
    assert shown.axis.first > 0
    assert shown.horizontalScrollBar().value() == round(shown.axis.first)


def test_the_wheel_alone_scrolls_rows(timeline, session_of):
    timeline.show_controller(session_of(40, range(1, 101)))
    turn(timeline, spot(timeline, 0, 5), -1)
    assert timeline.verticalScrollBar().value() > 0


def test_a_frame_out_of_sight_is_scrolled_to(shown):
    turn(shown, spot(shown, 0, 0), 6, Qt.KeyboardModifier.ControlModifier)
    shown.controller.go_to(35)
    shown.show_frame()
    assert shown.axis.first <= 35 < shown.axis.stop
    shown.horizontalScrollBar().setValue(0)
    shown.refresh()
    assert shown.axis.first == 0  # looking elsewhere is left alone


def test_a_double_click_on_the_ruler_shows_all_frames_again(shown):
    turn(shown, spot(shown, 0, 0), 6, Qt.KeyboardModifier.ControlModifier)
    QTest.mouseDClick(shown.viewport(), LEFT, NONE, QPoint(200, 5))
    assert shown.axis.is_whole


def test_the_mouse_is_told_what_it_is_over(shown):
    track = shown.controller.session.tracks[2]
    track.name = "mother"
    track.predicted_iou[20], track.predicted_iou[10] = 0.1, 0.7
    track.revision += 1
    shown.refresh()
    shift = QPoint(timeline_view.LONG_NAMES_PX - NAMES_PX, 0)
    tips = {f: shown.tip_at(spot(shown, 1, f) + shift) for f in (0, 10, 20)}
    assert tips == {
        0: "object 2 (mother), frame 0: prompted",
        10: "object 2 (mother), frame 10: the model is fairly sure",
        20: "object 2 (mother), frame 20: the model is not sure",
    }
    assert "accepted" in shown.tip_at(QPoint(10, 5))


def test_an_object_that_was_just_deleted_does_no_harm(shown):
    shown.controller.session.remove_object(2)
    picture(shown)
    click(shown, spot(shown, 1, 20))
    assert shown.tip_at(spot(shown, 1, 20)) == ""
    shown.refresh()
    assert [row.track_id for row in shown.rows] == [1, 3]
