"""A disk that is full, read-only or away: what was saved stays, the rest is made up."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from napari_sam2_ivos.core.edits.identity import swap
from napari_sam2_ivos.core.errors import StoreError
from tests.core.bench import assert_same as same_pictures
from tests.core.bench import picture, run, square, two_tracked
from tests.io.sessions.bench import assert_same, begin, reopen


def two_saved(path):
    session = two_tracked()
    saving = begin(session, path)
    saving.write()
    return session, saving


def edit(session):
    swap(session, 1, 2, 4)
    session.add_mask(1, 2, square(12, 9))
    run(session)


def test_every_write_may_fail(tmp_path, monkeypatch):
    """Before each thing brought to the disk it is full; then there is space again."""
    fsync, left = os.fsync, [0]

    def full(file):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    for at in range(1, 200):
        path = tmp_path / f"{at}" / "cells.ivos"
        session, saving = two_saved(path)
        before = picture(session)
        edit(session)
        after = picture(session)
        left[0] = at
        try:
            saving.write()
        except StoreError as error:
            assert "No space left" in str(error)  # noqa: PT017
            assert "Free some space" in str(error)  # noqa: PT017
        else:
            saving.close()
            break
        left[0] = 0
        copy = shutil.copytree(path, tmp_path / f"{at}" / "copy.ivos")
        session.add_mask(2, 9, square(30, 50))
        saving.write()
        saving.close()
        again, saving, _ = reopen(path, session.movie)
        assert_same(session, again)
        saving.close()
        killed, saving, _ = reopen(copy, session.movie)
        saving.close()
        is_before = np.array_equal(killed.labels, before[0])
        _same_but_unknown(killed, before if is_before else after)
    assert at > 15
    assert not saving.is_pending


def _same_but_unknown(session, known):
    """Compare cells that hold anything; of others a file holds nothing."""
    labels, tracks = picture(session)
    for track_id, track in known[1].items():
        blank = track["state"] == 0
        for name, value in track.items():
            if isinstance(value, np.ndarray):
                tracks[track_id][name][blank] = value[blank]
    same_pictures((labels, tracks), known)


def test_a_folder_that_goes_away_is_not_made_again(tmp_path):
    path, away = tmp_path / "share" / "cells.ivos", tmp_path / "away"
    session, saving = two_saved(path)
    (tmp_path / "share").rename(away)
    edit(session)
    with pytest.raises(StoreError, match=r"not there any more.*Bring it back"):
        saving.write()
    assert not (tmp_path / "share").exists()
    assert saving.is_pending
    session.remove_object(2)
    away.rename(tmp_path / "share")
    saving.write()
    saving.close()
    again, saving, _ = reopen(path, session.movie)
    assert_same(session, again)
    saving.close()


def test_another_session_in_its_place_is_left_alone(tmp_path):
    path = tmp_path / "cells.ivos"
    session, saving = two_saved(path)
    path.rename(tmp_path / "away.ivos")
    other, others = two_saved(path)
    others.close()
    edit(session)
    with pytest.raises(StoreError, match="another session"):
        saving.write()
    saving.close()
    again, saving, _ = reopen(path, other.movie)
    assert_same(other, again)
    saving.close()


def _mount(*arguments):
    if not (sys.platform == "linux" and os.geteuid() == 0):
        pytest.skip("only root may mount")
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.decode()}")


@pytest.fixture
def disk(tmp_path):
    """A disk of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", place)
    yield place
    while subprocess.run(["umount", "-l", place], capture_output=True).returncode == 0:
        pass


def test_a_full_disk(disk):
    path = disk / "cells.ivos"
    session, saving = two_saved(path)
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free))
    edit(session)
    with pytest.raises(StoreError, match="Free some space"):
        saving.write()
    with pytest.raises(StoreError, match="Free some space"):
        saving.write()
    session.remove_object(2)
    filler.unlink()
    saving.write()
    saving.close()
    again, saving, saved = reopen(path, session.movie)
    assert_same(session, again)
    assert not saved.remarks
    saving.close()


def test_a_disk_that_becomes_read_only(disk):
    path = disk / "cells.ivos"
    session, saving = two_saved(path)
    _mount("--bind", disk, disk)
    _mount("-o", "remount,bind,ro", disk)
    edit(session)
    with pytest.raises(StoreError, match="Read-only file system"):
        saving.write()
    other, second, saved = reopen(path, session.movie)
    assert "cannot be written: Read-only" in saved.folder.lock.refusal
    assert sorted(other.tracks) == [1, 2]
    with pytest.raises(StoreError, match="Read-only"):
        second.write()
    second.close()
    subprocess.run(["umount", disk], check=True)
    saving.write()
    saving.close()
    again, saving, _ = reopen(path, session.movie)
    assert_same(session, again)
    saving.close()
