"""Where the model looks, chosen from what is known of an object alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from napari_sam2_ivos.core.prompts import Box, FramePrompts, Point
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine import windows as constants
from napari_sam2_ivos.engine.forward import extent_of
from napari_sam2_ivos.engine.memory import Memory, packed
from napari_sam2_ivos.engine.planes import are_large
from napari_sam2_ivos.engine.windows import Look, Windows

SIZE = 320
GRID = SIZE // 4
SQUARE, WIDE, TALL, LARGE = (640, 640), (240, 900), (2000, 700), (6000, 6000)
SHAPES = [SQUARE, WIDE, TALL, LARGE]


def windows(shape, look_at="automatic"):
    return Windows(
        plane_shape=shape, input_size=SIZE, window_size=SIZE, look_at=look_at
    )


def remembered(view, y, x, size, *, fills=None):
    """What is remembered of a square object so many pixels long."""
    at_y = view.top + (np.arange(GRID) + 0.5) * view.height / GRID - 0.5
    at_x = view.left + (np.arange(GRID) + 0.5) * view.width / GRID - 0.5
    inside = (abs(at_y - y) <= size / 2)[:, None] & (abs(at_x - x) <= size / 2)
    if fills is not None:
        inside = fills
    grid = np.where(inside, 8, -8).astype(np.float16)
    pointer = np.zeros(4, np.float32)
    return Memory(packed(grid), pointer, 5.0, 0.9, extent_of(grid, view), view, False)


def lies_inside(view, shape):
    return (
        view.top >= 0
        and view.left >= 0
        and view.top + view.height <= shape[0]
        and view.left + view.width <= shape[1]
    )


def holds_what_is_in_the_plane(view, shape, y, x, size):
    y0, y1 = np.clip([y - size / 2, y + size / 2], 0, shape[0] - 1)
    x0, x1 = np.clip([x - size / 2, x + size / 2], 0, shape[1] - 1)
    return view.holds(y0, x0, y1, x1)


def places(shape, n=200, seed=0):
    """Places and sizes of objects, many of them at the border."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        y, x = np.clip(rng.uniform(-0.2, 1.2, 2), 0, 1) * (np.array(shape) - 1)
        yield y, x, float(np.exp(rng.uniform(np.log(2), np.log(min(shape) * 0.8))))


# ---- begun -----------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("look_at", ["automatic", "windows"])
def test_a_view_lies_in_the_plane_and_holds_its_object(shape, look_at):
    chooser = windows(shape, look_at)
    for y, x, size in places(shape):
        look = chooser.look(y, x, size)
        assert lies_inside(look.view, shape)
        assert holds_what_is_in_the_plane(look.view, shape, y, x, size)
        assert (look.y, look.x, look.size) == (y, x, size)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("look_at", ["automatic", "windows"])
def test_a_larger_object_is_looked_at_in_no_smaller_view(shape, look_at):
    chooser = windows(shape, look_at)
    sizes = np.geomspace(1, min(shape), 60)
    areas = [
        look.view.height * look.view.width
        for look in (chooser.look(shape[0] / 2, shape[1] / 2, s) for s in sizes)
    ]
    assert areas == sorted(areas)
    assert areas[0] < areas[-1]


def test_automatic_looks_at_small_objects_in_windows_and_at_large_ones_whole():
    chooser = windows(SQUARE)
    assert chooser.look(320, 320, 20).view != chooser.whole
    assert chooser.look(320, 320, 250).view == chooser.whole


def test_windows_may_be_asked_for_where_the_whole_frame_would_do():
    automatic, always = windows(SQUARE), windows(SQUARE, "windows")
    sizes = np.linspace(10, 200, 50)
    whole = [
        [chooser.look(320, 320, size).view == chooser.whole for size in sizes]
        for chooser in (automatic, always)
    ]
    assert sum(whole[1]) <= sum(whole[0])
    assert not any(of and not au for au, of in zip(*whole, strict=True))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_whole_frame_and_nothing_else_if_asked_for(shape):
    chooser = windows(shape, "whole-frame")
    for y, x, size in places(shape, 30):
        look = chooser.look(y, x, size)
        assert look.view == chooser.whole
        memory = remembered(chooser.whole, y, x, max(size, shape[0] / 10))
        if not np.isnan(memory.extent.y):
            assert chooser.follow([(0, memory)], 1).view == chooser.whole
        assert chooser.larger(look) is None
        far = FramePrompts(points=(Point(0, 0), Point(shape[0] - 1.0, 0)))
        assert chooser.holding(look, far).view == chooser.whole
    assert chooser.anywhere().view == chooser.whole


