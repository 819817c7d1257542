"""The tools in the panel, and what can be said about the mask they made."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel

from napari_sam2_ivos.core.edits.notes import set_locked
from napari_sam2_ivos.viewer.tools import Tool
from napari_sam2_ivos.widgets.prompt_panel import PromptPanel
from napari_sam2_ivos.widgets.theme import Colours, style_sheet
from tests.viewer.bench import A, annotate, cells


@pytest.fixture
def controller():
    viewer = ViewerModel()
    image = viewer.add_image(cells(), name="cells")
    viewer.dims.set_point(0, 0)
    made = annotate(viewer, image)
    made.shown_in = viewer  # or nothing keeps it
    return made


@pytest.fixture
def panel(controller, qtbot):
    made = PromptPanel()
    qtbot.addWidget(made)
    made.setStyleSheet(style_sheet(Colours.of(controller.viewer)))
    made.wanted.connect(lambda tool: controller.use_tool(Tool(tool)))
    controller.changed.connect(made.refresh)
    made.show_controller(controller)
    made.show()
    return made


def test_every_tool_has_a_button_and_the_napari_layer_follows(panel, controller):
    for tool in Tool:
        panel.buttons[tool].click()
        assert controller.tool is tool
        layer = controller.viewer.layers.selection.active
        assert layer == getattr(controller.layers, tool.kind)
        assert layer.mode == tool.mode
        checked = [t for t, made in panel.buttons.items() if made.isChecked()]
        assert checked == [tool]


def test_the_heading_names_object_and_frame(panel, controller):
    assert panel.heading.text() == "PROMPT"
    controller.new_object()
    controller.viewer.dims.set_point(0, 4)
    panel.refresh()
    assert panel.heading.text() == "PROMPT  ·  object 1, frame 4"


def test_a_single_click_offers_its_three_masks(panel, controller):
    controller.new_object()
    assert not panel.candidates.isVisible()
    controller.layers.points.add([0, *A])
    assert panel.candidates.isVisible()
    assert panel.number.text() == "1 of 3"
    sizes = []
    for _ in range(3):
        sizes.append(int((controller.session.labels[0] == 1).sum()))
        panel.following.click()
    assert len(set(sizes)) == 3
    assert panel.number.text() == "1 of 3", "they go round"
    panel.previous.click()
    assert panel.number.text() == "3 of 3"
    controller.layers.points.add([0, 17, 17])
    assert not panel.candidates.isVisible(), "two clicks mean one mask"


def test_a_negative_click_alone_offers_nothing(panel, controller):
    controller.new_object()
    controller.use_tool(Tool.NEGATIVE)
    controller.layers.points.add([0, *A])
    assert not panel.candidates.isVisible()


def test_accepting_a_mask_and_taking_it_back(panel, controller):
    controller.new_object()
    assert not panel.accept.isEnabled(), "there is nothing to accept"
    controller.layers.points.add([0, *A])
    panel.accept.click()
    assert controller.session.prompts(1, 0).is_locked
    assert panel.accept.text() == "✓  Accepted"
    assert panel.accept.isChecked()
    assert not panel.candidates.isVisible()
    controller.viewer.dims.set_point(0, 3)
    panel.refresh()
    assert not panel.accept.isChecked(), "it is about one frame"
    assert not panel.accept.isEnabled()
    controller.viewer.dims.set_point(0, 0)
    panel.refresh()
    panel.accept.click()
    assert not controller.session.prompts(1, 0).is_locked
    assert panel.accept.text() == "Accept this frame"
    assert not panel.accept.isChecked()


def test_a_locked_object_says_how_to_change_it(panel, controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    set_locked(controller.session, (1,), True)
    assert "Unlock it" in panel.hint.text()
    assert not panel.accept.isEnabled()
    assert not panel.candidates.isVisible()


@pytest.mark.parametrize("width", [280, 380, 480])
def test_nothing_is_cut_off(panel, controller, width, qtbot):
    controller.new_object()
    controller.layers.points.add([0, *A])
    panel.resize(width, panel.sizeHint().height())
    qtbot.wait(20)
    for made in panel.buttons.values():
        words = made.fontMetrics().horizontalAdvance(made.text())
        assert words <= made.width()
        assert made.geometry().right() < panel.width()
