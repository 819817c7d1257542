"""Killed at any moment, a session opens with everything that was safe.

``python -m benchmarks.crash`` does the same for longer.
"""

from __future__ import annotations

import pytest

pytest.importorskip("resource", reason="kills as on Linux and macOS")

from tests.io.sessions import crashes


def test_killed_at_random_moments(tmp_path):
    count = crashes.Count()
    crashes.kill_many(tmp_path / "crowd.ivos", 24, count, seed=7)
    assert count.kills > 12
    assert count.frames_finished > 0
    assert count.frames_lost == 0


def test_killed_before_every_so_manieth_thing_done_to_a_file(tmp_path):
    count = crashes.Count()
    crashes.kill_everywhere(
        tmp_path / "crowd.ivos", count, first=3, step=16, tiled=True
    )
    assert count.kills > 20
    assert count.frames_finished > 0
    assert count.frames_lost == 0


def test_the_kills_find_planes_that_are_newer_than_their_objects(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_sam2_ivos.io.sessions.reading.put_back", lambda *_: 0)
    with pytest.raises(AssertionError):
        crashes.kill_everywhere(
            tmp_path / "crowd.ivos", crashes.Count(), first=150, step=3
        )
