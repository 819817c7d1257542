"""The list of places to look at, used with a mouse."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_sam2_ivos.widgets.review_panel import ReviewPanel
from tests.viewer.bench import A, B, annotate, cells

N_FRAMES = 30


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def controller(viewer):
    """A session with two objects that are only prompted."""
    image = viewer.add_image(cells(N_FRAMES), name="cells")
    viewer.dims.set_point(0, 0)
    made = annotate(viewer, image)
    for track_id, place in ((1, A), (2, B)):
        made.session.add_points(track_id, 0, [place])
        made.session.preview(0)
    return made


@pytest.fixture
def panel(qtbot, controller):
    made = ReviewPanel()
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.show_controller(controller)
    controller.changed.connect(made.refresh)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def tracked(panel, controller):
    """Tracked, with one mask that the model is not sure of and one that is large."""
    for _ in controller.session.propagate():
        pass
    controller.session.tracks[1].predicted_iou[10] = 0.2
    controller.session.tracks[2].area[20:] *= 3
    for track in controller.session.tracks.values():
        track.revision += 1
    panel.refresh()
    return panel


def rows(panel):
    model = panel.list.model()
    return [
        tuple(model.index(row, column).data() for column in range(3))
        for row in range(model.rowCount())
    ]


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_before_tracking_it_says_what_to_do(panel):
    assert panel.empty.isVisible()
    assert panel.empty.text() == "Track first; places to look at appear here."
    assert not panel.list.isVisible()
    assert not panel.following.isEnabled()


def test_it_says_so_if_nothing_is_suspicious(panel, controller):
    for _ in controller.session.propagate():
        pass
    panel.refresh()
    assert panel.empty.text() == "Nothing looks suspicious."


def test_places_are_listed_by_frame_in_words(tracked):
    assert rows(tracked) == [
        ("1", "10", "the model is not sure"),
        ("2", "20", "3.0 times larger"),
    ]
    assert tracked.heading.text() == "2 places to look at"
    assert tracked.n_places == 2
    assert not tracked.empty.isVisible()


def test_a_click_on_a_place_goes_there(tracked, controller):
    place = tracked.list.visualRect(tracked.list.model().index(1, 2)).center()
    QTest.mouseClick(
        tracked.list.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        place,
    )
    assert (controller.current, controller.frame) == (2, 20)
    tracked.refresh()
    assert tracked.heading.text() == "Place 2 of 2"


def test_the_buttons_go_through_the_places(tracked, controller):
    press(tracked.following)
    assert (controller.current, controller.frame) == (1, 10)
    press(tracked.previous)
    assert (controller.current, controller.frame) == (2, 20)
    press(tracked.fine)
    assert rows(tracked) == [("1", "10", "the model is not sure")]
    assert (controller.current, controller.frame) == (1, 10)


def test_a_kind_can_be_switched_off_and_on(tracked):
    def switch(words):
        actions = tracked.kinds_menu().actions()
        next(a for a in actions if a.text() == words).trigger()

    switch("The model is not sure (1)")
    assert rows(tracked) == [("2", "20", "3.0 times larger")]
    switch("Suddenly larger or smaller (1)")
    assert tracked.empty.text() == (
        "2 places are of kinds that are switched off under Kinds."
    )
    assert tracked.kinds.isVisible()
    switch("The model is not sure (1)")
    assert len(rows(tracked)) == 1


def test_the_keys_are_told(tracked):
    assert "(Shift+T or T)" in tracked.following.toolTip()


def test_it_is_empty_without_a_session(tracked):
    tracked.show_controller(None)
    assert tracked.n_places == 0
    assert tracked.empty.isVisible()
    press(tracked.following)
