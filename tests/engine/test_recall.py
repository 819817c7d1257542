"""A memory says where things lie around an object, in whatever window it is seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from napari_sam2_ivos.core.guards import Extent
from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine.memory import Key, Memory
from napari_sam2_ivos.engine.paste import OUTSIDE_LOGIT, paste, regrid
from napari_sam2_ivos.engine.recall import _shift, moved
from napari_sam2_ivos.engine.windows import Look
from tests.engine.discs import Disc, Discs, begin, iou_of

GRID = 80


# ---- grids over views --------------------------------------------------------


def blob(view, y, x, radius, n=GRID):
    """Mask logits of a disc on the grid over a view."""
    at_y = view.top + (np.arange(n) + 0.5) * view.height / n - 0.5
    at_x = view.left + (np.arange(n) + 0.5) * view.width / n - 0.5
    away = np.hypot(at_y[:, None] - y, at_x - x)
    return np.clip((radius - away) * n / view.height, -8, 8).astype(np.float32)


@pytest.mark.parametrize("view", [View(30, 50, 113, 113), View(0, 400, 320, 320)])
@pytest.mark.parametrize("at", [(0.5, 0.5), (0.1, 0.9), (1.0, 0.3)])
def test_a_mask_in_a_window_is_enlarged_as_torch_does_it(view, at):
    y, x = view.top + at[0] * view.height, view.left + at[1] * view.width
    low_res = blob(view, y, x, view.height / 6)
    whole = F.interpolate(
        torch.from_numpy(low_res)[None, None], view[2:], mode="bilinear"
    )[0, 0].numpy()
    top, left, logits = paste(low_res, view)
    assert view.top <= top
    assert view.left <= left
    assert top + logits.shape[0] <= view.rows.stop
    assert left + logits.shape[1] <= view.columns.stop
    pasted = np.zeros(whole.shape, bool)
    rows = slice(top - view.top, top - view.top + logits.shape[0])
    columns = slice(left - view.left, left - view.left + logits.shape[1])
    pasted[rows, columns] = logits > 0
    decided = abs(whole) > 1e-4
    np.testing.assert_array_equal(pasted[decided], whole[decided] > 0)
    np.testing.assert_allclose(logits, whole[rows, columns], atol=1e-4)


def test_a_grid_over_the_same_view_is_the_same():
    low_res = np.random.default_rng(0).normal(size=(GRID, GRID)).astype(np.float32)
    view = View(3, 5, 200, 200)
    np.testing.assert_array_equal(regrid(low_res, view, view, GRID), low_res)


@pytest.mark.parametrize(("down", "right"), [(3, 0), (-5, 7), (0, -20)])
def test_a_grid_over_a_view_that_lies_whole_cells_off_is_moved(down, right):
    low_res = np.random.default_rng(0).normal(size=(GRID, GRID)).astype(np.float32)
    view = View(100, 100, 2 * GRID, 2 * GRID)
    other = view._replace(top=100 + 2 * down, left=100 + 2 * right)
    found = regrid(low_res, view, other, GRID)
    assert found.shape == low_res.shape
    rows, columns = np.arange(GRID) + down, np.arange(GRID) + right
    seen = np.ix_((rows >= 0) & (rows < GRID), (columns >= 0) & (columns < GRID))
    expected = low_res[rows[rows // GRID == 0]][:, columns[columns // GRID == 0]]
    np.testing.assert_allclose(found[seen], expected, atol=1e-5)
    unseen = np.ones(found.shape, bool)
    unseen[seen] = False
    np.testing.assert_array_equal(found[unseen], OUTSIDE_LOGIT)


def test_a_view_that_saw_nothing_of_another_knows_nothing_of_it():
    low_res = np.full((GRID, GRID), 8, np.float32)
    found = regrid(low_res, View(0, 0, 100, 100), View(300, 300, 100, 100), GRID)
    np.testing.assert_array_equal(found, OUTSIDE_LOGIT)


@pytest.mark.parametrize("view", [View(0, 0, 640, 640), View(190, 180, 226, 226)])
@pytest.mark.parametrize("n", [GRID, 112])
def test_a_mask_keeps_its_place_and_size_at_another_scale(view, n):
    small = View(254, 254, 113, 113)
    found = regrid(blob(small, 300, 310, 30), small, view, n) > 0
    truth = blob(view, 300, 310, 30, n) > 0
    assert found.shape == (n, n)
    assert iou_of(found, truth) > 0.85


# ---- moved by whole tokens ---------------------------------------------------


def test_features_are_moved_each_by_its_own_shift():
    features = torch.randn(3, 5, 8, 8)
    found = moved(features, [(0, 0), (2, -1), (-3, 0)])
    assert torch.equal(found[0], features[0])
    assert torch.equal(found[1][:, 2:, :-1], features[1][:, :-2, 1:])
    assert torch.equal(found[2][:, :-3], features[2][:, 3:])
    for row in (0, 1):  # what comes in is a copy of the border
        assert torch.equal(found[1][:, row, :-1], features[1][:, 0, 1:])


def test_features_that_are_moved_far_away_leave_background_and_no_error():
    features = torch.randn(1, 5, 8, 8)
    found = moved(features, [(100, -100)])
    assert torch.equal(found, features[:, :, :1, -1:].expand_as(features))


def seen_at(y, x, view, area=100.0):
    extent = Extent(area, y, x, y - 5, x - 5, y + 5, x + 5)
    return Memory(b"", np.zeros(1, np.float32), 1.0, 1.0, extent, view, False)


def test_a_memory_is_moved_to_where_its_object_is_expected():
    """In tokens of the window, 8 pixels long here."""
    view = View(100, 100, 160, 160)
    memory = seen_at(180, 180, view)
    assert _shift(memory, view, Look(view, 180, 180, 10), 20) == (0, 0)
    assert _shift(memory, view, Look(view, 188, 164, 10), 20) == (1, -2)
    there = View(140, 60, 160, 160)
    assert _shift(memory, view, Look(there, 180, 180, 10), 20) == (-5, 5)
    follows = View(140, 140, 160, 160)
    assert _shift(memory, view, Look(follows, 220, 220, 10), 20) == (0, 0)


def test_a_memory_of_nothing_is_not_moved():
    view = View(100, 100, 160, 160)
    memory = seen_at(np.nan, np.nan, view, area=0.0)
    there = View(140, 60, 160, 160)
    assert _shift(memory, view, Look(there, 180, 180, 10), 20) == (0, 0)


# ---- by the model that is shipped --------------------------------------------


@pytest.fixture(scope="module")
def session():
    """An object that was clicked on, and another one beside it."""
    discs = Discs([[Disc(300, 300, 18), Disc(330, 350, 14)]] * 6)
    session = begin(discs)
    session.preview(0)
    return session


@pytest.fixture(scope="module")
def make(session):
    """Make memory features of a mask in a view of frame 0, (C, H, W)."""
    forward = session.segmenter._tracker._forward

    def of(view, grid):
        with torch.inference_mode():
            made = forward.encode_grids(0, [view], grid[None], [5.0], from_prompts=True)
        return made[0].float()

    return of


def likeness(one, other):
    """Mean cosine similarity of tokens."""
    return F.cosine_similarity(one, other, dim=0).mean().item()


def at(features, view, reach=3):
    """Tokens around the object, less what all tokens have in common."""
    features = features - features.mean(dim=(1, 2), keepdim=True)
    size = view.height / features.shape[-1]
    row, column = int((300 - view.top) / size), int((300 - view.left) / size)
    rows, columns = (slice(i - reach, i + reach + 1) for i in (row, column))
    return features[:, rows, columns]


@pytest.mark.parametrize(("down", "right"), [(2, 0), (-2, 3), (3, -3)])
def test_a_moved_memory_is_what_the_other_window_would_have_made(make, down, right):
    """Where windows lie whole tokens off."""
    view = View(220, 220, 160, 160)
    first = make(view, blob(view, 300, 300, 18))
    n = first.shape[-1]
    size = view.height // n
    other = view._replace(top=220 + size * down, left=220 + size * right)
    look, memory = Look(other, 300, 300, 36), seen_at(300, 300, view)
    shift = _shift(memory, view, look, n)
    assert shift == (-down, -right)
    direct = at(make(other, blob(other, 300, 300, 18)), other)
    put = at(moved(first[None], [shift])[0], other)
    left = at(first, other)
    assert likeness(put, direct) > 0.85
    assert likeness(left, direct) < likeness(put, direct) - 0.3


@pytest.mark.parametrize("other", [View(180, 180, 226, 226), View(0, 0, 640, 640)])
def test_a_memory_at_another_scale_is_what_that_view_would_have_made(make, other):
    view = View(220, 220, 160, 160)
    grid = blob(view, 300, 300, 18)
    again = at(make(other, regrid(grid, view, other, GRID)), other, 2)
    direct = at(make(other, blob(other, 300, 300, 18)), other, 2)
    first = at(make(view, grid), view, 2)
    assert likeness(again, direct) > 0.9
    assert likeness(first, direct) < likeness(again, direct) - 0.1


def test_what_was_let_go_of_is_made_again_and_gives_the_same(session):
    """While the object goes on in windows that move."""
    walk = Discs([[Disc(200 + 6 * t, 200 + 9 * t, 16)] for t in range(9)])
    kept, made_again = begin(walk), begin(walk)
    list(kept.propagate())
    views = {tuple(view) for view in kept.tracks[1].view.tolist()}
    assert len(views) > 1, "else this test shows nothing"
    for _ in made_again.propagate():
        made_again.segmenter._bank._features.clear()
    np.testing.assert_array_equal(kept.labels, made_again.labels)
    assert not kept.tracks[1].flag.any()


def test_each_frame_remembers_the_view_that_it_was_seen_in(session):
    list(session.propagate())
    bank = session.segmenter._bank
    for frame in range(6):
        memory = bank.shown(1, frame)
        assert tuple(memory.view) == tuple(session.tracks[1].view[frame])
        assert memory.flag is Flag.NONE
        key = Key(1, frame, frame == 0)
        bank._near.pop(key)
        read = bank.get(key)
        assert read.view == memory.view
        assert read.extent == memory.extent
