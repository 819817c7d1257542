from __future__ import annotations

import pytest

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import Box, FramePrompts, Point
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from tests.viewer.bench import A, cells, ids


@pytest.fixture
def viewers(monkeypatch, make_napari_viewer):
    """Let the demo open viewers that the test closes."""
    monkeypatch.setattr("napari.Viewer", lambda **_: make_napari_viewer(show=True))


def test_the_demo_shows_prompts_and_their_masks(viewers, monkeypatch, qtbot):
    from napari_sam2_ivos.widgets import demo, dock

    monkeypatch.setattr(
        dock.IvosDock.__init__,
        "__defaults__",
        (lambda choice, contrast: FakeSegmenter,),
    )
    prompts = {
        1: {0: FramePrompts((Point(*map(float, A)),))},
        2: {1: FramePrompts(box=Box(39, 48, 51, 60))},
    }
    viewer, panel = demo.show(Movie(cells(), name="demo"), prompts, block=False)
    session = panel.controller.session
    qtbot.waitUntil(lambda: ids(session.labels[1]) == [2], timeout=8000)
    assert ids(session.labels[0]) == [1]
    assert viewer.dims.current_step[0] == 0
    assert len(panel.controller.layers.points.data) == 1
    assert len(panel.controller.layers.shapes.data) == 1
