"""Pieces that the tests of edits share: movies, sessions, and what must hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.planning import Step
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.core.tracks import ANCHOR, CELLS, COMPUTED
from napari_sam2_ivos.testing.segmenter import FakeSegmenter

N_FRAMES, HEIGHT, WIDTH = 10, 60, 80
PLANE = (HEIGHT, WIDTH)
RESTS, MOVES = (15, 15), (45, 15)
"""Where the two squares of `blob_movie` are on frame 0."""


def blob_movie(n_frames=N_FRAMES):
    """Two bright squares on black: one at rest, one that moves to the right."""
    data = np.zeros((n_frames, HEIGHT, WIDTH), np.uint16)
    for t in range(n_frames):
        data[t, 10:20, 10:20] = 1000
        data[t, 40:50, 10 + 3 * t : 20 + 3 * t] = 1000
    return Movie(data)


class Remembering(FakeSegmenter):
    """Tracks first what it lacks, and knows who else is there, as the engine does."""

    def __init__(self, movie):
        super().__init__(movie)
        self._known = {}
        self._blobs_on = {}

    def run(self, plan, should_stop=None):
        for step in plan.steps:
            for track_id in step.track_ids:
                self._catch_up(plan, step, track_id)
            alone = replace(plan, steps=(step,))
            for result in super().run(alone, should_stop):
                masks = self._note(plan, result)
                yield replace(result, objects=masks, others=self._others(step))

    def _note(self, plan, result):
        masks = tuple(self._sure(plan, result.frame, mask) for mask in result)
        if not result.is_glance:
            self._known |= {(m.track_id, result.frame): m for m in masks}
        return masks

    def _sure(self, plan, frame, mask):
        """Give a mask that the user gave the highest logits, as the engine does."""
        prompts = plan.prompts[mask.track_id].get(frame)
        if prompts is None or prompts.given is None:
            return mask
        return replace(mask, logits=mask.logits * np.float32(20))

    def _blobs(self, frame):
        if frame not in self._blobs_on:
            self._blobs_on[frame], _ = ndimage.label(self.movie.plane(frame) > 0)
        return self._blobs_on[frame]

    def _catch_up(self, plan, step, track_id):
        own, by = plan.prompts[track_id], 1 if step.reverse else -1
        if step.is_glance or step.frame in own:
            return
        frames, at = [], step.frame + by
        while 0 <= at < self.movie.n_frames and (track_id, at) not in self._masks:
            frames.append(at)
            if at in own:
                break
            at += by
        steps = tuple(Step(at, (track_id,), step.reverse) for at in reversed(frames))
        for result in super().run(replace(plan, steps=steps)):
            self._note(plan, result)

    def _others(self, step):
        return tuple(
            mask
            for (track_id, frame), mask in self._known.items()
            if frame == step.frame
            and track_id not in step.track_ids
            and (track_id, frame) in self._masks
        )


def session_on(movie):
    return Session(movie, Remembering(movie), np.zeros(movie.shape, np.uint16))


def two_tracked():
    """Object 1 on the square at rest, 2 on the one that moves, tracked to the end."""
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS])
    session.add_points(2, 0, [MOVES])
    run(session)
    return session


def run(session, *args, **kwargs):
    """Propagate; return the frames computed, in order."""
    return [result.frame for result in session.propagate(*args, **kwargs)]


def square(top, left, side=10):
    plane = np.zeros(PLANE, bool)
    plane[top : top + side, left : left + side] = True
    return plane


def frames_with(session, track_id):
    """Frames on which an object has pixels."""
    labels = np.asarray(session.labels)
    return np.flatnonzero((labels == track_id).any(axis=(1, 2))).tolist()


def picture(session):
    """Return all there is of a session, to be compared with `==` by `assert_same`."""
    tracks = {
        track_id: {
            "prompts": dict(track.prompts),
            "name": track.name,
            "class": track.class_name,
            "parent": track.parent,
            "lifespan": track.lifespan,
            "is_locked": track.is_locked,
            **{name: getattr(track, name).copy() for name in CELLS},
        }
        for track_id, track in session.tracks.items()
    }
    return np.array(session.labels), tracks


def assert_same(now, before):
    assert now[1].keys() == before[1].keys()
    for track_id, track in before[1].items():
        for what, value in track.items():
            message = f"{what} of object {track_id}"
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(now[1][track_id][what], value, message)
            else:
                assert now[1][track_id][what] == value, message
    np.testing.assert_array_equal(now[0], before[0])


def check(session):
    """Assert what must hold in any session at any time."""
    labels = np.asarray(session.labels)
    assert set(np.unique(labels).tolist()) <= {0, *session.tracks}
    for track_id, track in session.tracks.items():
        assert track.track_id == track_id
        anchors = np.flatnonzero(track.state & ANCHOR).tolist()
        assert anchors == track.anchors, "the bits of the state are the prompts"
        alive = np.isin(np.arange(len(track.state)), track.lifespan)
        assert not track.state[~alive].any(), "nothing is beyond its life"
        own = labels == track_id
        assert not own[track.state & COMPUTED == 0].any()
        for frame in np.flatnonzero(own.any(axis=(1, 2))).tolist():
            own[frame][track.window_on(frame)] = False
        assert not own.any(), "no pixel lies outside the windows"
        n_pixels = (labels == track_id).sum(axis=(1, 2))
        assert not (n_pixels > np.nan_to_num(track.area)).any()
        assert not np.nan_to_num(track.area[track.orphans()]).any(), "masks have causes"
        if track.parent is not None:
            assert track.parent in session.tracks
        ancestors, at = [], track.parent
        while at is not None:
            ancestors.append(at)
            assert track_id not in ancestors, "nobody is their own ancestor"
            at = session.tracks[at].parent
    check_patches(session.history)


def check_patches(history):
    """Assert that only what can still be undone or done again is kept."""
    kept = history._patches._rows.execute(
        "SELECT DISTINCT action FROM patch"
    ).fetchall()
    actions = [*history._done, *history._undone, history._late]
    actions += [action.turned for action in actions if action is not None]
    numbers = {action.number for action in actions if action is not None}
    assert {number for (number,) in kept} <= numbers
