"""How masks share a label plane."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core import compositing, regions
from napari_sam2_ivos.core.compositing import neighbour_of
from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.planning import Plan
from napari_sam2_ivos.core.regions import everything
from napari_sam2_ivos.core.results import FrameResult, ObjectMask
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.core.tracks import Track


def mask(track_id, top, left, logits, **kwargs):
    logits = np.asarray(logits, np.float32)
    return ObjectMask(track_id, top, left, logits, 5.0, 0.9, **kwargs)


def compose(plane, result, prompted=()):
    """Compose with masks that may have been anywhere before."""
    windows = {mask.track_id: everything(plane.shape) for mask in result}
    return compositing.compose(plane, result, windows, prompted)


def test_where_two_cells_touch_the_higher_logit_wins_whatever_the_id():
    plane = np.zeros((4, 6), np.uint16)
    left, right = np.full((4, 4), 2.0), np.full((4, 4), 1.0)
    for first, second in ((1, 2), (2, 1)):
        masks = (mask(first, 0, 0, left), mask(second, 0, 2, right))
        out = compose(plane, FrameResult(0, masks))
        assert (out[:, :4] == first).all()
        assert (out[:, 4:] == second).all()


def test_what_the_user_prompted_wins_over_any_logit():
    masks = (
        mask(1, 0, 0, np.full((2, 2), 50.0)),
        mask(2, 0, 0, np.full((2, 2), 1.0), is_anchor=True),
    )
    out = compose(np.zeros((2, 2), np.uint16), FrameResult(0, masks))
    assert (out == 2).all()


def test_labels_of_objects_that_were_not_computed_are_never_overwritten():
    plane = np.full((4, 4), 9, np.uint16)
    plane[:, 2:] = 0
    out = compose(plane, FrameResult(0, (mask(1, 0, 0, np.full((4, 4), 50.0)),)))
    assert (out[:, :2] == 9).all()
    assert (out[:, 2:] == 1).all()


def test_a_prompted_mask_takes_pixels_from_tracked_ones_but_not_from_prompted_ones():
    plane = np.full((2, 2), 9, np.uint16)
    result = FrameResult(0, (mask(1, 0, 0, np.full((2, 2), 1.0), is_anchor=True),))
    assert (compose(plane, result) == 1).all()
    assert (compose(plane, result, prompted=[9]) == 9).all()


def test_holes_and_detached_parts_are_kept():
    logits = np.full((5, 9), -3.0)
    logits[:, :5] = 3.0
    logits[2, 2] = -3.0
    logits[4, 8] = 3.0
    out = compose(np.zeros((5, 9), np.uint16), FrameResult(0, (mask(1, 0, 0, logits),)))
    np.testing.assert_array_equal(out == 1, logits > 0)


def test_an_object_that_is_gone_loses_its_old_pixels():
    plane = np.ones((3, 3), np.uint16)
    out = compose(plane, FrameResult(0, (mask(1, 0, 0, np.zeros((0, 0))),)))
    assert not out.any()
    assert plane.all(), "the plane given is not changed"


# ---- by parts --------------------------------------------------------------


class Nobody:
    """A segmenter that computes nothing."""

    def forget(self, *args):
        pass


class Counting:
    """A label store that counts the pixels read and written."""

    def __init__(self, shape, chunks=(1, 1, 1)):
        self.chunks = chunks
        self.array = np.zeros(shape, np.uint16)
        self.shape, self.dtype = self.array.shape, self.array.dtype
        self.n_read = self.n_written = 0
        self.full_after = None

    def __getitem__(self, index):
        part = self.array[index]
        self.n_read += part.size
        return part

    def __setitem__(self, index, value):
        if self.full_after == 0:
            raise OSError(28, "No space left on device")
        if self.full_after is not None:
            self.full_after -= 1
        self.n_written += self.array[index].size
        self.array[index] = value


def session_with(n_objects, store):
    session = Session(Movie(np.broadcast_to(0, store.shape)), Nobody(), store)
    with session.action("Begin"):
        for track_id in range(1, n_objects + 1):
            session.put_track(Track(track_id, store.shape[0]))
    return session


def apply(session, *masks, others=()):
    versions = {i: track.version for i, track in session.tracks.items()}
    session.apply(FrameResult(0, masks, tuple(others)), Plan((), {}, versions))


def disc(track_id, top, left, side=20):
    """A round mask, surest in its middle."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return mask(track_id, top, left, side / 2 - np.hypot(y, x))


