"""Results reach the screen soon, and leave the window time for its user."""

from __future__ import annotations

import pytest

from napari_sam2_ivos.viewer.label_writer import LabelWriter


class Screen:
    """A clock, and a layer that takes its time."""

    def __init__(self):
        self.now, self.takes_s, self.n_shown = 0.0, 0.0, 0

    def refresh(self):
        self.now += self.takes_s
        self.n_shown += 1


@pytest.fixture
def screen():
    return Screen()


@pytest.fixture
def writer(viewer, image, screen):
    return LabelWriter(viewer, image, 0, screen.refresh, lambda: screen.now)


def test_what_is_written_at_once_is_shown_at_once_and_the_rest_soon(writer, screen):
    for _ in range(5):
        writer.on_written(0)
        screen.now += 0.01
    assert screen.n_shown == 1
    screen.now += 0.1
    writer.on_written(4)
    assert screen.n_shown == 2, "a later result, of any frame, brings the rest"
    screen.now += 1
    writer.on_written(4)
    writer.flush()
    assert screen.n_shown == 2, "nothing on screen was written"


def test_a_plane_that_takes_long_to_show_is_shown_less_often(writer, screen):
    screen.takes_s = 0.5
    for _ in range(100):
        writer.on_written(0)
        screen.now += 0.05
    assert screen.n_shown * screen.takes_s < 0.55 * screen.now
