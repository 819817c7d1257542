"""Choosing and downloading a model in the panel, from a server on this machine."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import pytest
from napari.settings import get_plugin_settings

from napari_sam2_ivos.engine import catalogue, installed
from napari_sam2_ivos.viewer.settings import PLUGIN
from napari_sam2_ivos.widgets.dock import IvosDock
from napari_sam2_ivos.widgets.model_panel import ModelPanel
from tests.engine.model_server import CONTENT, model_server
from tests.viewer.bench import A, cells
from tests.widgets.slow import SlowSegmenter


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Be the folder of models."""
    monkeypatch.delenv(catalogue.MIRROR_VARIABLE, raising=False)
    monkeypatch.setenv(installed.MODELS_DIR_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def send(monkeypatch, folder):
    """Have every model sent by a server: `send("slow")`."""
    meta = catalogue._meta
    with model_server() as server:

        def act(how):
            def entry(*about):
                real = meta(*about)
                return replace(
                    real,
                    url=f"{server.address}/{how}/{real.file_name}",
                    sha256=hashlib.sha256(CONTENT).hexdigest(),
                    size_bytes=len(CONTENT),
                )

            monkeypatch.setattr(catalogue, "_meta", entry)

        act("right")
        yield act


@pytest.fixture
def panel(send, qtbot):
    made = ModelPanel()
    qtbot.addWidget(made)
    made.show()
    made.told = []
    made.changed.connect(lambda: made.told.append("changed"))
    made.failed.connect(made.told.append)
    return made


def choose(panel, name):
    panel.model.setCurrentIndex(panel.model.findData(name))


def wait_for_end(panel, qtbot):
    qtbot.waitUntil(lambda: not panel._download_job.is_running, timeout=5000)
    qtbot.wait(50)


def test_a_new_user_sees_which_model_is_taken(panel):
    assert panel.choice.model == "auto"
    assert panel.model.currentText() == "Automatic: Bundled (small, for cells)"
    assert panel.summary == "Bundled (small, for cells)"
    assert "no other model is installed" in panel.note.text()
    assert not panel.get.isVisible()


def test_it_begins_with_what_the_user_prefers(send, qtbot):
    page = get_plugin_settings(PLUGIN).model
    page.name, page.device, page.look_at = "sam2.1-tiny", "cpu", "whole-frame"
    panel = ModelPanel()
    qtbot.addWidget(panel)
    begun = panel.choice
    assert (begun.model, begun.device) == ("sam2.1-tiny", "cpu")
    assert begun.look_at == "whole-frame"
    assert panel.look_at.currentText() == "The whole frame"


def test_a_download_shows_progress_and_ends(panel, send, folder, qtbot):
    send("slow")
    choose(panel, "sam2.1-tiny")
    assert panel.get.text() == "Download"
    assert "download)" in panel.summary
    assert not panel.told, "nothing to load yet"
    seen = []
    panel._download_job.progressed.connect(lambda *_: seen.append(panel.bar.value()))
    panel.get.click()
    assert panel.get.text() == "Stop"
    assert panel.bar.isVisible()
    wait_for_end(panel, qtbot)
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert (folder / "sam2.1_hiera_tiny.pt").read_bytes() == CONTENT
    assert panel.told == ["changed"]
    assert not panel.get.isVisible()
    assert not panel.bar.isVisible()
    assert panel.summary == "SAM 2.1 tiny"


def test_a_download_can_be_stopped(panel, send, folder, qtbot):
    send("stalled")
    choose(panel, "sam2.1-tiny")
    panel.get.click()
    qtbot.wait(300)
    panel.get.click()
    wait_for_end(panel, qtbot)
    assert not panel.told, "neither a failure nor a model to load"
    assert panel.get.text() == "Download"
    assert list(folder.iterdir()) == []


def test_a_failed_download_is_told(panel, send, folder, qtbot):
    send("gone")
    choose(panel, "sam2.1-tiny")
    panel.get.click()
    wait_for_end(panel, qtbot)
    (problem,) = panel.told
    assert "404 Not Found" in problem
    assert f"put sam2.1_hiera_tiny.pt into {folder}" in problem
    assert panel.get.text() == "Download"


def test_a_download_ends_with_its_panel(send, folder, qtbot):
    send("stalled")
    panel = ModelPanel()
    choose(panel, "sam2.1-tiny")
    panel.get.click()
    qtbot.waitUntil(lambda: any(folder.iterdir()), timeout=3000)
    panel.deleteLater()
    qtbot.waitUntil(lambda: not any(folder.iterdir()), timeout=3000)
    qtbot.wait(100)


def test_the_name_is_shown_once_the_graphics_card_is_known(
    send, folder, make_napari_viewer, qtbot
):
    (folder / "sam2.1_hiera_tiny.pt").write_bytes(CONTENT)
    viewer = make_napari_viewer(show=True)
    viewer.add_image(cells(), name="cells")

    class Loaded(SlowSegmenter):
        model_name = "sam2.1-tiny"

    dock = IvosDock(viewer, lambda choice, contrast: partial(Loaded))
    viewer.window.add_dock_widget(dock, name="tracking", area="right")
    assert dock.model_fold.text() == "Model: Automatic"
    dock.new_object()
    dock.controller.layers.points.add([0, *A])
    shown = "Model: SAM 2.1 tiny"
    qtbot.waitUntil(lambda: dock.model_fold.text() == shown, timeout=5000)
    assert dock.models.model.currentText() == "Automatic: SAM 2.1 tiny"
    device = dock.models.device
    device.setCurrentIndex(device.findData("cpu"))
    assert dock.model_fold.text() == "Model: Bundled (small, for cells)"
    assert "slow on a processor" in dock.models.note.text()
    choose(dock.models, "sam2.1-tiny")
    assert dock.model_fold.text() == "Model: SAM 2.1 tiny"
    qtbot.waitUntil(lambda: not dock.controller.schedule.is_busy, timeout=5000)
