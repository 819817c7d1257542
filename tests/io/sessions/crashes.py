"""Kills a user of a session, and looks whether what was safe still is."""

from __future__ import annotations

import itertools
import multiprocessing
import pickle
import random
import shutil
import time
from dataclasses import dataclass, field

import numpy as np

from napari_sam2_ivos.core.tracks import CELLS, COMPUTED, STALE
from napari_sam2_ivos.io.labels import read_labels
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.io.sessions.restoring import restore
from tests.core.bench import Remembering, check, picture
from tests.io.sessions.crash_child import EXPORTS, crowd, work

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.io.sessions.crash_child"])
LONGEST_S = 60


@dataclass
class Count:
    """What came of all kills."""

    kills: int = 0
    before_there_was_a_session: int = 0
    opened: int = 0
    not_opened: int = 0
    frames_finished: int = 0
    frames_lost: int = 0
    frames_to_compute_again: int = 0
    writes: int = 0
    exports: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


@dataclass
class Heard:
    """What a killed user has said."""

    pictures: list = field(default_factory=list)
    written: int = 0
    exports: dict = field(default_factory=dict)
    n_writes: int = 0
    was_killed: bool = False


def run_child(path, seed, kill_after_s=None, **how):
    """Run a user, kill it so long after it opened the session; return what it said."""
    ours, its = CONTEXT.Pipe(duplex=False)
    child = CONTEXT.Process(target=work, args=(path, its, seed), kwargs=how)
    child.start()
    its.close()
    heard, end = Heard(), time.monotonic() + LONGEST_S
    try:
        while True:
            if ours.poll(max(0.0, end - time.monotonic())):
                kind, what = ours.recv()
                if kind == "now":
                    if not heard.pictures and kill_after_s is not None:
                        end = time.monotonic() + kill_after_s
                    heard.pictures.append(what)
                elif kind == "written":
                    heard.written, heard.n_writes = what, heard.n_writes + 1
            elif child.is_alive():
                child.kill()
                end = time.monotonic() + LONGEST_S
    except (EOFError, OSError, pickle.UnpicklingError):
        pass  # its last word may be cut short
    child.join()
    ours.close()
    heard.was_killed = child.exitcode < 0
    assert heard.was_killed or child.exitcode == 0, "the user met an error"
    return heard


def look(path, heard, before, count, *, threaded):
    """Open what a killed user left, and make sure of all that must be there.

    Parameters
    ----------
    path : Path
    heard : Heard
    before : picture or None
        The session before, if there was one.
    count : Count
    threaded : bool

    Returns
    -------
    picture
        As it is now.
    """
    count.kills += heard.was_killed
    count.writes += heard.n_writes
    if heard.pictures and before is not None:
        assert_equal(heard.pictures[0], before, "what the user found")
    known = heard.pictures[heard.written :] or ([] if before is None else [before])
    if not path.exists():
        assert not known, "the session is gone"
        count.before_there_was_a_session += 1
        return None
    movie = crowd()
    count.not_opened += 1
    saved = open_folder(path)
    session, saving = restore(saved, movie, Remembering(movie))
    saving.close()
    count.not_opened -= 1
    count.opened += 1
    check(session)
    now = picture(session)
    doubt = sorted(saved.in_doubt)
    assert not saved.remarks, (saved.remarks, doubt)
    if not known:
        assert not now[1]
        return now
    fits = [state for state in known if not _differences(now, state, doubt, saved)]
    assert fits, [_differences(now, state, doubt, saved) for state in known[:3]]
    for frame in doubt:
        _look_at_doubt(now, known, frame, count)
    for track in known[0][1].values():
        done = track["state"] & COMPUTED != 0
        count.frames_finished += int(done.sum())
    if not threaded:
        _look_ahead(now, fits, movie)
    return now


def _look_at_doubt(now, known, frame, count):
    """What may not fit says so: what is fresh is as it was, pixels and all."""
    for track_id, track in now[1].items():
        own = now[0][frame] == track_id
        olds = [(s[0][frame] == track_id, s[1].get(track_id)) for s in known]
        state = track["state"][frame]
        if state & (COMPUTED | STALE) == COMPUTED and not state & 32:
            assert any(
                old is not None
                and not _cell_differences(track, old, frame)
                and np.array_equal(own, mask)
                for mask, old in olds
            ), f"object {track_id} on frame {frame} is fresh over other pixels"
        if all(old is not None and old["state"][frame] & COMPUTED for _, old in olds):
            count.frames_lost += not state & COMPUTED
            fresh = [not old["state"][frame] & STALE for _, old in olds]
            count.frames_to_compute_again += bool(state & STALE) and all(fresh)