@pytest.mark.parametrize(("few_pixels", "chunk"), [(0, 1), (2**16, 1), (0, 128)])
def test_by_parts_everything_is_as_of_the_whole_plane(monkeypatch, few_pixels, chunk):
    monkeypatch.setattr(regions, "FEW_PIXELS", few_pixels)
    shape, n_objects = (1400, 1800), 14
    noise = np.random.default_rng(3)
    session = session_with(n_objects, Counting((1, *shape), (1, chunk, chunk)))
    emitted, known, planes, n_regions = [], {}, [], set()
    session.labels_changed.connect(emitted.append)
    corners = noise.integers(0, (1340, 1740), (n_objects + 1, 2))
    corners[:6] = corners[0] // 2 + noise.integers(0, 40, (6, 2))  # a crowd
    for step in range(60):
        some = noise.permutation(np.arange(1, n_objects + 1))[: noise.integers(1, 9)]
        masks = []
        for i in some.tolist():
            corners[i] = corners[i] + noise.integers(-9, 10, 2)
            if noise.random() < 0.05:
                corners[i] = noise.integers(0, (1340, 1740))
            top, left = corners[i] = corners[i].clip(0, (1340, 1740))
            logits = noise.normal(0, 3, noise.integers(0, 60, 2)).round(1) + 2
            is_anchor = noise.random() < 0.2
            masks.append(mask(i, int(top), int(left), logits, is_anchor=is_anchor))
        session.tracks[1].is_locked = step % 4 == 0
        locked = [1] if step % 4 == 0 else []
        masks = [m for m in masks if m.track_id not in locked]
        others = [m for i, m in known.items() if i not in (*some, *locked)]
        together = (*masks, *others)
        windows = {
            m.track_id: session.tracks[m.track_id].window_on(0) for m in together
        }
        before = session.plane(0).copy()
        expected = compositing.compose(
            before, FrameResult(0, tuple(masks), tuple(others)), windows, locked
        )
        session.history.begin(f"Step {step}")
        apply(session, *masks, others=others)
        known |= {m.track_id: m for m in masks}
        np.testing.assert_array_equal(session.plane(0), expected)
        for m in masks:
            neighbour = session.tracks[m.track_id].neighbour[0]
            assert neighbour == neighbour_of(expected, m)
        planes.append(before)
        n_regions.add(len(session.gather([m.window for m in together])))
    assert max(n_regions) > 3
    assert len(emitted) == 60
    while planes:
        session.undo()
        np.testing.assert_array_equal(session.plane(0), planes.pop())


def test_small_objects_on_a_large_plane_touch_hardly_any_of_it():
    side = 8192
    store = Counting((1, side, side))
    session = session_with(10, store)
    corners = np.random.default_rng(0).integers(0, side - 40, (10, 2)).tolist()
    emitted = []
    session.labels_changed.connect(lambda *args: emitted.append(args))
    session.history.begin("Track")
    apply(session, *(disc(i, *at, 40) for i, at in enumerate(corners, 1)))
    ((frame, windows),) = emitted
    assert frame == 0
    told = np.zeros((side, side), bool)
    for window in windows:
        told[window] = True
    assert told[store.array[0] != 0].all()
    assert told.sum() < 0.01 * side**2
    apply(session, *(disc(i, y, x + 3, 37) for i, (y, x) in enumerate(corners, 1)))
    assert store.n_read + store.n_written < 0.01 * side**2
    y, x = corners[4]
    assert store.array[0, y + 20, x + 20] == 5
    assert not store.array[0, y + 20, x + 1]
    store.n_read = store.n_written = 0
    session.undo()
    assert not store.array.any()
    session.redo()
    assert store.array[0, y + 20, x + 20] == 5
    session.remove_object(5)
    assert not (store.array[0, y : y + 40, x : x + 40] == 5).any()
    assert store.n_read + store.n_written < 0.01 * side**2


def test_where_a_full_disk_took_some_parts_only_no_pixel_is_forgotten():
    store = Counting((1, 900, 900))
    session = session_with(2, store)
    session.history.begin("Track")
    store.full_after = 1
    with pytest.raises(StoreError, match="No space left"):
        apply(session, disc(1, 10, 10), disc(2, 800, 800))
    store.full_after = None
    assert (store.array == 1).any()
    apply(session, disc(1, 50, 50), disc(2, 800, 800))
    assert not store.array[0, 10:30, 10:30].any()
    session.undo()
    assert not store.array.any()


def test_regions_hold_every_window_once_and_do_not_overlap():
    noise = np.random.default_rng(0)
    for chunk in ((1, 1), (512, 512), (64, 300)):
        starts = noise.integers(-1, 5000, (60, 2))
        windows = [
            (slice(y, y + h), slice(x, x + w))
            for (y, x), (h, w) in zip(
                starts.tolist(), noise.integers(0, 90, (60, 2)).tolist(), strict=True
            )
        ]
        covered = np.zeros((5000, 5001), np.uint8)
        found = []
        for (rows, columns), members in regions.regions(windows, (5000, 5001), chunk):
            covered[rows, columns] += 1
            found += members
            assert rows.start % chunk[0] == columns.start % chunk[1] == 0
            for at in members:
                inside = regions.common(windows[at], regions.everything((5000, 5001)))
                assert regions.common(inside, (rows, columns)) == inside
        filled = [i for i, w in enumerate(windows) if not regions.is_empty(w)]
        assert sorted(found) == filled
        assert covered.max() == 1
