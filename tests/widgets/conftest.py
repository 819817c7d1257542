from __future__ import annotations

from functools import partial

import pytest

from napari_sam2_ivos.widgets.dock import IvosDock
from tests.viewer.bench import cells
from tests.viewer.own_settings import own_settings
from tests.widgets.slow import SlowSegmenter
from tests.widgets.user import User


@pytest.fixture(autouse=True)
def _settings_of_our_own(tmp_path):
    """Keep what the developer has set away from the tests."""
    with own_settings(tmp_path):
        yield


@pytest.fixture
def window(make_napari_viewer):
    """A real window."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1300, 850)
    return viewer


@pytest.fixture
def open_dock(window, qtbot):
    """Open the panel with a fake model: `open_dock(delay=..., error=...)`."""

    def make(**kwargs):
        def loader(choice, contrast):
            return partial(SlowSegmenter, **kwargs)

        dock = IvosDock(window, loader)
        window.window.add_dock_widget(dock, name="tracking", area="right")
        return dock

    return make


@pytest.fixture
def dock(window, open_dock):
    """The panel, with a movie open on frame 0."""
    window.add_image(cells(), name="cells")
    window.dims.set_point(0, 0)
    return open_dock()


@pytest.fixture
def idle(qtbot):
    """Wait until nothing runs in a panel."""

    def wait(dock):
        qtbot.waitUntil(lambda: not dock.controller.schedule.is_busy, timeout=8000)
        qtbot.wait(150)

    return wait


@pytest.fixture
def user(window, qtbot):
    """A person at the window."""
    return User(window, qtbot)


@pytest.fixture
def click(user):
    """Click on the canvas at (y, x) of the world."""
    return user.click


@pytest.fixture
def drag(user):
    """Drag on the canvas from one position of the world to another."""
    return user.drag


@pytest.fixture
def press(user):
    """Press a key on the canvas."""
    return user.press
