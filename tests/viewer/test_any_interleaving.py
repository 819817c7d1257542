"""Whatever is done while the model runs, layers, labels and objects agree."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED
from napari_sam2_ivos.viewer.requests import TrackRequest
from tests.viewer.bench import A, B, SteppedRunner, annotate

N_STEPS = 60


class Monkey:
    """Somebody who does anything at any time."""

    def __init__(self, controller, runner, seed):
        self.c = controller
        self.runner = runner
        self.random = np.random.default_rng(seed)
        self.did = []

    def anyone(self):
        ids = sorted(self.c.session.tracks)
        return int(self.random.choice(ids)) if ids else 1

    def act(self):
        acts = [
            self.step,
            self.step,
            self.step,
            self.click,
            self.click,
            self.paint,
            self.track,
            self.pause,
            self.undo,
            self.redo,
            self.edit,
            self.move,
        ]
        chosen = acts[self.random.integers(len(acts))]
        self.did.append(chosen.__name__)
        chosen()

    def step(self):
        self.runner.step()

    def move(self):
        self.c.go_to(int(self.random.integers(6)))

    def click(self):
        if self.random.random() < 0.5:
            self.c.new_object()
        else:
            self.c.select(self.anyone())
        self.c.layers.ensure()
        at = np.add((A, B)[self.random.integers(2)], self.random.integers(-3, 4, 2))
        self.c.layers.points.add([[self.c.frame, *at]])

    def paint(self):
        self.c.layers.ensure()
        at = (self.c.frame, *self.random.integers(5, 50, 2).tolist())
        self.c.layers.labels.paint(at, self.anyone())

    def track(self):
        directions = ("forward", "backward", "both", "nearest")
        self.c.track(TrackRequest(directions[self.random.integers(4)]))

    def pause(self):
        schedule = self.c.schedule
        (schedule.resume if schedule.is_paused else schedule.pause)()

    def undo(self):
        self.c.editing.undo()

    def redo(self):
        self.c.editing.redo()

    def edit(self):
        e, i, j = self.c.editing, self.anyone(), self.anyone()
        e.ask = lambda question: question.choices[0][0]
        acts = (
            lambda: e.accept(),
            lambda: e.split(i),
            lambda: e.divide(i),
            lambda: e.swap(i, j),
            lambda: e.merge(i, j),
            lambda: e.rename(i, int(self.random.integers(1, 9))),
            lambda: e.delete((i,)),
            lambda: e.delete_from_here(i),
            lambda: e.fill_gap(i),
            lambda: e.set_locked((i,), bool(self.random.integers(2))),
            lambda: e.hide((i,), bool(self.random.integers(2))),
            lambda: self.c.clear_frame(),
        )
        k = int(self.random.integers(len(acts)))
        self.did.append(str(k))
        acts[k]()


def check(c, did):
    """All say the same."""
    session = c.session
    for frame, plane in enumerate(session.labels):
        there = set(np.unique(plane).tolist()) - {0}
        assert there <= session.tracks.keys(), did
        for track_id in there:
            track = session.tracks[track_id]
            is_waiting = frame in track.prompts  # painted, and not answered yet
            assert track.state[frame] & COMPUTED or is_waiting, (did, track_id, frame)
            rows, columns = track.window_on(frame)
            outside = plane == track_id
            outside[rows, columns] = False
            assert not outside.any(), (did, track_id, frame)
    for track in session.tracks.values():
        anchors = np.flatnonzero(track.state & ANCHOR).tolist()
        assert anchors == track.anchors, did
    shown = c.layers.reader.reading.prompts
    for cell, prompts in shown.items():
        known = session.prompts(*cell)
        assert (prompts.points, prompts.box) == (known.points, known.box), (did, cell)
    said = {
        (i, frame)
        for i, track in session.tracks.items()
        for frame, prompts in track.prompts.items()
        if prompts.points
    }
    assert said <= shown.keys(), did


@pytest.mark.parametrize("seed", range(12))
def test_layers_labels_and_objects_agree_whatever_is_done(viewer, image, seed):
    runner = SteppedRunner()
    controller = annotate(viewer, image, runner)
    controller.new_object()
    monkey = Monkey(controller, runner, seed)
    for _ in range(N_STEPS):
        monkey.act()
        check(controller, monkey.did)
    controller.schedule.resume()
    runner.finish()
    check(controller, monkey.did)
    assert not controller.errors
