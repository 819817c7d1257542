"""Masks that the user gave: taken as they are, accepted for good, or corrected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

import napari_sam2_ivos as ivos
from napari_sam2_ivos.api import load_segmenter
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import FramePrompts, Mask, Point
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine.prompting import mask_prior, point_inputs
from napari_sam2_ivos.testing.movies import synthetic_movie
from tests.engine.small import SIDE, session_on, small_model, small_movie
from tests.engine.upstream import Upstream, random_tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def session(model):
    return session_on(model, small_movie())


@pytest.fixture
def computed(model, monkeypatch):
    """Frames of every forward, and whether a mask was given, in order."""
    calls = []
    forward = model.net._track_step

    def count(frame_idx, mask_inputs, **kwargs):
        calls.append((frame_idx, mask_inputs is not None))
        return forward(frame_idx=frame_idx, mask_inputs=mask_inputs, **kwargs)

    monkeypatch.setattr(model.net, "_track_step", count)
    return calls


def square(y, x, side=16):
    plane = np.zeros((SIDE, SIDE), bool)
    plane[y : y + side, x : x + side] = True
    return plane


# ---- accepted ------------------------------------------------------------


def test_an_accepted_mask_is_the_answer_whatever_was_clicked(session, computed):
    shown = square(12, 14)
    clicks = FramePrompts(points=(Point(40, 40), Point(20, 20, positive=False)))
    session.set_prompts(1, 3, clicks.with_accepted(Mask.from_plane(shown)))
    (result,) = session.preview(3)
    assert computed == [(3, True)], "nothing is asked of the clicks"
    assert result.objects[0].is_anchor
    np.testing.assert_array_equal(session.labels[3] == 1, shown)


def test_what_follows_an_accepted_mask_stays_until_it_is_asked_for(session, computed):
    session.add_points(1, 0, [(17, 17)])
    list(session.propagate("forward"))
    before = session.labels.copy()
    shown = Mask.from_plane(before[4] == 1)
    session.set_prompts(1, 4, session.prompts(1, 4).with_accepted(shown))
    computed.clear()
    session.preview(4)
    assert computed == [(4, True)]
    np.testing.assert_array_equal(session.labels, before)
    list(session.propagate("forward"))
    assert [frame for frame, _ in computed] == list(range(4, 12))
    np.testing.assert_array_equal(session.labels[:5], before[:5])


def test_accepting_a_click_and_taking_that_back_gives_its_mask_again(session):
    session.add_points(1, 0, [(17, 17)])
    session.preview(0)
    clicked, click = session.labels[0].copy(), session.prompts(1, 0)
    accepted = click.with_accepted(Mask.from_plane(square(30, 30)))
    session.set_prompts(1, 0, accepted)
    session.preview(0)
    session.set_prompts(1, 0, accepted.reopened())
    session.preview(0)
    np.testing.assert_array_equal(session.labels[0], clicked)


# ---- corrected -----------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_a_click_on_a_given_mask_is_answered_as_upstream_does(tmp_path):
    """Once upstream is given the click in the middle of the mask that ours adds."""
    checkpoint, config = random_tiny(tmp_path)
    data = np.random.default_rng(0).integers(0, 999, (1, 120, 160))
    movie = Movie(data.astype(np.uint16))
    segmenter = load_segmenter(
        movie, checkpoint=checkpoint, config=config, device="cpu", look_at="whole-frame"
    )
    session = Session(movie, segmenter, np.zeros(movie.shape, np.uint16))
    y, x = np.mgrid[:120, :160]
    mask = (y - 50) ** 2 + (x - 70) ** 2 < 30**2
    session.add_mask(1, 0, mask)
    session.add_points(1, 0, [(50, 95)], positive=False)
    session.preview(0)
    coordinates = point_inputs(
        session.prompts(1, 0), [View.whole(movie.plane_shape)], 128, torch.device("cpu")
    )["point_coords"][0]
    middle_x, middle_y = (coordinates[0] / 128 * torch.tensor([160, 120])).tolist()
    assert mask[round(middle_y), round(middle_x)]

    upstream = Upstream(checkpoint, config, movie, segmenter.mapping)
    upstream.mask(1, 0, mask)
    upstream.points(1, 0, [(middle_y, middle_x), (50, 95)], [True, False])
    theirs = upstream.propagate()[1, 0]
    ours = session.labels[0] == 1
    assert ours.any()
    assert not ours.all()
    assert (ours & theirs).sum() >= 0.99 * (ours | theirs).sum()


def test_a_click_on_a_given_mask_starts_from_it_and_from_no_memory(session, computed):
    """On a frame that was tracked, too: the mask is what it corrects."""
    session.add_points(1, 0, [(17, 17)])
    list(session.propagate("forward", (0, 4)))
    session.add_mask(1, 3, square(30, 30))
    session.add_points(1, 3, [(50, 50)])
    assert session.prompts(1, 3).refines
    computed.clear()
    session.preview(3)
    assert computed == [(3, False)]
    fresh = session_on(session.segmenter.model, small_movie())
    fresh.set_prompts(1, 3, replace(session.prompts(1, 3), refines=False))
    fresh.preview(3)
    np.testing.assert_array_equal(session.labels[3], fresh.labels[3])
    fresh.set_prompts(1, 3, FramePrompts(points=(Point(50, 50),)))
    fresh.preview(3)
    assert (session.labels[3] != fresh.labels[3]).any(), "the mask has a part in it"


def test_a_click_where_the_object_was_said_to_be_gone_starts_from_nothing(session):
    click = FramePrompts(points=(Point(17, 17),))
    session.set_prompts(1, 0, click)
    session.preview(0)
    alone = session.segmenter._bank.get((1, 0, True)).logits
    nothing = Mask(0, 0, np.zeros((0, 0), bool))
    session.set_prompts(1, 0, replace(click, mask=nothing))
    session.preview(0)
    corrected = session.segmenter._bank.get((1, 0, True)).logits
    assert alone == corrected


@pytest.mark.parametrize("side", [1, 2, 5])
def test_a_tiny_mask_is_not_lost_on_the_grid_of_the_model(side):
    plane = np.zeros((1000, 1000), bool)
    plane[400 : 400 + side, 700 : 700 + side] = True
    prior = mask_prior(
        Mask.from_plane(plane), View.whole(plane.shape), 320, torch.device("cpu")
    )
    rows, columns = np.nonzero(prior[0, 0].numpy() > 0)
    assert rows.size
    np.testing.assert_allclose(rows * 12.5 + 6, 402, atol=13)
    np.testing.assert_allclose(columns * 12.5 + 6, 702, atol=13)
    assert prior.min() == -prior.max(), "a cell is as sure as the background"


# ---- by the model that is shipped ----------------------------------------


@pytest.fixture(scope="module")
def sample():
    """One frame of nuclei, with their truth."""
    made = synthetic_movie("nuclei", n_frames=1, n_objects=12, seed=12)
    return made.movie, made.labels[0]


def deepest(mask):
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return np.unravel_index(depth.argmax(), depth.shape)


def corrected(movie, cases):
    """Give each mask with a click; return what comes out."""
    session = ivos.open_session(movie, device="cpu")
    for i, (mask, point, positive) in enumerate(cases, 1):
        session.add_mask(i, 0, mask)
        session.add_points(i, 0, [point], positive)
    (result,) = session.preview(0)
    planes = np.zeros((len(cases), *movie.shape[1:]), bool)
    for plane, mask in zip(planes, result, strict=True):
        plane[mask.window] = mask.pixels
    return planes


def large(labels):
    """Masks of the cells that are no specks at the edge."""
    masks = [labels == i for i in np.unique(labels) if i]
    return [mask for mask in masks if mask.sum() > 150]


def share(found, part):
    """How much of a part is in a mask, 0..1."""
    return (found & part).sum() / part.sum()


def shares_of(found, parts):
    """How much of what should stay, and of the rest, is in each mask, (N, 2)."""
    pairs = zip(found, parts, strict=True)
    return np.array([[share(f, one), share(f, other)] for f, (one, other) in pairs])


def test_not_this_takes_a_neighbour_out_of_a_painted_mask(sample):
    movie, labels = sample
    cells = large(labels)
    pairs = []
    for one in cells:
        distance = ndimage.distance_transform_edt(~one)
        others = [other for other in cells if other is not one]
        pairs.append((one, min(others, key=lambda m: distance[m].min())))
    cases = [(one | other, deepest(other), False) for one, other in pairs]
    found = corrected(movie, cases)
    shares = shares_of(found, pairs)
    obeyed = (shares[:, 0] > 0.75) & (shares[:, 1] < 0.25)
    assert len(pairs) > 5
    assert obeyed.mean() > 0.75
    assert np.median(shares[:, 0]) > 0.85


def test_not_this_takes_background_off_a_painted_mask(sample):
    movie, labels = sample
    cells, cases, parts = large(labels), [], []
    for cell in cells:
        _, x = deepest(cell)
        beside = ndimage.binary_dilation(cell, iterations=12) & (labels == 0)
        beside[:, : x + 1] = False
        if beside.sum() > 60:
            cases.append((cell | beside, deepest(beside), False))
            parts.append((cell, beside))
    found = corrected(movie, cases)
    shares = shares_of(found, parts)
    obeyed = (shares[:, 0] > 0.75) & (shares[:, 1] < 0.25)
    assert len(parts) > 5
    assert obeyed.mean() > 0.75


def test_a_click_beside_a_painted_mask_adds_what_is_there(sample):
    movie, labels = sample
    cases, parts = [], []
    for cell in large(labels):
        painted = cell.copy()
        painted[:, deepest(cell)[1] :] = False
        cases.append((painted, deepest(cell & ~painted), True))
        parts.append((painted, cell & ~painted))
    found = corrected(movie, cases)
    shares = shares_of(found, parts)
    assert len(parts) > 5
    assert (shares.min(axis=1) > 0.75).mean() > 0.8
    too_much = [
        (f & ~(labels > 0)).sum() / c[0].sum()
        for f, c in zip(found, cases, strict=True)
    ]
    assert np.median(too_much) < 0.3


def test_a_tiny_painted_mask_is_corrected_too(sample):
    movie, labels = sample
    cases = []
    for cell in large(labels):
        y, x = deepest(cell)
        speck = np.zeros(cell.shape, bool)
        speck[y, x - 3] = True
        cases.append((speck, (y, x), True))
    found = corrected(movie, cases)
    shares = [share(f, cell) for f, cell in zip(found, large(labels), strict=True)]
    assert np.median(shares) > 0.75
