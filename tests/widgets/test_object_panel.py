"""The list of objects and what is done with it, with a mouse where it matters."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QPushButton

from napari_sam2_ivos.core.edits import lives, notes
from napari_sam2_ivos.viewer.editing import Question
from napari_sam2_ivos.widgets import object_asking, questions
from napari_sam2_ivos.widgets.object_model import CLASS, HEADERS, OBJECT
from napari_sam2_ivos.widgets.object_panel import ObjectPanel
from napari_sam2_ivos.widgets.theme import Colours, style_sheet
from tests.viewer.bench import A, B, annotate, cells, ids


@pytest.fixture
def viewer():
    made = ViewerModel()
    made.add_image(cells(), name="cells")
    made.dims.set_point(0, 0)
    return made


@pytest.fixture
def controller(viewer):
    return annotate(viewer, viewer.layers["cells"])


@pytest.fixture
def panel(viewer, controller, qtbot):
    """The panel of a session without objects, as wide as a narrow dock."""
    made = ObjectPanel(viewer)
    qtbot.addWidget(made)
    made.setStyleSheet(style_sheet(Colours.of(viewer)))
    controller.changed.connect(made.refresh)
    made.show_controller(controller)
    made.resize(290, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def two(panel, controller):
    """Two objects on all frames, the first one current."""
    session = controller.session
    session.add_points(1, 0, [A])
    session.add_points(2, 0, [B])
    list(session.propagate("both"))
    controller.layers.ensure()
    controller.show_prompts()
    controller.select(1)
    return session


def put_points(controller, *track_ids):
    """Begin many objects, without masks."""
    with controller.session.action("Begin many"):
        for track_id in track_ids:
            controller.session.add_points(track_id, 0, [A])
    controller.select(track_ids[0])


def click(table, row, column=OBJECT, modifier=Qt.KeyboardModifier.NoModifier, n=1):
    """Click into a cell of the list, or double-click."""
    at = table.visualRect(table.rows_model.index(row, column)).center()
    for act in (QTest.mouseClick, QTest.mouseDClick)[:n]:
        act(table.viewport(), Qt.MouseButton.LeftButton, modifier, at)


def open_editor(table):
    """Return where the user types."""
    editors = table.viewport().findChildren(QLineEdit)
    (editor,) = [editor for editor in editors if editor.isVisible()]
    return editor


def type_into_cell(table, text):
    """Type into the editor that is open, and press Enter."""
    editor = open_editor(table)
    editor.setText(text)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()


def selected_ids(table):
    rows = table.selectionModel().selectedRows()
    return sorted(table.rows_model.rows[i.row()].track_id for i in rows)


def entry(panel, text):
    """Return an entry of the menu by how it begins."""
    found = [
        e for group in panel.menu.groups() for e in group if e.text.startswith(text)
    ]
    assert len(found) == 1, f"{text} is in the menu {len(found)} times"
    return found[0]


# ---- choosing ------------------------------------------------------------


def test_a_click_chooses_and_the_first_of_many_stays_current(panel, controller):
    put_points(controller, 1, 2, 3, 4)
    click(panel.table, 1)
    assert controller.selected == (2,)
    click(panel.table, 3, modifier=Qt.KeyboardModifier.ControlModifier)
    assert set(controller.selected) == {2, 4}
    assert controller.current == 2
    click(panel.table, 2, modifier=Qt.KeyboardModifier.ShiftModifier)
    assert controller.current in controller.selected
    click(panel.table, 0)
    assert controller.selected == (1,)


def test_what_is_chosen_elsewhere_is_selected_in_the_list(panel, controller):
    put_points(controller, 1, 2, 3)
    controller.select(3)
    assert selected_ids(panel.table) == [3]
    controller.select_many((3, 1))
    assert selected_ids(panel.table) == [1, 3]
    controller.editing.delete([2])
    assert selected_ids(panel.table) == [1, 3]
    assert controller.new_object() == 4
    assert selected_ids(panel.table) == [4]


def test_a_current_object_out_of_sight_is_scrolled_to(panel, controller):
    put_points(controller, *range(1, 41))
    controller.select(40)
    table = panel.table
    shown = table.visualRect(table.rows_model.index(39, OBJECT))
    assert table.viewport().rect().contains(shown)


def test_a_double_click_goes_to_the_first_prompt(panel, controller, viewer):
    controller.session.add_points(1, 4, [A])
    controller.session.add_points(1, 2, [A])
    panel.refresh()
    click(panel.table, 0, n=2)
    assert controller.frame == 2


def test_name_and_class_are_typed_into_the_list(panel, controller, two):
    entry(panel, "Name").act()
    type_into_cell(panel.table, "left one")
    assert two.tracks[1].name == "left one"
    assert panel.table.rows_model.index(0, OBJECT).data() == "1  left one"
    controller.editing.set_class([2], "bud")
    panel.resize(500, 500)
    click(panel.table, 0, CLASS, n=2)
    type_into_cell(panel.table, "cell")
    assert two.tracks[1].class_name == "cell"
    assert controller.frame == 0


def test_a_name_being_typed_outlives_a_refresh(panel, controller, two):
    panel.table.edit_cell(1, OBJECT)
    editor = open_editor(panel.table)
    editor.setText("half a na")
    notes.set_locked(two, [1], True)
    panel.refresh()
    assert open_editor(panel.table) is editor
    assert editor.text() == "half a na"
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert panel.table.rows_model.rows[0].state_text == "locked"


def test_many_objects_can_be_searched(panel, controller):
    put_points(controller, *range(1, 21))
    assert not panel.search.isVisible()
    put_points(controller, 21)
    assert panel.search.isVisible()
    controller.editing.set_name(7, "Odd one")
    panel.search.setText("odd")
    assert [row.track_id for row in panel.table.rows_model.rows] == [7]
    panel.search.setText("2")
    assert [row.track_id for row in panel.table.rows_model.rows] == [2, 20, 21]
    controller.editing.delete([*range(5, 22)])
    assert panel.search.isVisible(), "else nobody could see why rows are missing"


# ---- the look ------------------------------------------------------------


@pytest.mark.parametrize("width", [290, 390, 490])
@pytest.mark.parametrize("has_words", [False, True])
def test_the_columns_fit_and_the_most_needed_are_shown(
    panel, controller, width, has_words
):
    put_points(controller, *range(1, 30), 65535)
    if has_words:
        controller.editing.set_name(3, "the mother of all that is on the left")
        controller.editing.set_class([3], "dividing cell")
    panel.resize(width, 400)
    table = panel.table
    assert panel.minimumSizeHint().width() <= 290
    assert table.horizontalHeader().length() <= table.viewport().width()
    shown = [h for i, h in enumerate(HEADERS) if not table.isColumnHidden(i)]
    assert {"Object", "Frames", "State"} <= set(shown)
    assert ("Class" in shown) == (has_words and width > 300)
    if width == 490:
        assert {"Prompts", "Score"} <= set(shown)
    metrics = table.fontMetrics()
    for i in (OBJECT, HEADERS.index("State"), HEADERS.index("Frames")):
        index = table.rows_model.index(0, i)
        room = table.columnWidth(i) - (16 if i == OBJECT else 0)
        assert metrics.horizontalAdvance(index.data()) + 8 <= room


def test_a_refresh_tells_qt_only_about_rows_that_changed(panel, controller):
    put_points(controller, *range(1, 200))
    told = []
    panel.table.rows_model.dataChanged.connect(
        lambda first, last, *_: told.append((first.row(), last.row()))
    )
    panel.refresh()
    assert told == []
    controller.session.tracks[50].revision += 1
    notes.set_name(controller.session, 50, "new")
    panel.refresh()
    assert set(told) == {(49, 49)}


# ---- buttons -------------------------------------------------------------


def test_hide_lock_and_isolate_show_what_holds_and_change_it(panel, controller, two):
    controller.select_many((2, 1))
    panel.buttons.hide_them.click()
    assert controller.editing.hidden == {1, 2}
    assert panel.buttons.hide_them.isChecked()
    controller.select(2)
    panel.buttons.hide_them.click()
    assert controller.editing.hidden == {1}
    assert not panel.buttons.hide_them.isChecked()
    panel.buttons.lock.click()
    assert two.tracks[2].is_locked
    assert panel.buttons.lock.isChecked()
    assert not panel.buttons.delete.isEnabled()
    assert "locked" in panel.buttons.delete.toolTip()
    controller.select(1)
    assert not panel.buttons.lock.isChecked()
    panel.buttons.isolate.click()
    assert controller.editing.is_isolated
    panel.buttons.isolate.click()
    assert not controller.editing.is_isolated


def test_undo_and_redo_say_what_and_do_it(panel, controller, two):
    panel.buttons.delete.click()
    assert list(two.tracks) == [2]
    assert panel.buttons.undo.toolTip() == "Undo: Delete object 1 (Ctrl+Z)"
    assert not panel.buttons.redo.isEnabled()
    panel.buttons.undo.click()
    assert sorted(two.tracks) == [1, 2]
    assert panel.buttons.redo.toolTip().startswith("Redo: Delete object 1")
    panel.buttons.redo.click()
    assert list(two.tracks) == [2]


def test_all_selected_objects_are_deleted_in_one_step(panel, controller, two):
    controller.select_many((2, 1))
    panel.buttons.delete.click()
    assert not two.tracks
    panel.buttons.undo.click()
    assert sorted(two.tracks) == [1, 2]


def test_clearing_is_offered_on_prompted_frames(panel, controller, viewer, two):
    assert panel.buttons.clear.isEnabled()
    panel.buttons.clear.click()
    assert two.tracks[1].anchors == []
    assert not panel.buttons.clear.isEnabled()


# ---- the menu ------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["Accept", "Fill the gap", "Split", "Divide", "Delete from here"],
)
def test_an_entry_can_be_used_exactly_where_it_would_do_something(
    panel, controller, viewer, two, text
):
    lives.delete_frames(two, 1, range(2, 4))
    lives.delete_frames(two, 1, range(5, 6))
    offered = []
    for frame in range(6):
        viewer.dims.set_point(0, frame)
        found, before = entry(panel, text), two.history.undo_name
        found.act()
        did_something = two.history.undo_name != before
        assert did_something == (not found.why_not), (frame, found.why_not)
        offered.append(did_something)
        if did_something:
            controller.editing.undo()
            controller.select(1)
    assert any(offered)
    assert not all(offered)


def test_nothing_can_be_edited_before_there_is_an_object(panel, controller):
    found = [e for group in panel.menu.groups() for e in group]
    usable = {e.text for e in found if not e.why_not}
    assert usable == {"Lineage tree"}
    controller.new_object()
    assert "Click on it first" in entry(panel, "Name").why_not


def test_a_locked_object_says_so(panel, controller, two):
    notes.set_locked(two, [1], True)
    for text in ("Split", "Change ID", "Divide", "Delete object", "Accept", "Keep"):
        assert "Object 1 is locked" in entry(panel, text).why_not
    assert not entry(panel, "Unlock").why_not


def test_two_selected_objects_are_swapped_or_merged_at_once(
    panel, controller, viewer, two
):
    controller.select_many((2, 1))
    viewer.dims.set_point(0, 3)
    entry(panel, "Swap 1 and 2 from here on").act()
    y, x = B[0], B[1] - 3
    assert two.labels[3, y, x] == 1
    assert two.labels[2, y, x + 1] == 2
    controller.editing.undo()
    controller.editing.ask = lambda question: "both"
    controller.select_many((2, 1))
    entry(panel, "Merge 2 into 1").act()
    assert list(two.tracks) == [1]
    assert two.labels[2, y, x + 1] == 1


@pytest.fixture
def answer(monkeypatch):
    """Let a dialog be answered: `answer("ask_frames", (1, 2))`."""

    def will(name, value):
        asked = []

        def answered(parent, *question):
            asked.append(question)
            return value

        monkeypatch.setattr(object_asking, name, answered)
        return asked

    return will


def test_a_range_is_asked_for_and_deleted_or_kept(panel, controller, two, answer):
    asked = answer("ask_frames", (1, 2))
    entry(panel, "Delete some frames").act()
    assert [ids(plane) for plane in two.labels][:4] == [[1, 2], [2], [2], [1, 2]]
    assert (0, 5) in asked[0], "where it has masks is offered"
    entry(panel, "Keep some frames").act()
    assert not any(1 in ids(plane) for plane in two.labels)


def test_another_id_on_some_frames(panel, controller, two, answer):
    asked = answer("ask_id", (9, range(3, 6)))
    entry(panel, "Change ID").act()
    assert [ids(plane) for plane in two.labels] == [[1, 2]] * 3 + [[2, 9]] * 3
    assert 3 in asked[0], "the next free ID is offered"


def test_the_class_of_many_and_a_mother(panel, controller, two, answer):
    answer("ask_word", "bud")
    controller.select_many((2, 1))
    entry(panel, "Class").act()
    assert [track.class_name for track in two.tracks.values()] == ["bud", "bud"]
    lives.cut(two, 1, range(3))
    lives.cut(two, 2, range(3, 6))
    controller.select(2)
    answer("ask_object", 1)
    entry(panel, "Mother").act()
    assert two.tracks[2].parent == 1
    answer("ask_object", object_asking.NO_MOTHER)
    entry(panel, "Mother").act()
    assert two.tracks[2].parent is None


def test_a_cancelled_dialog_changes_nothing(panel, controller, two, answer):
    before = two.history.undo_name
    for name in ("ask_id", "ask_frames", "ask_object", "ask_word"):
        answer(name, None)
    for text in ("Change ID", "Keep some", "Swap", "Merge", "Mother", "Class"):
        entry(panel, text).act()
    assert two.history.undo_name == before


def test_the_menu_shows_reasons_and_acts(panel, controller, viewer, two):
    panel.menu.fill()
    actions = {action.text(): action for action in panel.menu.actions()}
    assert not actions["Split here"].isEnabled()
    assert "before this frame" in actions["Split here"].toolTip()
    assert "Object 1, frame 0" in actions
    actions["Delete from here on"].trigger()
    assert not any(1 in ids(plane) for plane in two.labels)


def test_the_menu_opens_on_a_row_and_means_that_row(panel, controller, two):
    table = panel.table
    at = table.visualRect(table.rows_model.index(1, OBJECT)).center()
    QTest.mouseClick(
        table.viewport(), Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at
    )
    table.customContextMenuRequested.emit(at)
    assert panel.menu.isVisible()
    assert panel.menu.actions()[0].text() == "Object 2, frame 0"
    panel.menu.close()


# ---- dialogs -------------------------------------------------------------


def when_asked(act):
    """Do something to the dialog that opens next."""

    def wait(n=100):
        dialog = QApplication.activeModalWidget()
        if dialog is None and n:
            QTimer.singleShot(20, lambda: wait(n - 1))
        elif dialog is not None:
            act(dialog)

    QTimer.singleShot(0, wait)


def press_button(text):
    def act(dialog):
        (found,) = [b for b in dialog.findChildren(QPushButton) if b.text() == text]
        QTest.mouseClick(found, Qt.MouseButton.LeftButton)

    return act


def press_key(key):
    return lambda dialog: QTest.keyClick(dialog, key)


QUESTION = Question("Whose mask?", "Both have one.", (("a", "Of 1"), ("b", "Of 2")))


def test_a_question_is_answered_by_its_button(panel):
    when_asked(press_button("Of 2"))
    assert questions.ask(panel, QUESTION) == "b"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_enter_and_escape_do_nothing(panel, key):
    when_asked(press_key(key))
    assert questions.ask(panel, QUESTION) is None


def test_frames_can_be_typed_in_any_order(panel):
    def fill(dialog):
        first, last = dialog.findChildren(questions.QSpinBox)
        first.setValue(8)
        last.setValue(3)
        press_key(Qt.Key.Key_Return)(dialog)

    when_asked(fill)
    assert questions.ask_frames(panel, "", "", (0, 9), 10) == (3, 8)


@pytest.mark.parametrize(
    ("where", "expected"), [(0, None), (1, range(4, 10)), (2, range(2, 10))]
)
def test_an_id_is_asked_for_with_where_it_is_meant(panel, where, expected):
    def fill(dialog):
        number, first, _ = dialog.findChildren(questions.QSpinBox)
        (which,) = dialog.findChildren(questions.QComboBox)
        number.setValue(70)
        which.setCurrentIndex(where)
        if where == 2:
            first.setValue(2)
        press_button("OK")(dialog)

    when_asked(fill)
    assert questions.ask_id(panel, "", "", 5, 4, 10) == (70, expected)


def test_objects_and_words_can_be_chosen_or_typed(panel):
    def choose(dialog):
        (box,) = dialog.findChildren(questions.QComboBox)
        box.setCurrentIndex(1)
        press_button("OK")(dialog)

    def write(dialog):
        (box,) = dialog.findChildren(questions.QComboBox)
        box.setEditText(" new word ")
        press_button("OK")(dialog)

    when_asked(choose)
    assert questions.ask_object(panel, "", "", [(3, "3"), (7, "7  name")]) == 7
    when_asked(write)
    assert questions.ask_word(panel, "", "", "bud", ["bud"]) == "new word"
    when_asked(press_button("Cancel"))
    assert questions.ask_word(panel, "", "", "bud", ["bud"]) is None


# ---- segmentations that there are already ----------------------------------


def cellpose():
    """A segmentation of both cells, with IDs of its own."""
    movie = cells()
    return np.where(movie == 1000, 40, np.where(movie == 900, 7, 0)).astype(np.uint16)


def test_a_segmentation_is_offered_until_there_are_objects(panel, controller, viewer):
    assert not panel.take_over.isVisible()
    layer = viewer.add_labels(cellpose(), name="cellpose")
    panel.refresh()
    assert panel.take_over.isVisible()
    assert "'cellpose'" in panel.take_over.words.text()
    panel.take_over.buttons["all"].click()
    assert sorted(controller.session.tracks) == [7, 40]
    np.testing.assert_array_equal(controller.session.labels[0], layer.data[0])
    viewer.layers.selection.active = viewer.layers["cells"]
    panel.refresh()
    assert not panel.take_over.isVisible()
    viewer.layers.selection.active = layer
    panel.refresh()
    assert panel.take_over.isVisible()
    assert not panel.take_over.buttons["stack"].isVisible()


def test_the_selected_label_or_the_whole_stack(panel, controller, viewer):
    layer = viewer.add_labels(cellpose(), name="cellpose")
    layer.selected_label = 40
    panel.refresh()
    panel.take_over.buttons["selected"].click()
    assert sorted(controller.session.tracks) == [40]
    controller.editing.undo()
    panel.refresh()
    panel.take_over.buttons["stack"].click()
    np.testing.assert_array_equal(controller.session.labels, cellpose())


def test_a_single_plane_is_no_stack_and_our_own_layers_are_not_offered(
    panel, controller, viewer
):
    controller.layers.ensure()
    panel.refresh()
    assert panel.take_over.layer is None
    viewer.add_labels(cellpose()[0], name="one plane")
    panel.refresh()
    assert panel.take_over.offered == ["all", "selected"]


def test_a_session_is_begun_for_a_segmentation(viewer, qtbot):
    panel = ObjectPanel(viewer)
    qtbot.addWidget(panel)
    viewer.add_labels(cellpose(), name="cellpose")
    panel.session_wanted.connect(
        lambda: panel.show_controller(annotate(viewer, viewer.layers["cells"]))
    )
    panel.refresh()
    panel.take_over.buttons["all"].click()
    assert sorted(panel.controller.session.tracks) == [7, 40]


def test_taking_over_by_key_says_if_there_is_nothing(panel, controller):
    panel.take_over_all()
    assert "Labels layer" in controller.messages[-1]


# ---- families --------------------------------------------------------------


def test_the_tree_shows_families_and_goes_where_an_object_begins(
    panel, controller, viewer, two
):
    panel.show_lineage()
    assert panel.tree.empty.isVisible()
    lives.divide(two, 1, 3)
    two.add_points(3, 3, [(18, 15)])
    panel.refresh()
    tree = panel.tree.tree
    assert tree.topLevelItemCount() == 1, "object 2 has no relatives"
    mother = tree.topLevelItem(0)
    assert mother.text(0) == "1"
    assert [mother.child(i).text(0) for i in range(2)] == ["3", "4"]
    tree.itemClicked.emit(mother.child(0), 0)
    assert (controller.current, controller.frame) == (3, 3)
    panel.tree.close()


def test_the_tracks_layer_is_shown_from_the_menu(panel, controller, two):
    entry(panel, "Show tracks").act()
    assert "cells tracks" in controller.viewer.layers
