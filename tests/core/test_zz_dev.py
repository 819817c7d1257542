"""Whatever is done in whatever order, what must hold holds and all can be undone."""

from __future__ import annotations

import numpy as np
from hypothesis import settings, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from napari_sam2_ivos.core.edits import existing, identity, lives, notes
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import Box, FramePrompts, Mask, Point
from napari_sam2_ivos.core.tracks import FINE
from tests.core.bench import assert_same, check, picture, session_on

N_FRAMES, HEIGHT, WIDTH = 7, 20, 24
IDS = st.integers(1, 5)
FRAMES = st.integers(0, N_FRAMES - 1)
RANGES = st.tuples(FRAMES, FRAMES).map(lambda ends: range(min(ends), max(ends) + 1))
SQUARES = st.tuples(
    st.integers(0, HEIGHT - 8), st.integers(0, WIDTH - 8), st.integers(3, 8)
)


def crowd():
    """Three squares of which two touch and part, and one leaves the image."""
    data = np.zeros((N_FRAMES, HEIGHT, WIDTH), np.uint16)
    for t in range(N_FRAMES):
        data[t, 2:8, 2:8] = 1000
        data[t, 4:9, 14 - 2 * abs(3 - t) : 18 - 2 * abs(3 - t)] = 1000
        data[t, 12:17, 3 + 4 * t : 8 + 4 * t] = 1000
    return Movie(data)


def square(where):
    top, left, side = where
    plane = np.zeros((HEIGHT, WIDTH), bool)
    plane[top : top + side, left : left + side] = True
    return Mask.from_plane(plane)


PROMPTS = st.one_of(
    st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1)).map(
        lambda at: FramePrompts(points=(Point(*map(float, at)),))
    ),
    SQUARES.map(square).map(lambda mask: FramePrompts(mask=mask)),
    SQUARES.map(
        lambda at: FramePrompts(box=Box(*at[:2], at[0] + at[2], at[1] + at[2]))
    ),
    st.just(FramePrompts(mask=Mask.from_plane(np.zeros((1, 1))))),
)