def test_a_small_frame_is_looked_at_whole():
    chooser = windows((64, 64))
    assert chooser.look(20, 20, 5).view == chooser.whole
    assert chooser.larger(chooser.look(20, 20, 5)) is None


def test_large_planes_are_not_looked_at_whole():
    """Not for objects that a window has room for; small ones never need much of it."""
    chooser = windows(LARGE)
    seen = [chooser.anywhere().view]
    for y, x, size in places(LARGE):
        if size > LARGE[0] / 8:
            continue
        look = chooser.look(y, x, size)
        while look is not None:
            seen.append(look.view)
            look = chooser.larger(look)
        seen += [look.view for look in chooser.ladder(y, x)]
        view = chooser.look(y, x, size).view
        seen.append(chooser.follow([(0, remembered(view, y, x, size))], 1).view)
    assert chooser.whole not in seen
    assert all(look.view.height <= constants.LARGEST for look in chooser.ladder(0, 0))


NOT_THIS = Point(5900, 5900, positive=False)


@pytest.mark.parametrize("points", [(Point(100, 100), NOT_THIS), (NOT_THIS,)])
def test_nor_are_they_because_of_not_this_far_away(points):
    chooser = windows(LARGE)
    look = chooser.look(100, 100, 30)
    assert chooser.holding(look, FramePrompts(points=points)) == look


@pytest.mark.parametrize(
    "prompts",
    [
        FramePrompts(points=(Point(100, 100), Point(5900, 5900))),
        FramePrompts(box=Box(10, 10, 5900, 300)),
    ],
    ids=["two clicks", "a long box"],
)
def test_unless_prompts_fit_into_nothing_less(prompts):
    chooser = windows(LARGE)
    assert chooser.holding(chooser.look(100, 100, 30), prompts).view == chooser.whole


@pytest.mark.parametrize("shape", SHAPES)
def test_neighbours_share_windows(shape):
    chooser = windows(shape)
    rng = np.random.default_rng(0)
    same = 0
    for y, x, _ in places(shape, 100):
        one = chooser.look(y, x, 20)
        dy, dx = rng.uniform(-0.03, 0.03, 2) * one.view.height
        y, x = np.clip([y + dy, x + dx], 0, np.array(shape) - 1)
        same += chooser.look(y, x, 20).view == one.view
    assert same > 60


# ---- followed --------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_a_view_holds_an_object_that_walks_anywhere(shape, seed):
    """It goes half its length a frame, turns, meets the border and turns back."""
    chooser, rng = windows(shape), np.random.default_rng(seed)
    size = float(rng.choice([10, 20, 30]))
    y, x = rng.uniform(size, np.array(shape) - size)
    angle = rng.uniform(0, 2 * np.pi)
    past = [(0, remembered(chooser.look(y, x, size).view, y, x, size))]
    for frame in range(1, 60):
        angle += rng.normal(0, 0.4)
        y = np.clip(y + np.sin(angle) * size / 2, size / 2, shape[0] - size / 2)
        x = np.clip(x + np.cos(angle) * size / 2, size / 2, shape[1] - size / 2)
        look = chooser.follow(past, frame)
        assert lies_inside(look.view, shape)
        assert holds_what_is_in_the_plane(look.view, shape, y, x, size)
        past = [(frame, remembered(look.view, y, x, size)), *past[:5]]


def test_a_window_stays_where_it_is_while_its_object_moves_a_little():
    chooser = windows(SQUARE)
    first = chooser.look(300, 300, 20).view
    y, x = first.centre
    for dy, dx in [(0, 0), (3, -2), (-3, 3), (2, 2)]:
        past = [(0, remembered(first, y + dy, x + dx, 20))]
        assert chooser.follow(past, 1).view == first


