"""The list of formats: every one can be written, and says what it cannot hold."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from napari_sam2_ivos.core.errors import Cancelled, FormatError, StoreError
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.exports.formats import FORMATS, Trait, export, left_out
from tests.io.exports.movies import (
    CALIBRATION,
    EVERY,
    annotate,
    blank,
    division,
    one_frame,
)


def name_of(key):
    chosen = FORMATS[key]
    return "out" + (chosen.suffixes[0] if chosen.suffixes else "")


@pytest.mark.parametrize("key", FORMATS)
@pytest.mark.parametrize("make", EVERY)
def test_every_movie_in_every_format(tmp_path, key, make):
    remarks = export(key, tmp_path / name_of(key), make())
    assert all(remark.strip().endswith(".") for remark in remarks)
    assert [path.name for path in tmp_path.iterdir()] == [name_of(key)]


@pytest.mark.parametrize("key", FORMATS)
def test_again_in_the_same_place(tmp_path, key):
    for make in (division, one_frame):
        export(key, tmp_path / name_of(key), make())
    assert [path.name for path in tmp_path.iterdir()] == [name_of(key)]


@pytest.mark.parametrize("key", [k for k, f in FORMATS.items() if not f.suffixes])
def test_a_folder_of_the_users_is_left_alone(tmp_path, key):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="left alone"):
        export(key, tmp_path / "out", division())
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("key", FORMATS)
def test_stopped_in_the_middle_what_was_there_stays(tmp_path, key):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    path = tmp_path / name_of(key)
    export(key, path, division())
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    movie = annotate(division().labels, on_frame=stop, **CALIBRATION)
    with pytest.raises(Cancelled):
        export(key, path, movie)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("key", [k for k, f in FORMATS.items() if f.suffixes])
def test_a_file_is_called_what_it_is(tmp_path, key):
    with pytest.raises(FormatError, match=r"does not end in \."):
        export(key, tmp_path / "out.docx", division())
    assert list(tmp_path.iterdir()) == []


def test_what_a_format_cannot_hold_is_said(tmp_path):
    (remark,) = export("tiff", tmp_path / "l.tif", division())
    assert remark == (
        "Label stack, TIFF cannot hold divisions, classes, names, scores: left out."
    )
    assert export("geff", tmp_path / "l.geff", division()) == []
    nothing = annotate(blank(), **CALIBRATION)
    assert left_out(FORMATS["ctc"], nothing) == [Trait.PIXEL_SIZE, Trait.INTERVAL]


@pytest.mark.parametrize("key", FORMATS)
def test_an_object_that_was_begun_since_is_not_in_it(tmp_path, key):
    """The window copies its objects, and goes on with labels meanwhile."""
    annotated = division()
    labels = np.array(annotated.labels)
    labels[4, 30:35, 40:45] = 9
    object.__setattr__(annotated, "labels", labels)
    export(key, tmp_path / name_of(key), annotated)
    assert not isinstance(annotated.tracks.get(9), Track)


def test_the_documentation_has_every_format():
    text = Path(__file__).parents[3].joinpath("docs", "formats.md").read_text("utf-8")
    out, _, _ = text.partition("## In")
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", out, re.MULTILINE))
    assert documented == set(FORMATS)
