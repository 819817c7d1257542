"""The masks that a single click can mean, of which the user takes one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_sam2_ivos.api import load_segmenter
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import Box, FramePrompts, Point
from napari_sam2_ivos.core.session import Session
from tests.engine.upstream import Upstream, random_tiny

pytestmark = pytest.mark.filterwarnings("ignore")
CLICK = FramePrompts(points=(Point(40, 50),))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoint and config of sam2.1_hiera_t with random weights, at 128 px."""
    return random_tiny(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def movie():
    """A disc that moves, in noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:120, :160]
    discs = [(y - 40 - 2 * t) ** 2 + (x - 50) ** 2 < 20**2 for t in range(3)]
    return Movie(300 + 900 * np.stack(discs) + rng.normal(0, 30, (3, 120, 160)))


@pytest.fixture
def session(files, movie):
    checkpoint, config = files
    segmenter = load_segmenter(
        movie,
        checkpoint=checkpoint,
        config=config,
        device="cpu",
        look_at="whole-frame",
    )
    return Session(movie, segmenter, np.zeros(movie.shape, np.uint16))


def answer(session, prompts):
    """The memory that the engine makes of prompts on frame 0."""
    session.set_prompts(1, 0, prompts)
    session.preview(0)
    return session.segmenter._bank.get((1, 0, True))


@torch.inference_mode()
def test_they_are_upstreams_three_in_the_order_of_their_iou(session, files, movie):
    upstream = Upstream(*files, movie, session.segmenter.mapping)
    net, made = upstream.net, []
    decoder = net.sam_mask_decoder
    decoder.register_forward_hook(lambda *args: made.append(args[-1]))
    upstream.points(1, 0, [(40, 50)], [True])
    masks, ious, tokens, score = made[0]
    assert masks.shape[1] == tokens.shape[1] == 3
    assert score > 0, "else there is no mask to compare"
    for k, best in enumerate(ious[0].argsort(descending=True).tolist()):
        ours = answer(session, replace(CLICK, candidate=k))
        theirs = masks[0, best].float().numpy()
        both = (ours.low_res > 0) & (theirs > 0)
        assert both.sum() >= 0.98 * ((ours.low_res > 0) | (theirs > 0)).sum()
        assert np.corrcoef(ours.low_res.ravel(), theirs.ravel())[0, 1] > 0.999
        assert ours.predicted_iou == pytest.approx(ious[0, best].item(), abs=2e-3)
        pointer = net.obj_ptr_proj(tokens[0, best]).numpy()
        np.testing.assert_allclose(ours.pointer, pointer, atol=0.02)


def test_they_differ_and_behind_the_last_comes_the_first_again(session):
    found = [answer(session, replace(CLICK, candidate=k)) for k in range(4)]
    assert len({memory.predicted_iou for memory in found}) == 3
    assert len({memory.logits for memory in found}) == 3
    assert found[3].logits == found[0].logits
    ious = [memory.predicted_iou for memory in found[:3]]
    assert ious == sorted(ious, reverse=True)


def test_tracking_goes_on_from_the_one_that_was_chosen(session):
    tracked = []
    for candidate in (0, 1):
        session.set_prompts(1, 0, replace(CLICK, candidate=candidate))
        list(session.propagate("forward"))
        tracked.append(session.segmenter._bank.get((1, 1, False)).pointer)
    assert not np.allclose(*tracked)


@pytest.mark.parametrize(
    "prompts",
    [
        replace(CLICK, points=(*CLICK.points, Point(45, 55))),
        replace(CLICK, box=Box(20, 28, 62, 73)),
        FramePrompts(points=(Point(40, 50, positive=False),)),
    ],
    ids=["two clicks", "a click and a box", "a negative click"],
)
def test_prompts_that_mean_one_thing_have_no_others(session, prompts):
    first = answer(session, prompts).logits
    assert answer(session, replace(prompts, candidate=1)).logits == first
