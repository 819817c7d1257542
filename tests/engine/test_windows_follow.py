"""The bundled model looks through windows that follow their objects."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine import windows as constants
from napari_sam2_ivos.engine.windows import Windows
from tests.engine.discs import Disc, Discs, begin, followed, iou_of, plane_of

SHAPE = (640, 640)
WHOLE = View.whole(SHAPE)
STILL = Discs([[Disc(300, 200, 16)]] * 6)
LARGER = Discs([[Disc(300, 200, 26)]] * 6)  # the whole frame shows it, too


def views_of(session, track_id):
    """Views that an object was looked at in, frame by frame."""
    return [View(*view) for view in session.tracks[track_id].view.tolist()]


def tracked(discs, *args, **kwargs):
    """Begin on frame 0 and track; return the session and masks of every frame."""
    session = begin(discs, *args, **kwargs)
    results = session.preview(0) + list(session.propagate())
    return session, followed(results)


def worst(discs, masks):
    """The lowest IoU with the truth."""
    return min(discs.iou(frame, mask) for (frame, _), mask in masks.items())


def lies_inside(view, shape=SHAPE):
    return (
        view.top >= 0
        and view.left >= 0
        and view.rows.stop <= shape[0]
        and view.columns.stop <= shape[1]
    )


def shown_in_view(mask):
    """Whether all pixels of a mask lie in the view that was looked at."""
    rows, columns = mask.window
    return not mask.area or mask.view.holds(
        rows.start, columns.start, rows.stop - 1, columns.stop - 1
    )


@pytest.fixture
def encoded(monkeypatch):
    """Count the images that go through the encoder; begin with a session."""

    def of(session):
        counts = []
        model = session.segmenter.model
        for net in {model.net, getattr(model, "window_net", None) or model.net}:
            forward = net.forward_image

            def count(images, forward=forward):
                counts.append(len(images))
                return forward(images)

            monkeypatch.setattr(net, "forward_image", count)
        return counts

    return of


# ---- memory that moves and changes scale ------------------------------------


def forced(monkeypatch, change):
    """Have `change` say where to look instead; return what it says, by frame."""
    follow, looks = Windows.follow, {}

    def other(self, past, frame):
        looks[frame] = change(self, follow(self, past, frame), frame)
        return looks[frame]

    monkeypatch.setattr(Windows, "follow", other)
    return looks


def to_and_fro(windows, look, frame):
    """A fifth of its side off the object, each time on another side of it."""
    side = look.view.height
    down, right = [(-1, 0), (0, 1), (1, 1), (1, -1), (0, 0)][frame % 5]
    top = round(look.y + (down / 5 - 1 / 2) * side)
    left = round(look.x + (right / 5 - 1 / 2) * side)
    return look._replace(view=View(top, left, side, side))


def larger_and_smaller(windows, look, frame):
    sides = windows.sides
    at = (frame % 3) + 1
    return look._replace(view=windows._around(look.y, look.x, sides[at]))


def in_all_of_it_at_times(windows, look, frame):
    return look._replace(view=windows.whole) if frame % 2 else look


def expected_elsewhere(windows, look, frame):
    """A third of its size off, as after a turn."""
    dy, dx = [(5, 0), (0, -5), (-5, 5)][frame % 3]
    return look._replace(y=look.y + dy, x=look.x + dx)


@pytest.mark.parametrize(
    ("still", "change"),
    [
        (STILL, to_and_fro),
        (STILL, larger_and_smaller),
        (LARGER, in_all_of_it_at_times),
        (STILL, expected_elsewhere),
    ],
)
def test_a_still_object_has_the_same_mask_in_whatever_window(
    monkeypatch, still, change
):
    _, unmoved = tracked(still, look_at="windows")
    looks = forced(monkeypatch, change)
    session, masks = tracked(still, look_at="windows")
    for frame, look in looks.items():
        assert masks[frame, 1].view == look.view, "it is found without a search"
    if change is not expected_elsewhere:
        assert len(set(views_of(session, 1)[1:])) > 1, "else this test shows nothing"
    for key, mask in masks.items():
        assert still.iou(key[0], mask) >= 0.9
        same = iou_of(plane_of(mask, SHAPE), plane_of(unmoved[key], SHAPE))
        assert same >= 0.9


def test_an_object_that_walks_across_the_frame_is_followed():
    shape, step = (200, 700), 14
    ys = 100 + 30 * np.sin(np.arange(44) / 6)
    walk = Discs([[Disc(float(y), 40 + step * t, 16)] for t, y in enumerate(ys)], shape)
    session, masks = tracked(walk)
    views = views_of(session, 1)
    side = max(view.height for view in views)
    assert walk.frames[-1][0].x - walk.frames[0][0].x > 2.5 * side
    assert masks[43, 1].view.left > masks[0, 1].view.columns.stop
    for (frame, _), mask in masks.items():
        disc = walk.frames[frame][0]
        assert lies_inside(mask.view, shape)
        assert mask.view.holds(
            disc.y - disc.radius, disc.x - disc.radius, disc.y + 16, disc.x + 16
        )
        assert walk.iou(frame, mask) >= 0.8


def test_it_is_followed_backward_as_well():
    moves = Discs([[Disc(300 + 9 * t, 200 + 8 * t, 16)] for t in range(13)])
    session = begin(moves, ())
    session.add_points(1, 6, [(354, 248)])
    masks = followed(session.preview(6) + list(session.propagate("both")))
    assert len({mask.view for mask in masks.values()}) > 1
    assert len(masks) == 13
    assert worst(moves, masks) >= 0.8


@pytest.mark.parametrize("look_at", ["automatic", "windows"])
def test_an_object_that_grows_to_five_times_its_length(look_at):
    radii = 15 * 1.1 ** np.arange(19)
    grows = Discs([[Disc(320, 320, r)] for r in radii.tolist()])
    session, masks = tracked(grows, look_at=look_at)
    sides = [view.height for view in views_of(session, 1)]
    assert sides[-1] > 2 * sides[0]
    assert look_at == "windows" or views_of(session, 1)[-1] == WHOLE
    assert worst(grows, masks) >= 0.8


@pytest.mark.parametrize(
    "look_at",
    [
        "automatic",
        "windows",
    ],
)
def test_an_object_that_shrinks_to_a_quarter(look_at):
    radii = 54 / 1.1 ** np.arange(15)
    shrinks = Discs([[Disc(320, 320, r)] for r in radii.tolist()])
    session, masks = tracked(shrinks, look_at=look_at)
    sides = [view.height for view in views_of(session, 1)]
    assert sides[-1] < sides[0]
    assert worst(shrinks, masks) >= 0.8


# ---- objects that divide, leave and return ----------------------------------


@pytest.fixture(scope="module")
def division():
    """A mother on three frames, then two daughters that part."""
    frames = [[Disc(300, 300, 22), None, None]] * 3
    for t in range(6):
        away = 16 + 7 * t
        frames.append([None, Disc(300 - away, 300, 14), Disc(300 + away, 300, 14)])
    return Discs(frames)


def test_what_is_shown_of_a_mother_lies_in_her_view(division):
    session, masks = tracked(division)
    for (frame, _), mask in masks.items():
        assert lies_inside(mask.view)
        assert shown_in_view(mask)
        shown = session.labels[frame] == 1
        assert shown.any() != bool(mask.flag), "she is there, or it is said why not"
    assert division.iou(2, masks[2, 1]) >= 0.9
    daughters = division.truth(3, 2) | division.truth(3, 3)
    assert iou_of(plane_of(masks[3, 1], SHAPE) & daughters, daughters) >= 0.4


def test_daughters_have_windows_of_their_own_and_their_mother_stays_away(division):
    session, _ = tracked(division)
    session.add_mask(1, 3, np.zeros(SHAPE, bool))
    for track_id in (2, 3):
        disc = division.frames[3][track_id - 1]
        session.add_points(track_id, 3, [(disc.y, disc.x)])
    results = session.preview(3) + list(session.propagate(frames=(3, 9)))
    masks = followed(results)
    for frame in range(3, 9):
        assert not (session.labels[frame] == 1).any()
        for track_id in (2, 3):
            assert division.iou(frame, masks[frame, track_id]) >= 0.8
            assert shown_in_view(masks[frame, track_id])
    assert (
        not (masks[8, 2].pixels.size and masks[8, 3].pixels.size)
        or not (plane_of(masks[8, 2], SHAPE) & plane_of(masks[8, 3], SHAPE)).any()
    )
    assert masks[8, 2].view != masks[8, 3].view
    assert masks[8, 2].view != WHOLE != masks[8, 3].view


@pytest.mark.parametrize(
    "step",
    [
        pytest.param((0, -7), id="left"),
        pytest.param((6, 6), id="corner"),
    ],
)
def test_an_object_that_leaves_is_cut_by_the_border(step):
    start = (300, 40) if step[0] == 0 else (596, 596)
    frames = [
        [Disc(start[0] + step[0] * t, start[1] + step[1] * t, 18)] for t in range(13)
    ]
    leaves = Discs(frames)
    session, masks = tracked(leaves)
    for (frame, _), mask in masks.items():
        assert lies_inside(mask.view)
        area = int(leaves.truth(frame, 1).sum())
        if area > 300:
            assert leaves.iou(frame, mask) >= 0.8
        elif area == 0:
            assert Flag(mask.flag) is Flag.ABSENT
            assert not (session.labels[frame] == 1).any()
    assert not leaves.truth(12, 1).any(), "else this test shows nothing"


def test_an_object_that_was_away_is_found_again_near_by():
    here, there = Disc(300, 200, 16), Disc(306, 207, 16)
    returns = Discs([[here], [here], [None], [None], [there], [there]])
    session, masks = tracked(returns)
    for frame in (2, 3):
        assert Flag(masks[frame, 1].flag) is Flag.ABSENT
        assert not session.labels[frame].any()
    assert returns.iou(4, masks[4, 1]) >= 0.8
    assert returns.iou(5, masks[5, 1]) >= 0.8


# ---- searched ---------------------------------------------------------------


def test_an_object_outside_of_its_window_is_found_and_looked_at_from_near(monkeypatch):
    def beside(windows, look, frame):
        if frame != 2:
            return look
        side = look.view.height
        left = round(look.x) + 40
        return look._replace(view=look.view._replace(left=min(left, 640 - side)))

    forced(monkeypatch, beside)
    session, masks = tracked(STILL)
    views = views_of(session, 1)
    assert worst(STILL, masks) >= 0.9
    assert views[3].height == views[2].height == views[1].height
    monkeypatch.setattr(Windows, "larger", lambda self, look: None)
    session, masks = tracked(STILL)
    assert masks[2, 1].flag, "else it was not outside"


def test_a_mask_that_its_window_cuts_is_made_in_a_larger_one(monkeypatch):
    def too_small(windows, look, frame):
        side = windows.sides[0]
        return look._replace(view=windows._around(look.y, look.x, side))

    forced(monkeypatch, too_small)
    session, masks = tracked(LARGER)
    for view in views_of(session, 1)[1:]:
        assert view.holds(274, 174, 326, 226)
    assert worst(LARGER, masks) >= 0.8


def test_a_search_in_larger_windows_finds_some_that_jumped(monkeypatch):
    """By half their length and more, where the model hesitates."""
    spots = [(90, 90), (90, 300), (90, 510), (300, 90), (300, 300), (300, 510)]
    jumps = [15, 17, 19, 21, 23, 25]
    frames = [[Disc(y, x, 16) for y, x in spots]] * 2
    frames += [
        [Disc(y, x + jump, 16) for (y, x), jump in zip(spots, jumps, strict=True)]
    ]
    jumping = Discs(frames)
    ids = range(1, 7)

    def found():
        _, masks = tracked(jumping, ids, prompt="mask")
        return {i for i in ids if jumping.iou(2, masks[2, i]) > 0.8}

    searched = found()
    monkeypatch.setattr(Windows, "larger", lambda self, look: None)
    assert searched > found()


# ---- planes that are too large ----------------------------------------------


def test_of_large_planes_only_what_is_looked_at_is_read():
    shape = (6000, 6000)
    discs = Discs(
        [[Disc(3000, 800 + 6 * t, 15), Disc(4500 + 5 * t, 5900, 20)] for t in range(4)],
        shape,
    )
    session = begin(discs, (1, 2))
    session.preview(0)
    results = session.glance(3)
    discs.read.clear()
    results += list(session.propagate())
    for frame in (1, 2, 3):
        n_read = sum(n for at, n in discs.read if at == frame)
        assert n_read < 0.05 * shape[0] * shape[1]
    for result in results:
        for mask in result:
            assert mask.view.height <= constants.LARGEST
            assert lies_inside(mask.view, shape)
            if not result.is_glance:
                assert discs.iou(result.frame, mask) >= 0.8
    session.add_points(1, 2, [(3000, 840)], positive=False)
    session.preview(2)
    session.segmenter.close()
    assert max(n for _, n in discs.read) <= constants.LARGEST**2


def test_a_click_reads_no_large_plane_whole():
    discs = Discs([[Disc(3000, 800, 15)]], (6000, 6000))
    session = begin(discs)
    (result,) = session.preview(0)
    assert discs.iou(0, result.objects[0]) >= 0.8
    assert max(n for _, n in discs.read) <= constants.LARGEST**2


def test_nor_does_not_this_far_away():
    discs = Discs([[Disc(3000, 800, 15)]], (6000, 6000))
    session = begin(discs)
    session.add_points(1, 0, [(5000, 5000)], positive=False)
    session.preview(0)
    assert max(n for _, n in discs.read) <= constants.LARGEST**2


# ---- prompts and corrections ------------------------------------------------


@pytest.fixture
def three_moving():
    frames = [
        [
            Disc(150 + 4 * t, 150, 15),
            Disc(170 + 4 * t, 182 + 2 * t, 15),
            Disc(480, 450 - 5 * t, 18),
        ]
        for t in range(5)
    ]
    return Discs(frames)


@pytest.mark.parametrize("positive", [True, False])
def test_a_correction_is_answered_in_the_view_that_was_tracked(three_moving, positive):
    session, masks = tracked(three_moving, (1, 2, 3))
    disc = three_moving.frames[3][2]
    at = (disc.y + 4, disc.x) if positive else (disc.y + 26, disc.x)
    session.add_points(3, 3, [at], positive=positive)
    (result,) = session.preview(3)
    assert result.objects[0].is_anchor
    assert result.objects[0].view == masks[3, 3].view
    assert three_moving.iou(3, result.objects[0]) >= 0.8


@pytest.mark.parametrize("sides_away", [0.6, 1.0, 1.5])
def test_not_this_outside_of_the_window_does_the_object_no_harm(
    three_moving, sides_away
):
    session, masks = tracked(three_moving, (3,))
    before = masks[3, 3].view
    away = (480, 435 - sides_away * before.width)
    assert not before.holds(*away, *away)
    session.add_points(3, 3, [away], positive=False)
    (result,) = session.preview(3)
    view = result.objects[0].view
    assert lies_inside(view)
    assert view.holds(462, 417, 498, 453)
    assert view == before or view.holds(*away, *away)
    assert three_moving.iou(3, result.objects[0]) >= 0.8


@pytest.mark.parametrize("prompt", ["box", "mask"])
def test_boxes_and_masks_choose_windows_by_their_size(prompt):
    discs = Discs([[Disc(200, 200, 12), Disc(400, 300, 30), Disc(420, 480, 100)]] * 2)
    session = begin(discs, ())
    for i in (1, 2, 3):
        disc = discs.frames[0][i - 1]
        y0, x0 = disc.y - disc.radius, disc.x - disc.radius
        if prompt == "box":
            box = [[y0, x0], [disc.y + disc.radius, disc.x + disc.radius]]
            session.add_box(i, 0, box)
        else:
            session.add_mask(i, 0, discs.truth(0, i))
    masks = followed(session.preview(0) + list(session.propagate()))
    frame = 0 if prompt == "box" else 1  # what the user painted was not looked for
    small, middle, large = (masks[frame, i].view for i in (1, 2, 3))
    assert small.height < middle.height < large.height
    assert large == WHOLE
    assert worst(discs, masks) >= 0.8


def test_views_and_masks_do_not_depend_on_the_order_or_on_others(three_moving):
    session, _ = tracked(three_moving, (1, 2, 3))
    alone, _ = tracked(three_moving, (2,))
    assert views_of(alone, 2) == views_of(session, 2)
    for frame in range(5):
        one = session.labels[frame] == 2
        assert iou_of(one, alone.labels[frame] == 2) >= 0.995
    other = begin(three_moving, ())
    disc = three_moving.frames[2][2]
    other.add_points(9, 2, [(disc.y, disc.x)])
    list(other.propagate("both"))
    for track_id in (2, 3, 1):
        disc = three_moving.frames[0][track_id - 1]
        other.add_points(track_id, 0, [(disc.y, disc.x)])
        other.preview(0)
    other.remove_object(9)
    list(other.propagate())
    for track_id in (1, 2, 3):
        assert views_of(other, track_id) == views_of(session, track_id)
        for frame in range(5):
            one = session.labels[frame] == track_id
            assert iou_of(one, other.labels[frame] == track_id) >= 0.995


# ---- what is the same is computed once --------------------------------------


def test_neighbours_in_one_window_are_encoded_once(encoded):
    near = Discs([[Disc(300, 300, 14), Disc(306, 336, 14)]] * 3)
    session = begin(near, (1, 2), prompt="mask")
    counts = encoded(session)
    session.preview(0)
    list(session.propagate())
    bank = session.segmenter._bank
    seen = {i: [bank.shown(i, frame).view for frame in range(3)] for i in (1, 2)}
    assert seen[1] == seen[2], "else this test shows nothing"
    assert WHOLE not in seen[1]
    assert sum(counts) == 3


def test_different_windows_in_one_batch_give_the_same_as_one_by_one(
    three_moving, monkeypatch
):
    _, together = tracked(three_moving, (1, 2, 3))
    assert len({together[2, i].view for i in (1, 2, 3)}) > 1
    session = begin(three_moving, (1, 2, 3))
    forward = session.segmenter._tracker._forward
    forward.limit_batch(forward.networks.whole_view, 1)
    forward.limit_batch(View(0, 0, 1, 1), 1)
    sizes, decode = [], forward.decode

    def count(frame, looks, contexts, **kwargs):
        if contexts[0].anchors:
            sizes.append(len(looks))
        return decode(frame, looks, contexts, **kwargs)

    monkeypatch.setattr(forward, "decode", count)
    one_by_one = followed(session.preview(0) + list(session.propagate()))
    assert set(sizes) == {1}
    for key, mask in one_by_one.items():
        assert mask.view == together[key].view
        same = iou_of(plane_of(mask, SHAPE), plane_of(together[key], SHAPE))
        assert same >= 0.995


# ---- what is asked for -------------------------------------------------------


def test_the_whole_frame_and_no_window_if_asked_for(three_moving):
    session, masks = tracked(three_moving, (1, 3), look_at="whole-frame")
    session.add_points(3, 2, [(480, 440)])
    results = session.preview(2) + session.glance(1)
    seen = {mask.view for mask in masks.values()}
    seen |= {mask.view for result in results for mask in result}
    assert seen == {WHOLE}


def test_large_and_small_objects_in_one_session():
    discs = Discs([[Disc(120 + 3 * t, 150, 14), Disc(400, 400, 90)] for t in range(4)])
    _, masks = tracked(discs, (1, 2))
    for frame in range(4):
        assert masks[frame, 1].view.height < 300
        assert masks[frame, 2].view == WHOLE
    assert worst(discs, masks) >= 0.8