def _look_ahead(now, fits, movie):
    """Going on gives the same labels as if nobody had been killed."""
    ends = []
    for state in (now, fits[0]):
        session = revived(state, movie)
        list(session.propagate("both"))
        ends.append(np.array(session.labels))
    np.testing.assert_array_equal(*ends)


def revived(state, movie):
    """Make a session of a picture."""
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.core.tracks import Track

    session = Session(movie, Remembering(movie), state[0].copy())
    for track_id, known in state[1].items():
        track = Track(track_id, movie.n_frames)
        track.prompts = dict(known["prompts"])
        track.lifespan, track.is_locked = known["lifespan"], known["is_locked"]
        for name in CELLS:
            setattr(track, name, known[name].copy())
        session.tracks[track_id] = track
    return session


def _differences(now, state, doubt, saved):
    """Return in what a session is not a state, but for frames in doubt."""
    found = []
    ids = set(now[1]) - saved.recovered
    if ids != set(state[1]) - saved.recovered:
        return [f"objects {sorted(ids)} instead of {sorted(state[1])}"]
    sure = np.setdiff1d(np.arange(len(now[0])), doubt)
    planes = (now[0][sure] != state[0][sure]).any(axis=(1, 2))
    if planes.any():
        found.append(f"planes {sure[planes].tolist()}")
    for track_id in ids:
        track, old = now[1][track_id], state[1][track_id]
        for name in ("prompts", "name", "class", "parent", "is_locked", "lifespan"):
            if track[name] != old[name] and not (name == "lifespan" and doubt):
                found.append(f"{name} of {track_id}")
        found += _cell_differences(track, old, sure, track_id)
    return found


def _cell_differences(track, old, frames, track_id=0):
    frames = np.atleast_1d(frames)
    frames = frames[(track["state"][frames] | old["state"][frames]) != 0]
    return [
        f"{name} of {track_id}"
        for name in CELLS
        if not np.array_equal(
            track[name][frames],
            old[name][frames],
            equal_nan=track[name].dtype.kind == "f",
        )
    ]


def assert_equal(now, state, what):
    """Two pictures are the same."""
    nothing = type("Saved", (), {"recovered": set()})
    differences = _differences(now, state, [], nothing)
    assert not differences, f"{what}: {differences}"


def look_at_exports(path, heard, count):
    """A label file is one that was written to the end, and no other."""
    for name in EXPORTS:
        target = path.parent / name
        if target.exists():
            labels = np.asarray(read_labels(target))
            assert labels.shape == crowd().shape
            count.exports += 1


def kill_many(path, n, count, seed=0, say=None):
    """Kill users at random moments, one after the other, in the same folder."""
    chance, before = random.Random(seed), None
    for i in range(n):
        threaded, tiled = chance.random() < 0.4, chance.random() < 0.5
        kind = chance.choice(["time", "time", "event", "event", "bytes"])
        how = {
            "time": {"kill_after_s": chance.random() ** 2 * 0.8},
            "event": {"at_event": int(10 ** chance.uniform(0, 3.2))},
            "bytes": {"at_bytes": int(10 ** chance.uniform(2, 4.6))},
        }[kind]
        heard = run_child(
            path, seed * 100_000 + i, threaded=threaded, tiled=tiled, **how
        )
        try:
            before = look(path, heard, before, count, threaded=threaded)
        except BaseException as error:
            error.add_note(f"kill {i}, seed {seed}, {threaded=}, {how}")
            raise
        if heard.was_killed:
            count.kinds[kind] = count.kinds.get(kind, 0) + 1
        look_at_exports(path, heard, count)
        if say is not None:
            say(i, count)
        if i % 40 == 39:
            shutil.rmtree(path)
            before = None


def kill_everywhere(path, count, first=1, step=1, say=None, *, tiled=False):
    """Kill a user who follows a script before each thing done to a file; start anew."""
    for at in itertools.count(first, step):
        heard = run_child(path, None, at_event=at, tiled=tiled)
        try:
            look(path, heard, None, count, threaded=False)
        except BaseException as error:
            error.add_note(f"killed before file event {at}")
            raise
        shutil.rmtree(path, ignore_errors=True)
        if not heard.was_killed:
            return at
        count.kinds["everywhere"] = count.kinds.get("everywhere", 0) + 1
        if say is not None:
            say(at, count)
