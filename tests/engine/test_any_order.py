"""Whatever the order of edits, the same prompts end in the same labels."""

from __future__ import annotations

import random

import numpy as np
import pytest

from napari_sam2_ivos.core.prompts import Box, FramePrompts, Mask, Point
from napari_sam2_ivos.engine import features, forward
from tests.engine.small import N_FRAMES, SIDE, session_on, small_model, small_movie

N_EDITS = 12
SEEDS = range(6)
LOOKS = ("whole-frame", "windows")
DIRECTIONS = ("forward", "backward", "both", "nearest")


@pytest.fixture(scope="module")
def movie():
    return small_movie()


@pytest.fixture(scope="module")
def one_anchor(tmp_path_factory):
    """As the bundled model: it goes on from one anchor."""
    return small_model(tmp_path_factory.mktemp("model"), max_anchors=1)


@pytest.fixture(scope="module")
def four_anchors(tmp_path_factory):
    """As published models: they attend to more."""
    return small_model(tmp_path_factory.mktemp("model"), max_anchors=-1)


@pytest.fixture(autouse=True)
def one_object_at_a_time(monkeypatch):
    """So that rounding is equal and labels can be compared to the last pixel."""
    monkeypatch.setitem(forward.TOKENS_PER_BATCH, "cpu", 1)
    monkeypatch.setitem(features.PIXELS_AT_ONCE, "cpu", 1)


def some_prompts(rng):
    """A few clicks, a box, a mask, or the word that the object is gone."""
    y, x = rng.randrange(5, SIDE - 25), rng.randrange(5, SIDE - 25)
    kind = rng.choice(("points", "points", "box", "mask", "gone"))
    if kind == "points":
        extra = (Point(y + 9, x + 7, positive=False),) * rng.randrange(2)
        return FramePrompts(points=(Point(y, x), *extra))
    if kind == "box":
        return FramePrompts(box=Box(y, x, y + 20, x + 15))
    plane = np.zeros((SIDE, SIDE), bool)
    if kind == "mask":
        plane[y : y + 20, x : x + 18] = True
    return FramePrompts(mask=Mask.from_plane(plane))


def edit(session, rng, direction, *, correct):
    """Do something that a user might do next."""
    track_id, frame = rng.randint(1, 3), rng.randrange(N_FRAMES)
    track = session.tracks.get(track_id)
    act = rng.choice(("prompt", "prompt", "take back", "delete", "track", "cancel"))
    if act == "prompt":
        prompts = some_prompts(rng)
        if correct and prompts.points:
            session.add_points(track_id, frame, [(p.y, p.x) for p in prompts.points])
        else:
            session.set_prompts(track_id, frame, prompts)
        if rng.random() < 0.7:
            session.preview(frame)
    elif act == "take back" and track is not None:
        at = rng.choice(track.anchors)
        session.remove_prompts(track_id, at)
        if not track.prompts:
            session.remove_object(track_id)
    elif act == "delete" and track is not None and rng.random() < 0.3:
        session.remove_object(track_id)
    elif act in ("track", "cancel") and session.tracks:
        start = rng.randrange(N_FRAMES - 1)
        frames = (start, rng.randint(start + 1, N_FRAMES))
        ids = rng.sample(sorted(session.tracks), rng.randint(1, len(session.tracks)))
        run = session.propagate(direction or rng.choice(DIRECTIONS), frames, ids)
        for n, _ in enumerate(run):
            if act == "cancel" and n == 2:
                break


def edited(model, movie, rng, look_at, direction=None, *, correct):
    """Return a session after some edits, with at least one object left."""
    session = session_on(model, movie, look_at=look_at)
    n_edits = 0
    while n_edits < N_EDITS or not session.tracks:
        edit(session, rng, direction, correct=correct)
        n_edits += 1
    return session


def replayed(session, model, movie, rng, look_at, direction):
    """Return the labels of a session that got nothing but the prompts."""
    fresh = session_on(model, movie, look_at=look_at)
    cells = [(i, t) for i, track in session.tracks.items() for t in track.prompts]
    rng.shuffle(cells)
    for track_id, frame in cells:
        fresh.set_prompts(track_id, frame, session.tracks[track_id].prompts[frame])
    list(fresh.propagate(direction))
    return fresh.labels


@pytest.mark.parametrize("direction", ["forward", "backward", "nearest"])
@pytest.mark.parametrize("seed", SEEDS)
def test_edits_recomputed_as_far_as_they_are_stale(one_anchor, movie, seed, direction):
    rng, look_at = random.Random(seed), LOOKS[seed % 2]
    session = edited(one_anchor, movie, rng, look_at, direction, correct=False)
    list(session.propagate(direction))
    expected = replayed(session, one_anchor, movie, rng, look_at, direction)
    np.testing.assert_array_equal(session.labels, expected)


@pytest.mark.parametrize("name", ["one_anchor", "four_anchors"])
@pytest.mark.parametrize("seed", SEEDS)
def test_edits_and_corrections_all_recomputed(name, movie, seed, request):
    """Whatever was tracked before, in whatever direction."""
    model = request.getfixturevalue(name)
    rng, look_at = random.Random(seed), LOOKS[seed % 2]
    session = edited(model, movie, rng, look_at, correct=True)
    direction = rng.choice(("both", "nearest"))  # these reach every frame
    list(session.propagate(direction, recompute=True))
    expected = replayed(session, model, movie, rng, look_at, direction)
    np.testing.assert_array_equal(session.labels, expected)
