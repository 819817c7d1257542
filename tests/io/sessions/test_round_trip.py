"""A session that is closed and opened again is the same session."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_sam2_ivos.core.edits.identity import reassign, split, swap
from napari_sam2_ivos.core.edits.lives import delete_frames, divide
from napari_sam2_ivos.core.edits.notes import accept, set_class, set_locked, set_name
from napari_sam2_ivos.core.errors import FormatError, StoreError
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.io.sessions.opening import open_folder
from tests.core.bench import (
    MOVES,
    RESTS,
    Remembering,
    blob_movie,
    run,
    session_on,
    square,
    two_tracked,
)
from tests.io.sessions.bench import assert_same, begin, reopen


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cells.ivos"


def test_everything_comes_back(path):
    session = session_on(blob_movie())
    saving = begin(session, path)
    session.add_points(1, 0, [RESTS, (30, 30)], [True, False])
    session.add_box(2, 0, [[38, 8], [52, 22]])
    run(session)
    session.add_mask(2, 5, square(41, 24))
    run(session, frames=(5, 8))
    accept(session, 1, 3)
    set_name(session, 1, 'Ωmega, "the" first')
    set_class(session, [1, 2], "Zelle")
    divide(session, 2, 8)
    session.add_points(3, 8, [(45, 36)])
    delete_frames(session, 1, range(6, 7))
    set_locked(session, [1], True)
    saving.write()
    saving.close()
    again, saving, saved = reopen(path, session.movie)
    assert_same(session, again)
    assert not saved.remarks
    assert not saving.is_pending
    saving.close()


def test_a_run_is_saved_frame_by_frame(path):
    session = session_on(blob_movie())
    saving = begin(session, path)
    session.add_points(1, 0, [RESTS])
    session.add_points(2, 0, [MOVES])
    saving.write()
    for result in session.propagate():
        saving.write()
        if result.frame == 4:
            break
    saving.close()
    again, saving, _ = reopen(path, session.movie)
    assert_same(session, again)
    assert run(again) == [5, 6, 7, 8, 9]
    whole = two_tracked()
    np.testing.assert_array_equal(again.labels, whole.labels)
    saving.close()


@pytest.mark.parametrize("edit", [
    lambda s: swap(s, 1, 2, 4),
    lambda s: split(s, 1, 5),
    lambda s: s.remove_object(1),
    lambda s: (split(s, 1, 5), reassign(s, 3, 1, range(10))),
    lambda s: (s.remove_object(2), s.undo()),
    lambda s: (s.undo(), s.undo(), s.redo()),
    lambda s: (s.remove_object(2), s.add_points(2, 3, [RESTS])),
])  # fmt: skip
def test_edits_of_whole_objects(path, edit):
    session = two_tracked()
    saving = begin(session, path)
    saving.write()
    edit(session)
    saving.write()
    saving.close()
    again, saving, _ = reopen(path, session.movie)
    assert_same(session, again)
    saving.close()


def test_two_saves_and_what_is_new_wins(path):
    """A frame is tracked, then edited, then tracked again: the last word counts."""
    session = two_tracked()
    saving = begin(session, path)
    saving.write()
    session.add_mask(1, 4, square(10, 12))
    saving.write()
    run(session)
    saving.write()
    session.add_mask(1, 6, square(12, 12))
    saving.write()
    saving.close()
    again, saving, _ = reopen(path, session.movie)
    assert_same(session, again)
    saving.close()


def test_the_log_tells_what_was_done(path):
    session = session_on(blob_movie())
    saving = begin(session, path)
    session.add_points(1, 0, [RESTS])
    run(session)
    set_name(session, 1, "one")
    session.undo()
    saving.write()
    saving.close()
    files = sorted((path / "actions").iterdir())
    entries = [json.loads(file.read_text("utf-8")) for file in files]
    assert [entry["action"] for entry in entries] == [
        "Prompt object 1 on frame 0",
        "Track",
        "Name object 1",
        "Undo: Name object 1",
    ]
    assert all("objects" not in entry for entry in entries)
    assert [entry["n"] for entry in entries] == sorted(e["n"] for e in entries)


def test_a_second_program_may_look_but_not_write(path):
    session = two_tracked()
    saving = begin(session, path)
    saving.write()
    other, second, saved = reopen(path, session.movie)
    assert_same(session, other)
    assert "open in another program" in saved.folder.lock.refusal
    other.remove_object(1)
    with pytest.raises(StoreError, match="open in another program"):
        second.write()
    saving.close()
    second.close()
    third, saving, saved = reopen(path, session.movie)
    assert saved.folder.lock.refusal == ""
    assert_same(session, third)
    saving.close()


def test_a_folder_that_is_there_is_left_alone(path):
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="there already"):
        begin(two_tracked(), path)
    assert (path / "mine.txt").read_text() == "mine"


def test_a_newer_session_is_refused(path):
    saving = begin(two_tracked(), path)
    saving.write()
    saving.close()
    content = json.loads((path / "session.json").read_text("utf-8"))
    content |= {"schema": 99, "program": "napari-sam2-ivos 7.0"}
    (path / "session.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match=r"newer version .*7\.0.*Update"):
        open_folder(path)


def test_a_failed_write_is_made_up_for(path, monkeypatch):
    session = two_tracked()
    saving = begin(session, path)
    saving.write()
    frames = path / "labels.ome.zarr" / "0"
    frames.rename(path / "away")
    frames.write_text("in the way")  # the share is gone
    session.remove_object(1)
    with pytest.raises(StoreError):
        saving.write()
    assert saving.is_pending
    frames.unlink()
    (path / "away").rename(frames)
    session.add_mask(2, 3, square(30, 30))
    saving.write()
    saving.close()
    again, saving, _ = reopen(path, session.movie)
    assert_same(session, again)
    saving.close()


def test_saved_as(path, tmp_path):
    """A session goes on in another folder; the first stays as it was."""
    session = two_tracked()
    first = begin(session, path)
    first.write()
    first.close()
    second = begin(session, tmp_path / "copy.ivos")
    session.remove_object(1)
    second.write()
    second.close()
    old, saving, _ = reopen(path, session.movie)
    assert sorted(old.tracks) == [1, 2]
    saving.close()
    new, saving, _ = reopen(tmp_path / "copy.ivos", session.movie)
    assert_same(session, new)
    saving.close()


def test_a_session_starts_from_a_store_of_its_own(path):
    """What is opened is a copy: the folder changes only by what is saved."""
    session = two_tracked()
    saving = begin(session, path)
    saving.write()
    saving.close()
    before = {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}
    again, saving, _ = reopen(path, session.movie)
    again.remove_object(1)
    saving.close()
    after = {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}
    before.pop(path / "open_by.json")
    after.pop(path / "open_by.json")
    assert before == after
    assert isinstance(again, Session)
    assert isinstance(again.segmenter, Remembering)
