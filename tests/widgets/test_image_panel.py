"""Choosing the movie and its colours."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_sam2_ivos.viewer.model_view import SeenPlanes
from napari_sam2_ivos.viewer.movies import movie_of
from napari_sam2_ivos.widgets.image_panel import ImagePanel
from tests.viewer.bench import cells


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def three(viewer):
    return [viewer.add_image(cells(), name=f"Ch{i}") for i in range(3)]


@pytest.fixture
def panel(viewer, three, qtbot):
    """The panel with `Ch0` as the movie, and how often it told of a change."""
    made = ImagePanel(viewer)
    qtbot.addWidget(made)
    made.choose(three[0])
    made.told = []
    made.changed.connect(lambda: made.told.append(made.others))
    made.show()
    return made


def rows(panel):
    """Return what is offered as colours in the rows that can be seen."""
    return [
        [combo.itemText(i) for i in range(combo.count())]
        for combo in panel.colours
        if combo.isVisibleTo(panel)
    ]


def pick(combo, name):
    combo.setCurrentIndex(combo.findText(name))


def test_colours_are_chosen_one_after_the_other(panel, three):
    assert rows(panel) == [["none", "Ch1", "Ch2"]]
    assert panel.others == ()
    pick(panel.colours[0], "Ch2")
    assert rows(panel) == [["none", "Ch1", "Ch2"], ["none", "Ch1"]]
    pick(panel.colours[1], "Ch1")
    assert panel.others == (three[2], three[1])
    assert rows(panel) == [["none", "Ch2"], ["none", "Ch1"]]
    pick(panel.colours[0], "none")
    assert panel.others == (three[1],), "the third colour becomes the second"
    pick(panel.colours[0], "none")
    assert panel.told == [
        (three[2],),
        (three[2], three[1]),
        (three[1],),
        (),
    ]


def test_what_is_chosen_is_a_movie(panel):
    pick(panel.colours[0], "Ch1")
    movie = movie_of(panel.layer, panel.time_axis, {}, panel.others)
    assert movie.plane(0).shape == (60, 80, 3)


def test_another_movie_has_other_colours(panel, three):
    pick(panel.colours[0], "Ch1")
    panel.choose(three[1])
    assert panel.others == ()
    assert rows(panel) == [["none", "Ch0", "Ch2"]]


def test_no_row_where_nothing_fits(viewer, qtbot):
    viewer.add_image(cells(), name="movie")
    viewer.add_image(cells(4), name="shorter")
    viewer.add_image(np.zeros((6, 60, 80, 3), np.uint8), rgb=True, name="RGB")
    viewer.add_image(np.zeros((60, 80)), name="still")
    viewer.add_labels(np.zeros((6, 60, 80), np.uint8))
    panel = ImagePanel(viewer)
    qtbot.addWidget(panel)
    for layer in list(viewer.layers)[:4]:
        panel.choose(layer)
        assert panel.layer == layer
        assert rows(panel) == []


def test_layers_come_go_and_are_renamed(viewer, panel, three):
    pick(panel.colours[0], "Ch1")
    panel.told.clear()
    three[1].name = "nuclei"
    viewer.add_image(cells(), name="Ch3")
    panel.reset_choices()
    assert panel.others == (three[1],)
    assert panel.colours[0].currentText() == "nuclei"
    assert rows(panel)[1] == ["none", "Ch2", "Ch3"]
    assert panel.told == []
    viewer.layers.remove(three[1])
    panel.reset_choices()
    assert panel.others == ()
    assert panel.told == [()]


def test_a_session_with_objects_keeps_its_colours(viewer, panel, three):
    pick(panel.colours[0], "Ch1")
    panel.lock(0, (three[1],))
    assert not panel.colours[0].isEnabled()
    assert not panel.time.isEnabled()
    viewer.layers.remove(three[1])
    panel.reset_choices()
    assert panel.others == (three[1],), "its pixels are still there"
    assert panel.colours[0].currentText() == "Ch1"
    panel.lock(None)
    assert panel.colours[0].isEnabled()
    panel.reset_choices()
    assert panel.others == ()


def test_colours_of_a_session_are_shown_when_it_is_chosen_again(panel, three):
    panel.choose(three[2])
    panel.choose(three[0])
    panel.lock(0, (three[2], three[1]))
    assert [combo.currentText() for combo in panel.colours] == ["Ch2", "Ch1"]
    assert panel.others == (three[2], three[1])


def test_what_the_model_sees_is_not_offered(viewer, panel, three):
    before = panel.image.count()
    seen = SeenPlanes(movie_of(three[0], 0, {}), lambda plane: plane, 60)
    viewer.add_image(seen, rgb=True)
    panel.reset_choices()
    assert panel.image.count() == before
    assert panel.layer == three[0]


def test_long_names_do_not_widen_the_panel(viewer, panel, three):
    for layer in three:
        layer.name = "20240311_HeLa_H2B-mCherry_LifeAct-GFP_position_" + layer.name
    panel.reset_choices()
    pick(panel.colours[0], three[1].name)
    assert len(rows(panel)) == 2
    assert panel.minimumSizeHint().width() <= 280