def test_steady_motion_is_expected_to_go_on():
    chooser = windows(SQUARE)
    view = chooser.look(300, 300, 20).view
    past = [(1, remembered(view, 300, 310, 20)), (0, remembered(view, 300, 300, 20))]
    forward = chooser.follow(past, 2)
    assert 310 < forward.x <= 321
    assert forward.y == pytest.approx(300, abs=1.5)
    back = [(1, past[1][1]), (2, past[0][1])]  # tracked backward in time
    assert 289 <= chooser.follow(back, 0).x < 300


def test_an_object_is_expected_nowhere_but_in_the_plane():
    chooser = windows(SQUARE)
    view = chooser.look(300, 5, 20).view
    past = [(1, remembered(view, 300, 6, 20)), (0, remembered(view, 300, 36, 20))]
    look = chooser.follow(past, 9)
    assert look.x == 0
    assert lies_inside(look.view, SQUARE)


def test_one_bad_mask_changes_no_scale():
    chooser = windows(SQUARE)
    view = chooser.look(300, 300, 20).view
    good = [(t, remembered(view, 300, 300, 20)) for t in (3, 2, 1, 0)]
    for wrong in (2.0, view.height * 0.9):
        past = [(4, remembered(view, 300, 300, wrong)), *good]
        assert chooser.follow(past, 5).view.height == view.height


@pytest.mark.parametrize("factor", [4, 1 / 4])
def test_the_scale_follows_an_object_that_has_another_size_since(factor):
    chooser = windows((1000, 1000), "windows")
    size = 20 if factor > 1 else 60
    view = chooser.look(500, 500, size).view
    past = [
        (t, remembered(view, 500, 500, size * factor))
        for t in range(constants.N_SIZES + 1, 0, -1)
    ]
    now = chooser.follow(past, constants.N_SIZES + 2).view
    assert (now.height > view.height) == (factor > 1)
    assert now.height != view.height


@pytest.mark.parametrize("size", np.geomspace(8, 160, 12).round(1).tolist())
@pytest.mark.parametrize("look_at", ["automatic", "windows"])
def test_an_object_that_breathes_does_not_make_its_view_flicker(size, look_at):
    chooser = windows((1000, 1000), look_at)
    view = chooser.look(500, 500, size).view
    past, views = [(0, remembered(view, 500, 500, size))], []
    for frame in range(1, 20):
        look = chooser.follow(past, frame)
        views.append(look.view)
        now = size * (1.1 if frame % 4 < 2 else 0.9)
        past = [(frame, remembered(look.view, 500, 500, now)), *past[:5]]
    assert sum(a != b for a, b in pairwise(views)) <= 1


def test_an_object_that_was_not_there_is_looked_for_where_that_was_said():
    chooser = windows(SQUARE)
    view = View(100, 200, 113, 113)
    nothing = remembered(view, 0, 0, 0, fills=np.zeros((GRID, GRID), bool))
    assert chooser.follow([(0, nothing)], 1).view == view


# ---- searched --------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("look_at", ["automatic", "windows"])
def test_what_is_lost_is_searched_in_more_and_more(shape, look_at):
    chooser = windows(shape, look_at)
    for y, x, size in places(shape):
        look = chooser.look(y, x, size)
        while (wider := chooser.larger(look)) is not None:
            assert lies_inside(wider.view, shape)
            assert wider.view.height * wider.view.width > (
                look.view.height * look.view.width
            )
            assert wider[1:] == look[1:], "it is expected where it was"
            assert wider.view.holds(y, x, y, x)
            cells = size / max(wider.view[2:]) * GRID
            assert cells >= constants.SMALLEST_ON_GRID, "it could not be seen there"
            look = wider
        if look.view != chooser.whole and not are_large(shape):
            cells = size / max(shape) * GRID
            assert cells < constants.SMALLEST_ON_GRID, "the whole frame comes last"


