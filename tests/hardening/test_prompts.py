"""Whatever is asked for, a session answers or refuses, and stays whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.core.tracks import CELLS, COMPUTED
from tests.core.bench import (
    HEIGHT,
    N_FRAMES,
    WIDTH,
    blob_movie,
    session_on,
    two_tracked,
)

ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)
NEAR = st.floats(-5, max(HEIGHT, WIDTH) + 5)
COORDINATE = st.one_of(ANY, NEAR)
ODD_IDS = st.one_of(st.integers(-3, 70_000), st.just(2.5), st.just(True))
ODD_FRAMES = st.one_of(st.integers(-3, N_FRAMES + 3), st.just(1.5))


def state_of(session):
    """Everything that a refused edit may not change."""
    return (
        np.asarray(session.labels).tobytes(),
        {
            i: (
                t.prompts,
                t.name,
                t.parent,
                t.lifespan,
                *(getattr(t, n).tobytes() for n in CELLS),
            )
            for i, t in ((i, t.copy()) for i, t in session.tracks.items())
        },
        session.history.undo_name,
    )


def check_whole(session):
    """No pixel is nobody's, and none lies outside its object's window."""
    for frame in range(session.movie.n_frames):
        plane = session.plane(frame)
        for track_id in np.unique(plane[plane > 0]).tolist():
            track = session.tracks[track_id]
            outside = plane == track_id
            outside[track.window_on(frame)] = False
            assert not outside.any()
            assert track.state[frame] & COMPUTED


def attempt(session, edit):
    """Do something; a refusal is ours and leaves everything as it was."""
    before = state_of(session)
    try:
        edit()
    except IvosError:
        assert state_of(session) == before
        return False
    return True


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(COORDINATE, COORDINATE), min_size=0, max_size=4),
    st.lists(st.booleans(), min_size=0, max_size=4),
    ODD_IDS,
    ODD_FRAMES,
)
def test_points(points, signs, track_id, frame):
    session = two_tracked()
    if attempt(session, lambda: session.add_points(track_id, frame, points, signs)):
        inside = all(
            -0.5 <= y <= HEIGHT - 0.5 and -0.5 <= x <= WIDTH - 0.5 for y, x in points
        )
        assert inside
        session.preview(int(frame))
        check_whole(session)


@settings(max_examples=80, deadline=None)
@given(st.lists(COORDINATE, min_size=4, max_size=4), ODD_IDS, ODD_FRAMES)
def test_boxes(corners, track_id, frame):
    session = two_tracked()
    box = [corners[:2], corners[2:]]
    if attempt(session, lambda: session.add_box(track_id, frame, box)):
        session.preview(int(frame))
        check_whole(session)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        [(HEIGHT, WIDTH), (HEIGHT, WIDTH + 1), (1, 1), (WIDTH, HEIGHT), (0, 0)]
    ),
    st.sampled_from(["?", "u1", "<f8", ">i4"]),
    ODD_IDS,
    ODD_FRAMES,
)
def test_masks(shape, dtype, track_id, frame):
    session = two_tracked()
    mask = np.zeros(shape, dtype)
    mask[: shape[0] // 2] = 1
    if attempt(session, lambda: session.add_mask(track_id, frame, mask)):
        assert shape == (HEIGHT, WIDTH)
        session.preview(int(frame))
        check_whole(session)


def test_the_same_prompt_twice_is_one_step():
    session = session_on(blob_movie())
    session.add_box(1, 0, [[8, 8], [22, 22]])
    name, prompts = session.history.undo_name, session.prompts(1, 0)
    number = session.history.last_number
    session.add_box(1, 0, [[8, 8], [22, 22]])
    assert session.history.last_number == number
    assert (session.history.undo_name, session.prompts(1, 0)) == (name, prompts)


def test_contradictory_prompts_are_answered():
    """Yes and no on the same pixel, in a box that is elsewhere: an answer, no crash."""
    session = session_on(blob_movie())
    session.add_points(1, 0, [(15, 15), (15, 15)], [True, False])
    session.add_box(1, 0, [[40, 40], [50, 50]])
    session.preview(0)
    check_whole(session)
    session.undo()
    check_whole(session)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(1, 4), st.integers(0, 9)), max_size=8
    )
)
def test_any_order_of_edits_leaves_a_whole_session(edits):
    from napari_sam2_ivos.core.edits import identity, lives

    session = two_tracked()
    for kind, track_id, frame in edits:
        other = track_id % 2 + 1
        edit = [
            lambda i=track_id, f=frame: session.add_points(i, f, [(15, 15)]),
            lambda i=track_id, f=frame: session.add_box(i, f, [[5, 5], [25, 30]]),
            lambda i=track_id, f=frame: session.remove_prompts(i, f),
            lambda i=track_id: session.remove_object(i),
            lambda i=track_id, o=other, f=frame: identity.swap(session, i, o, f),
            lambda i=track_id, f=frame: identity.split(session, i, f),
            lambda i=track_id, f=frame: lives.divide(session, i, f),
            lambda: list(session.propagate()),
            session.undo,
        ][kind]
        attempt(session, edit)
        check_whole(session)
