"""How far to track: from what the user chose to frames of each object."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import FramePrompts, Point
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from napari_sam2_ivos.viewer.extents import Extent, Reach
from napari_sam2_ivos.viewer.requests import TrackRequest
from tests.viewer.bench import A, B, cells

N_FRAMES = 100


def track(track_id, *anchors):
    made = Track(track_id, N_FRAMES)
    for frame in anchors:
        made.prompts[frame] = FramePrompts(points=(Point(1.0, 1.0, True),))
    return made


def frames(extent, direction, here, *tracks):
    return extent.frames(direction, here, tracks, N_FRAMES)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("forward", range(51, 71)),
        ("backward", range(30, 50)),
        ("both", range(30, 71)),
        ("nearest", range(30, 71)),
    ],
)
def test_some_frames_are_counted_from_the_one_on_screen(direction, expected):
    assert frames(Extent(Reach.SOME, 20), direction, 50) == expected


def test_one_frame_is_the_next_one_whatever_number_was_chosen():
    one = Extent(Reach.ONE, n_frames=20)
    assert frames(one, "forward", 50) == range(51, 52)
    assert frames(one, "backward", 50) == range(49, 50)
    assert frames(one, "both", 50) == range(49, 52)


def test_frames_end_where_the_movie_does():
    assert frames(Extent(Reach.SOME, 20), "forward", 95) == range(96, 100)
    assert frames(Extent(Reach.SOME, 20), "backward", 5) == range(5)
    assert frames(Extent(Reach.SOME, 20), "both", 5) == range(26)
    assert frames(Extent(Reach.SOME, 20), "backward", 110) == range(90, 100)


def test_beyond_the_end_there_is_no_frame_of_any_object():
    assert frames(Extent(Reach.ONE), "forward", 99) == {}
    assert frames(Extent(Reach.SOME, 5), "backward", 0) == {}


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("forward", {1: range(50, 80), 2: range(50, 60), 3: range(50, 100)}),
        ("backward", {1: range(41, 51), 2: range(51), 3: range(31, 51)}),
        ("both", {1: range(41, 80), 2: range(60), 3: range(31, 100)}),
    ],
)
def test_to_the_next_prompt_is_different_for_each_object(direction, expected):
    tracks = track(1, 40, 80), track(2, 60), track(3, 30)
    assert frames(Extent(Reach.PROMPT), direction, 50, *tracks) == expected


def test_from_a_prompt_to_the_next_one():
    there = track(1, 10, 50, 80)
    assert frames(Extent(Reach.PROMPT), "forward", 50, there) == {1: range(50, 80)}
    assert frames(Extent(Reach.PROMPT), "backward", 50, there) == {1: range(11, 51)}


def test_a_range_includes_both_ends_in_either_order():
    assert frames(Extent(Reach.RANGE, first=3, last=7), "both", 50) == range(3, 8)
    assert frames(Extent(Reach.RANGE, first=7, last=3), "forward", 0) == range(3, 8)


def test_the_whole_movie_wherever_one_looks():
    assert frames(Extent(), "backward", 50) == range(N_FRAMES)


def test_a_session_tracks_to_the_next_prompt_and_no_further():
    movie = Movie(cells(12))
    session = Session(movie, FakeSegmenter(movie), np.zeros(movie.shape, np.uint16))
    session.add_points(1, 0, [A])
    session.add_points(1, 4, [(19, 15)])
    session.add_points(2, 0, [B])
    for frame in (0, 4):
        session.preview(frame)
    chosen = Extent(Reach.PROMPT).frames("forward", 2, session.tracks.values(), 12)
    list(session.run(TrackRequest("forward", chosen).plan(session)))
    done = {i: np.flatnonzero(t.fresh(slice(None))) for i, t in session.tracks.items()}
    assert done[1].tolist() == [0, 1, 2, 3, 4], "from the prompt before, without a gap"
    assert done[2].tolist() == list(range(12))