class AnyEdits(RuleBasedStateMachine):
    """A user who does anything."""

    def __init__(self):
        super().__init__()
        self.session = session_on(crowd())
        self.locked = {}

    @initialize(tracks=st.booleans())
    def begin(self, tracks):
        for track_id, at in ((1, (5, 5)), (2, (6, 9)), (3, (14, 5))):
            self.session.add_points(track_id, 0, [at])
        if tracks:
            list(self.session.propagate())

    def edit(self, act, *args, **kwargs):
        """Do something; what is refused changes nothing."""
        before = picture(self.session)
        try:
            act(self.session, *args, **kwargs)
        except PromptError:
            assert_same(picture(self.session), before)

    @rule(track_id=IDS, frame=FRAMES, prompts=PROMPTS, answers=st.booleans())
    def prompt(self, track_id, frame, prompts, answers):
        self.edit(lambda s: s.set_prompts(track_id, frame, prompts))
        if answers:
            self.session.preview(frame)

    @rule(track_id=IDS, frame=FRAMES, at=st.tuples(st.integers(0, 19), FRAMES))
    def click(self, track_id, frame, at):
        self.edit(lambda s: s.add_points(track_id, frame, [at]))

    @rule(frame=FRAMES)
    def preview(self, frame):
        self.session.preview(frame)

    @rule(
        direction=st.sampled_from(["forward", "backward", "both", "nearest"]),
        frames=RANGES,
        n=st.integers(1, 9),
        recompute=st.booleans(),
    )
    def track(self, direction, frames, n, recompute):
        results = self.session.propagate(direction, frames, recompute=recompute)
        for _ in zip(range(n), results, strict=False):
            pass

    @rule(track_id=IDS, frame=FRAMES)
    def clear(self, track_id, frame):
        self.edit(lambda s: s.remove_prompts(track_id, frame))

    @rule(track_id=IDS)
    def delete(self, track_id):
        self.edit(lambda s: s.remove_object(track_id))

    @rule(
        source=IDS,
        into=IDS,
        frames=st.none() | RANGES,
        keep=st.sampled_from([None, "source", "target", "both"]),
    )
    def reassign(self, source, into, frames, keep):
        self.edit(identity.reassign, source, into, frames, keep)

    @rule(track_id=IDS, frame=FRAMES)
    def split(self, track_id, frame):
        self.edit(identity.split, track_id, frame)

    @rule(a=IDS, b=IDS, frame=FRAMES)
    def swap(self, a, b, frame):
        self.edit(identity.swap, a, b, frame)

    @rule(track_id=IDS, frames=RANGES)
    def cut(self, track_id, frames):
        self.edit(lives.cut, track_id, frames)

    @rule(track_id=IDS, frames=RANGES)
    def delete_frames(self, track_id, frames):
        self.edit(lives.delete_frames, track_id, frames)

    @rule(track_id=IDS, frame=FRAMES)
    def fill_gap(self, track_id, frame):
        self.edit(lives.fill_gap, track_id, frame)

    @rule(track_id=IDS, frame=FRAMES)
    def divide(self, track_id, frame):
        self.edit(lives.divide, track_id, frame)

    @rule(child=IDS, parent=st.none() | IDS)
    def set_parent(self, child, parent):
        self.edit(lives.set_parent, child, parent)

    @rule(track_id=IDS, frame=FRAMES, accepts=st.booleans())
    def accept(self, track_id, frame, accepts):
        self.edit(notes.accept if accepts else notes.reopen, track_id, frame)

    @rule(track_id=IDS, frames=RANGES, name=st.sampled_from("ab"))
    def note(self, track_id, frames, name):
        self.edit(notes.mark_fine, track_id, frames)
        self.edit(notes.set_name, track_id, name)

    @rule(track_id=IDS, is_locked=st.booleans())
    def lock(self, track_id, is_locked):
        self.edit(notes.set_locked, [track_id], is_locked)
        self.see_locked()

    @rule(frame=FRAMES, at=SQUARES)
    def take_over(self, frame, at):
        plane = square(at).to_plane((HEIGHT, WIDTH)) * np.uint8(at[0] % 5 + 1)
        self.edit(existing.take_over, frame, plane, renumber=True)

    @precondition(lambda self: not self.session.tracks)
    @rule(keeps=st.booleans())
    def load(self, keeps):
        labels = np.array(crowd().data > 0, np.uint16)
        labels[:, 10:] *= 4
        steps = existing.adopt_stack(self.session, labels.__getitem__)
        for _ in zip(range(9 if keeps else 3), steps, strict=False):
            pass
        steps.close()

    @rule(n=st.integers(1, 4))
    def undo_some(self, n):
        for _ in range(n):
            self.session.undo()
        self.see_locked()

    @rule()
    def redo_one(self):
        self.session.redo()
        self.see_locked()

    @rule()
    def undo_all_and_redo_all(self):
        while self.session.redo():
            pass
        self.see_locked()
        pictures = [picture(self.session)]
        while self.session.undo():
            check(self.session)
            pictures.append(picture(self.session))
        assert not self.session.tracks
        assert not np.any(self.session.labels)
        for before in pictures[-2::-1]:
            assert self.session.redo()
            check(self.session)
            assert_same(picture(self.session), before)

    def see_locked(self):
        labels, tracks = picture(self.session)
        self.locked = {
            i: (labels == i, track) for i, track in tracks.items() if track["is_locked"]
        }

    @invariant()
    def what_must_hold_holds(self):
        check(self.session)

    @invariant()
    def locked_objects_stay_as_they_are(self):
        labels, tracks = picture(self.session)
        for track_id, (shown, track) in self.locked.items():
            np.testing.assert_array_equal(labels == track_id, shown)
            np.testing.assert_equal(_masks(tracks[track_id]), _masks(track))


def _masks(track):
    """Return all of an object but what may be noted about a locked one."""
    kept = {k: v for k, v in track.items() if k not in ("name", "parent")}
    return kept | {"state": track["state"] & ~np.uint8(FINE)}


TestAnyEdits = AnyEdits.TestCase
TestAnyEdits.settings = settings(
    max_examples=1500, stateful_step_count=40, deadline=None, phases=(Phase.generate,), database=None
)
