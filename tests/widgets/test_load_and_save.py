"""Files out of and into the window: formats in a menu, masks of other programs."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QPushButton

from napari_sam2_ivos.io.exports import ctc
from napari_sam2_ivos.io.exports.formats import FORMATS
from tests.io.exports.movies import annotate
from tests.viewer.bench import A, B, cells


@pytest.fixture
def tracked(window, dock, idle, qtbot):
    """The panel with two cells that are tracked."""
    controller = dock.ensure_controller()
    controller.session.add_points(1, 0, [A])
    controller.session.add_points(2, 0, [B])
    controller.show_prompts()
    idle(dock)
    dock.toggle_tracking()
    idle(dock)
    return dock


def saved(dock, qtbot):
    qtbot.waitUntil(lambda: dock.messages.text.text().startswith("Saved"), timeout=8000)
    qtbot.waitUntil(dock.export.labels.isEnabled)
    return dock.messages.text.text()


def test_every_format_has_its_line(dock):
    """Two have a button; the menu has the rest."""
    lines = [a.text() for a in dock.export.menu.actions() if not a.isSeparator()]
    assert len(lines) + 2 == len(FORMATS)
    assert "Cell Tracking Challenge (folder) …" in lines
    assert "TrackMate (.xml) …" in lines


def test_a_folder_from_the_menu(tracked, tmp_path, qtbot, monkeypatch):
    target = tmp_path / "01_RES"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), "New folder (*)")
    )
    (line,) = (
        a for a in tracked.export.menu.actions() if a.text().startswith("Cell Tracking")
    )
    line.trigger()
    words = saved(tracked, qtbot)
    assert str(target) in words
    assert (target / "res_track.txt").read_text().splitlines() == ["1 0 5 0", "2 0 5 0"]


def test_the_ending_is_added_and_what_is_left_out_is_said(
    tracked, tmp_path, qtbot, monkeypatch
):
    tracked.controller.editing.set_class([1], "nucleus")
    monkeypatch.setattr(
        QFileDialog,
        "getSaveFileName",
        lambda *a, **k: (str(tmp_path / "labels"), "Label stack, numpy (*.npy)"),
    )
    tracked.export.ask("npy")
    words = saved(tracked, qtbot)
    assert "Label stack, numpy cannot hold classes, scores" in words
    made = np.load(tmp_path / "labels.npy")
    np.testing.assert_array_equal(made, tracked.controller.session.labels)


def test_it_can_be_stopped(tracked, tmp_path, qtbot):
    """Stop leaves what was there; buttons come back."""

    class Slow:
        shape, dtype = (500, 60, 80), np.dtype(np.uint16)

        def __getitem__(self, frame):
            sleep(0.02)
            return np.zeros((60, 80), np.uint16)

    session = tracked.controller.session
    labels, session.labels = session.labels, Slow()
    tracked.export.save("npy", tmp_path / "slow.npy")
    qtbot.waitUntil(lambda: tracked.export.bar.value() > 2, timeout=8000)
    assert tracked.export.stop.isVisibleTo(tracked.export)
    tracked.export.stop.click()
    qtbot.waitUntil(
        lambda: "nothing was saved" in tracked.messages.text.text(), timeout=8000
    )
    qtbot.waitUntil(tracked.export.labels.isEnabled)
    session.labels = labels
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_is_said(tracked, tmp_path, qtbot):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    tracked.export.save("ctc", tmp_path / "mine")
    qtbot.waitUntil(lambda: "left alone" in tracked.messages.text.text(), timeout=8000)
    qtbot.waitUntil(tracked.export.labels.isEnabled)


@pytest.mark.parametrize(
    ("answer", "anchors"), [("Keep them", [0, 2]), ("Track what", [0, 1, 2])]
)
def test_masks_of_another_program(
    window, dock, idle, tmp_path, qtbot, monkeypatch, answer, anchors
):
    """A folder is chosen, and then what becomes of its masks."""
    labels = np.where(cells() > 0, 1, 0).astype(np.uint16)
    labels[:, :, 40:] = 0
    labels[3:] = 0
    ctc.write(tmp_path / "01_RES", annotate(labels))
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *a, **k: str(tmp_path / "01_RES")
    )

    def choose():
        shown = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
        (dialog,) = (w for w in shown if isinstance(w, QDialog))
        buttons = dialog.findChildren(QPushButton)
        next(b for b in buttons if b.text().startswith(answer)).click()

    QTimer.singleShot(300, choose)
    dock.load.menu.actions()[1].trigger()
    idle(dock)
    track = dock.controller.session.tracks[1]
    assert track.anchors == anchors
    assert "1 objects loaded from '01_RES'" in dock.messages.text.text()
    np.testing.assert_array_equal(dock.controller.session.labels, labels)


def test_prompts_of_a_table(dock, idle, tmp_path, monkeypatch):
    table = Path(tmp_path / "clicks.csv")
    table.write_text(f"frame,track_id,kind,y,x,positive\n0,4,point,{A[0]},{A[1]},1\n")
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *a, **k: (str(table), "")
    )
    dock.load.prompts.click()
    idle(dock)
    assert (np.asarray(dock.controller.session.plane(0)) == 4).sum() == 100