def test_a_mask_that_goes_on_beyond_its_window_is_told_from_one_that_does_not():
    chooser = windows(SQUARE)
    inner, corner = View(200, 200, 160, 160), View(0, 480, 160, 160)
    everything = np.ones((GRID, GRID), bool)
    assert chooser.cuts(remembered(inner, 0, 0, 0, fills=everything))
    assert not chooser.cuts(remembered(inner, 280, 280, 40))
    assert not chooser.cuts(remembered(chooser.whole, 0, 0, 0, fills=everything))
    for at in ((0, slice(5, -5)), (slice(5, -5), -1)):  # beyond it there is no image
        fills = np.zeros((GRID, GRID), bool)
        fills[at] = True
        assert not chooser.cuts(remembered(corner, 0, 0, 0, fills=fills))
        assert chooser.cuts(remembered(inner, 0, 0, 0, fills=fills))


# ---- prompted --------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_a_click_is_looked_at_in_windows_of_all_sizes(shape):
    for y, x, _ in places(shape, 30):
        looks = windows(shape, "windows").ladder(y, x)
        areas = [look.view.height * look.view.width for look in looks]
        assert areas == sorted(set(areas))
        assert len(areas) > 1
        for look in looks:
            assert lies_inside(look.view, shape)
            assert look.view.holds(y, x, y, x)


def test_a_click_in_a_large_narrow_plane_is_looked_at_somewhere():
    shape = (40, 500_000)
    assert are_large(shape)
    assert windows(shape).ladder(20, 1000)


@pytest.mark.parametrize("shape", [SQUARE, WIDE, TALL])
def test_a_view_is_enlarged_to_hold_all_prompts(shape):
    chooser, rng = windows(shape), np.random.default_rng(0)
    for y, x, size in places(shape):
        look = chooser.look(y, x, size)
        far_y, far_x = rng.uniform(0, np.array(shape) - 1)
        held = chooser.holding(look, FramePrompts(points=(Point(far_y, far_x),)))
        assert lies_inside(held.view, shape)
        assert held.view.holds(far_y, far_x, far_y, far_x)
        assert held.view.holds(y, x, y, x)
        if look.view.holds(far_y, far_x, far_y, far_x):
            assert held == look


def test_not_this_keeps_in_view_what_is_meant():
    """Elsewhere there is no mask that it could be taken from."""
    chooser, rng = windows(SQUARE), np.random.default_rng(0)
    for y, x, size in places(SQUARE):
        look = chooser.look(y, x, size)
        far = Point(*rng.uniform(0, 639, 2), positive=False)
        held = chooser.holding(look, FramePrompts(points=(Point(y, x), far)))
        assert lies_inside(held.view, SQUARE)
        assert held.view.holds(y, x, y, x)


def test_prompts_may_lie_half_a_pixel_beyond_the_border():
    """Where pixels at the border end."""
    chooser = windows(SQUARE)
    look = chooser.look(5, 5, 20)
    click = FramePrompts(points=(Point(-0.5, -0.5),))
    assert chooser.holding(look, click) == look


# ---- remembered ------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_remembered_is_seen_at_the_scale_of_now(shape):
    chooser = windows(shape)
    for y, x, _ in places(shape, 50):
        for size, new_size in ((20, 20), (20, 40), (40, 20)):
            memory = remembered(chooser.look(y, x, size).view, y, x, size)
            if np.isnan(memory.extent.y):
                continue
            now = chooser.look(y, x, new_size).view
            seen = chooser.at_scale_of(now, memory)
            assert seen[2:] == now[2:]
            assert lies_inside(seen, shape)
            at_y, at_x = memory.extent.y, memory.extent.x
            assert seen.holds(at_y, at_x, at_y, at_x)
            if size == new_size:
                assert seen == memory.view
    if not are_large(shape):
        assert chooser.at_scale_of(chooser.whole, memory) == chooser.whole


def test_the_size_of_what_is_remembered_is_about_right():
    view, chooser = View(100, 100, 160, 160), windows(SQUARE)
    for size in (10, 20, 60):
        found = chooser.size_of(remembered(view, 180, 180, size))
        assert found == pytest.approx(size, abs=view.height / GRID)
    nothing = np.zeros((GRID, GRID), bool)
    assert chooser.size_of(remembered(view, 0, 0, 0, fills=nothing)) == 0


def test_looks_of_equal_objects_are_equal():
    assert windows(SQUARE).look(10, 20, 30) == windows(SQUARE).look(10, 20, 30)
    assert isinstance(windows(SQUARE).look(10, 20, 30), Look)
