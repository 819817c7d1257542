"""Our masks are those of upstream's SAM2VideoPredictor, prompt for prompt."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.api import load_segmenter
from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.engine.segmenter import Sam2Segmenter
from tests.engine.upstream import Upstream, random_tiny

pytestmark = pytest.mark.filterwarnings("ignore")
N_FRAMES = 5
SHAPE = (120, 160)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoint and config of sam2.1_hiera_t with random weights, at 128 px."""
    return random_tiny(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def movie():
    """Two discs that move, in 16 bits."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    frames = []
    for t in range(N_FRAMES):
        one = (y - 40 - 2 * t) ** 2 + (x - 50) ** 2 < 20**2
        two = (y - 80) ** 2 + (x - 110 + 3 * t) ** 2 < 25**2
        frames.append(300 + 900 * one + 600 * two + rng.normal(0, 30, SHAPE))
    return Movie(np.stack(frames).astype(np.uint16))


@pytest.fixture
def both(files, movie):
    """Upstream, and a session of ours, on the same weights and frames."""
    checkpoint, config = files
    segmenter = load_segmenter(
        movie,
        checkpoint=checkpoint,
        config=config,
        device="cpu",
        look_at="whole-frame",
    )
    session = Session(movie, segmenter, np.zeros(movie.shape, np.uint16))
    return Upstream(checkpoint, config, movie, segmenter.mapping), session


def run(session, **kwargs):
    """Propagate and return (Y, X) bool masks by track ID and frame."""
    masks = {}
    for result in session.propagate(recompute=True, **kwargs):
        for mask in result:
            plane = np.zeros(SHAPE, bool)
            plane[mask.window] = mask.pixels
            masks[mask.track_id, result.frame] = plane
    return masks


def iou(a, b):
    """Intersection over union; 1 where both are empty."""
    union = (a | b).sum()
    return (a & b).sum() / union if union else 1.0


def assert_same(ours, theirs):
    """Every mask of ours has its twin upstream, and so has what it leaves out."""
    assert ours
    for key, mask in ours.items():
        other = theirs[key]
        assert mask.any(), f"object, frame {key}: no mask to compare"
        assert iou(mask, other) >= 0.99, f"object, frame {key}"
        assert iou(~mask, ~other) >= 0.98, f"background of object, frame {key}"


def disc(y0, x0, radius):
    """Mask of a disc, (Y, X) bool."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (y - y0) ** 2 + (x - x0) ** 2 < radius**2


def test_one_click(both):
    upstream, session = both
    upstream.points(1, 0, [(40, 50)], [True])
    session.add_points(1, 0, [(40, 50)])
    assert_same(run(session), upstream.propagate())


def test_positive_and_negative_points(both):
    upstream, session = both
    points, signs = [(40, 50), (45, 55), (90, 100)], [True, True, False]
    upstream.points(1, 0, points, signs)
    session.add_points(1, 0, points, signs)
    assert_same(run(session), upstream.propagate())


def test_box(both):
    upstream, session = both
    box = [[20, 28], [62, 73]]
    upstream.points(1, 0, [], [], box)
    session.add_box(1, 0, box)
    assert_same(run(session), upstream.propagate())


def test_box_and_point_together(both):
    upstream, session = both
    box = [[20, 28], [62, 73]]
    upstream.points(1, 0, [(40, 50)], [True], box)
    session.add_box(1, 0, box)
    session.add_points(1, 0, [(40, 50)])
    assert_same(run(session), upstream.propagate())


def test_mask(both):
    upstream, session = both
    mask = disc(60, 70, 45)
    upstream.mask(1, 0, mask)
    session.add_mask(1, 0, mask)
    assert_same(run(session), upstream.propagate())


def test_backward(both):
    upstream, session = both
    last = N_FRAMES - 1
    upstream.points(1, last, [(48, 50)], [True])
    session.add_points(1, last, [(48, 50)])
    ours = run(session, direction="backward")
    assert_same(ours, upstream.propagate(reverse=True))


def test_two_objects_prompted_on_different_frames(both):
    upstream, session = both
    upstream.points(1, 0, [(40, 50)], [True])
    theirs = upstream.propagate(n_frames=2)
    # Added only now: upstream would run it on the frames before its prompt too,
    # where it fails (sam2 issue 308).
    upstream.points(2, 2, [(80, 104)], [True])
    theirs |= upstream.propagate(start=2)

    session.add_points(1, 0, [(40, 50)])
    session.add_points(2, 2, [(80, 104)])
    ours = run(session)
    assert sorted(ours) == [(1, t) for t in range(5)] + [(2, t) for t in range(2, 5)]
    assert_same(ours, theirs)


def test_two_objects_in_one_batch_without_a_cache_cancelled_and_resumed(both, movie):
    upstream, session = both
    segmenter = Sam2Segmenter(
        session.segmenter.model,
        movie,
        session.segmenter.mapping,
        feature_budget_bytes=1,
        memory_budget_bytes=1,
    )
    session = Session(movie, segmenter, np.zeros(movie.shape, np.uint16))
    session.guards = Guards(spread=False)
    for track_id, point in ((1, (40, 50)), (2, (80, 110))):
        upstream.points(track_id, 0, [point], [True])
        session.add_points(track_id, 0, [point])
    ours = {}
    for stop in (3, 5):
        for n, result in enumerate(session.propagate(frames=(0, stop))):
            for mask in result:
                plane = np.zeros(SHAPE, bool)
                plane[mask.window] = mask.pixels
                ours[mask.track_id, result.frame] = plane
            if stop == 3 and n == 1:
                break  # on frame 1, and what it had of it is dropped
        segmenter._bank._features.clear()
    assert len(ours) == 2 * N_FRAMES
    assert_same(ours, upstream.propagate())


def test_correction_in_the_middle(both):
    """The click refines the tracked mask, and the frames after it follow."""
    upstream, session = both
    upstream.points(1, 0, [(40, 50)], [True])
    session.add_points(1, 0, [(40, 50)])
    before, theirs = run(session), upstream.propagate()
    assert_same(before, theirs)

    upstream.points(1, 2, [(60, 90)], [False])
    session.add_points(1, 2, [(60, 90)], positive=False)
    corrected = upstream.propagate(start=2)
    session.preview(2)
    redone = [result.frame for result in session.propagate()]
    assert redone == [3, 4], "only what follows the correction"
    after = {(1, frame): session.labels[frame] == 1 for frame in redone}
    assert_same(after, corrected)
    assert_same({(1, 2): session.labels[2] == 1}, corrected)
    for frame in (0, 1):
        np.testing.assert_array_equal(session.labels[frame] == 1, before[1, frame])


def test_replay_from_prompts_alone_gives_the_same(both, files, movie):
    """A fresh session with the same prompts, run once, ends in the same labels."""
    _, session = both
    session.add_points(1, 0, [(40, 50)])
    run(session)
    session.add_points(1, 2, [(60, 90)], positive=False)
    run(session)

    checkpoint, config = files
    segmenter = load_segmenter(
        movie,
        checkpoint=checkpoint,
        config=config,
        device="cpu",
        look_at="whole-frame",
    )
    replay = Session(movie, segmenter, np.zeros(movie.shape, np.uint16))
    for frame, prompts in session.tracks[1].prompts.items():
        replay.set_prompts(1, frame, prompts)
    run(replay)
    np.testing.assert_array_equal(replay.labels, session.labels)
