"""Sessions of earlier versions are opened by this one, and gone on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED
from tests.core.bench import RESTS, blob_movie, run
from tests.io.sessions.bench import assert_same, reopen

FROZEN = sorted(Path(__file__).parent.glob("schema_*.ivos"))
"""Made by scripts/frozen_session.py when each schema was new."""


@pytest.fixture(params=FROZEN, ids=lambda path: path.stem)
def path(request, tmp_path):
    return Path(shutil.copytree(request.param, tmp_path / "old.ivos"))


def test_everything_is_there(path):
    session, saving, saved = reopen(path, blob_movie())
    assert not saved.remarks
    assert not saved.mended
    about = saved.about
    assert (about.scale, about.unit, about.interval_s) == ((0.5, 0.25), "um", 30.0)
    assert about.model["contrast"] == [0.0, 1000.0]
    tracks = session.tracks
    assert {i: t.parent for i, t in tracks.items()} == {1: None, 2: None, 3: 2, 4: 2}
    assert (tracks[1].name, tracks[1].class_name) == ("Ω", "nucleus")
    assert tracks[1].prompts[3].is_locked
    assert tracks[2].prompts[5].mask.pixels.sum() == 100
    assert tracks[2].prompts[0].box.y1 == 52
    assert [p.positive for p in tracks[1].prompts[0].points] == [True, False]
    assert tracks[2].lifespan == range(8)
    assert tracks[1].state[4] & (COMPUTED | ANCHOR) == COMPUTED
    assert np.count_nonzero(session.plane(0) == 1) == 100
    saving.close()


def test_it_goes_on_and_is_saved_in_the_new_way(path):
    session, saving, _ = reopen(path, blob_movie())
    session.add_points(4, 8, [RESTS])
    run(session)
    saving.write()
    saving.close()
    again, saving, _ = reopen(path, blob_movie())
    assert_same(session, again)
    saving.close()
