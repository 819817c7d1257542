"""A damaged or hostile session loses what the damaged file held, or is refused."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import warnings

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_sam2_ivos.core.edits.lives import divide
from napari_sam2_ivos.core.edits.notes import accept, set_class
from napari_sam2_ivos.core.errors import FormatError, IvosError
from napari_sam2_ivos.io.sessions.annotated import read_annotated
from napari_sam2_ivos.io.sessions.finding import find_movie
from napari_sam2_ivos.io.sessions.opening import open_folder, read_about
from tests.core.bench import blob_movie, check, run, square, two_tracked
from tests.io.sessions.bench import assert_same, begin, reopen

CHUNK = "labels.ome.zarr/0/c/4/0/0"
ARRAY = "labels.ome.zarr/0/zarr.json"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A session with a bit of everything, and its folder."""
    path = tmp_path_factory.mktemp("whole") / "cells.ivos"
    session = two_tracked()
    saving = begin(session, path)
    saving.write()
    session.add_mask(1, 3, square(10, 11))
    saving.write()
    run(session)
    accept(session, 2, 5)
    divide(session, 2, 8)
    session.add_points(3, 8, [(45, 36)])
    run(session)
    set_class(session, [1, 3], "Zelle")
    saving.write()
    saving.close()
    return session, path


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved[1], tmp_path / "cells.ivos")


def files_of(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*.*"))


def opened(path, *, is_short=False):
    """Open what there is, go on with it, and open it once more."""
    movie = blob_movie()
    session, saving, found = reopen(path, movie)
    check(session)
    if found.folder.lock.refusal:
        saving.close()
        return session, found.remarks
    session.add_mask(9, 0, square(30, 60))
    saving.write()
    saving.close()
    if is_short:
        return session, found.remarks
    again, saving, _ = reopen(path, movie)
    saving.close()
    assert_same(session, again)
    list(again.propagate("both"))
    check(again)
    return session, found.remarks


def opened_or_refused(path, **how):
    """Open a session, or have it refused in words; anything else is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return opened(path, **how)
        except FormatError:
            return None


def damage(path, how):
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "garbage":
        path.write_bytes(np.random.default_rng(0).bytes(len(content)))
    elif how == "deleted":
        path.unlink()
    elif how == "a folder":
        path.unlink()
        path.mkdir()
    elif how == "deep":
        path.write_bytes(b"[" * 100_000)
    elif how == "no object":
        path.write_bytes(b"[1]")
    elif how == "nothing in it":
        path.write_bytes(b"{}")
    elif how == "renamed":
        path.rename(path.with_name(f"77{path.suffix}"))
    elif how == "another's":
        others = sorted(p for p in path.parent.iterdir() if p.is_file() and p != path)
        if others:
            path.write_bytes(others[0].read_bytes())


@pytest.mark.parametrize("how", [
    "cut", "empty", "garbage", "deleted", "a folder", "deep", "no object",
    "nothing in it", "renamed", "another's",
])  # fmt: skip
def test_every_file_in_turn(saved, tmp_path, how):
    before, whole = saved
    for name in files_of(whole):
        if not (whole / name).is_file():
            continue
        path = shutil.copytree(whole, tmp_path / "cells.ivos")
        damage(path / name, how)
        try:
            came = opened_or_refused(path)
            if came is None:
                assert name == "session.json" or name.endswith("zarr.json")
            else:
                assert_only_that_is_lost(before, *came, name)
        except BaseException as error:
            error.add_note(f"{name}: {how}")
            raise
        shutil.rmtree(path)


def assert_only_that_is_lost(before, now, remarks, name):
    """Objects, frames and notes that the damaged file was not about are the same."""
    part, _, rest = name.partition("/")
    lost_frame = None
    if part == "frames":
        lost_frame = int(rest[:6])
    elif part == "labels.ome.zarr":
        lost_frame = int(rest.split("/")[2]) if "/c/" in rest else None
    lost_object = int(rest[:5]) if part == "objects" else None
    for frame in range(10):
        plane = np.asarray(before.labels[frame])
        if part != "labels.ome.zarr" or frame != lost_frame:
            shown = np.where(np.asarray(now.labels[frame]) == 9, 0, now.labels[frame])
            np.testing.assert_array_equal(shown, plane)
    for track_id, track in before.tracks.items():
        if track_id == lost_object:
            continue
        other = now.tracks[track_id]
        assert other.prompts == track.prompts
        assert (other.name, other.class_name) == (track.name, track.class_name)
        sure = np.flatnonzero(track.state)
        if lost_object is not None:
            continue  # its frames are in doubt
        sure = sure[sure != lost_frame]
        np.testing.assert_array_equal(other.state[sure], track.state[sure])
        np.testing.assert_array_equal(other.area[sure], track.area[sure])


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_bytes_flipped_anywhere(saved, tmp_path, data):
    whole = saved[1]
    names = [name for name in files_of(whole) if (whole / name).stat().st_size]
    names = [name for name in names if (whole / name).is_file()]
    name = data.draw(st.sampled_from([*names, CHUNK]))
    content = bytearray((whole / name).read_bytes())
    at = st.integers(0, len(content) - 1)
    for place, byte in data.draw(
        st.lists(st.tuples(at, st.integers(0, 255)), min_size=1, max_size=3)
    ):
        content[place] = byte
    path = tmp_path / "cells.ivos"
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole, path)
    (path / name).write_bytes(content)
    opened_or_refused(path)


HOSTILE = [
    "1e400", "-1e400", "NaN", "-1", "1e30", str(10**30), "99999999", "0.5", "null",
    "true", '""', '"\\ud800"', '"../../../../tmp/x"', '"' + "a" * 5000 + '"', "[]",
    "{}", "[[[[[]]]]]", "[1,2,3]", '{"a": 1}', "[" * 500 + "]" * 500,
    "[" + "1," * 20_000 + "1]",
]  # fmt: skip


def leaves(content, path=()):
    """Return where values are, the first two of each list."""
    yield path
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, (*path, key))
    elif isinstance(content, list):
        for i, value in enumerate(content[:2]):
            yield from leaves(value, (*path, i))


@pytest.mark.parametrize("name", [
    "session.json", "objects/00001.json", "objects/00003.json", "frames/000004.json",
    "in_doubt.json", "commit.json", ARRAY, "labels.ome.zarr/zarr.json",
])  # fmt: skip
def test_hostile_values(saved, tmp_path, name):
    whole = shutil.copytree(saved[1], tmp_path / "whole.ivos")
    one = json.loads((whole / "objects/00001.json").read_text("utf-8"))
    frame = json.loads((whole / "frames/000004.json").read_text("utf-8"))
    n = one["n"] + 100
    doubt = {"frames": [1, 2], "kept": [1], "n": n - 50}
    commit = {
        "n": n,
        "torn": [1],
        "actions": {},
        "objects": {"1": one | {"n": n}, "2": None},
        "frames": {"4": frame | {"n": n}},
    }
    (whole / "in_doubt.json").write_text(json.dumps(doubt))
    (whole / "commit.json").write_text(json.dumps(commit))
    content = json.loads((whole / name).read_text("utf-8"))
    chance = np.random.default_rng(0)
    for at in leaves(content):
        for value in chance.choice(HOSTILE, 2, replace=False):
            path = shutil.copytree(whole, tmp_path / "cells.ivos")
            text = json.dumps(_with(content, at, "@@@")).replace('"@@@"', value)
            (path / name).write_text(text, encoding="utf-8")
            try:
                opened_or_refused(path, is_short=True)
            except BaseException as error:
                error.add_note(f"{at}: {value[:60]}")
                raise
            shutil.rmtree(path)


def _with(content, at, value):
    if not at:
        return value
    made = dict(content) if isinstance(content, dict) else list(content)
    made[at[0]] = _with(content[at[0]], at[1:], value)
    return made


class Bomb:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (os.environ["BOMB"],)


def test_pickled_labels_are_never_unpickled(folder, tmp_path, monkeypatch):
    target = tmp_path / "went off"
    monkeypatch.setenv("BOMB", str(target))
    shutil.rmtree(folder / "labels.ome.zarr")
    zarr.create_array(
        folder / "labels.ome.zarr/0",
        shape=(10, 60, 80),
        chunks=(1, 60, 80),
        dtype="u2",
        zarr_format=2,
        filters=[numcodecs.Pickle()],
        compressors=None,
    )
    zarr.create_group(folder / "labels.ome.zarr", zarr_format=2)
    for frame in range(10):
        chunk = folder / f"labels.ome.zarr/0/{frame}.0.0"
        chunk.write_bytes(pickle.dumps(Bomb()))
    for how in (open_folder, lambda path: read_annotated(path, needs_movie=False)):
        with pytest.raises(FormatError):
            how(folder)
    assert not target.exists()


@pytest.mark.parametrize("change", [
    {"shape": [10**12, 60, 80]},
    {"shape": [10, 60]},
    {"data_type": "float64", "fill_value": 0.0},
    {"codecs": [{"name": "bytes"}, {"name": "of-tomorrow"}]},
    {"codecs": [{"name": "bytes"}, {"name": "numcodecs.lzma", "configuration": {}}]},
    {"chunk_grid": {
        "name": "regular",
        "configuration": {"chunk_shape": [10**6, 10**6, 10**6]},
    }},
    {"node_type": "group"},
])  # fmt: skip
def test_label_stacks_that_we_never_wrote(folder, change):
    content = json.loads((folder / ARRAY).read_text("utf-8"))
    (folder / ARRAY).write_text(json.dumps(content | change))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr's, of codecs that it does not like
        with pytest.raises(FormatError):
            open_folder(folder)


def test_a_session_of_too_many_frames(folder):
    for name, at in (("session.json", ["movie", "shape"]), (ARRAY, ["shape"])):
        content = json.loads((folder / name).read_text("utf-8"))
        content = _with(content, at, [10**12, 60, 80])
        (folder / name).write_text(json.dumps(content))
    with pytest.raises(FormatError):
        open_folder(folder)


@pytest.mark.parametrize("name", [
    "objects", "actions", "labels.ome.zarr", "labels.ome.zarr/0", CHUNK, "lock",
    "open_by.json", "session.json", "objects/00001.json",
])  # fmt: skip
def test_links_are_not_followed(folder, tmp_path, name):
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    if name == "lock":
        outside.write_text("mine")
    (folder / name).symlink_to(outside)
    before = [outside, *outside.rglob("*")]
    content = {p: p.read_bytes() for p in before if p.is_file()}
    with pytest.raises(FormatError, match="is a link"):
        open_folder(folder)
    assert {p: p.read_bytes() for p in before if p.is_file()} == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
@pytest.mark.parametrize("name", ["objects/00001.json", CHUNK, "lock", "session.json"])
def test_a_pipe_is_not_read(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(FormatError):
        open_folder(folder)


@pytest.mark.parametrize("path", ["/" + "a/" * 3000, "\0", "a" * 300, "/dev/zero"])
def test_movie_paths_that_cannot_be(folder, path):
    content = json.loads((folder / "session.json").read_text("utf-8"))
    content["movie"] |= {"path": path, "relative_path": path}
    (folder / "session.json").write_text(json.dumps(content))
    about = read_about(folder)
    with pytest.raises(IvosError, match="was not found"):
        find_movie(about.movie, folder)


def test_what_a_crash_left_is_cleared_away_and_nothing_else(folder):
    ours = folder / "objects/.abcd_123.part.json"
    zarrs = folder / f"{CHUNK}.{'0a' * 16}.partial"
    users = [folder / "notes.txt", folder / "objects/.hidden", folder / "my.part"]
    for file in (ours, zarrs, *users):
        file.write_text("x")
    open_folder(folder, to_write=False)
    assert ours.exists()
    opened(folder)
    assert not ours.exists()
    assert not zarrs.exists()
    assert all(file.read_text() == "x" for file in users)


def test_a_damaged_session_is_exported_or_refused(folder):
    (folder / "objects/00001.json").unlink()
    annotated = read_annotated(folder, blob_movie(), needs_movie=False)
    labels = {i for _, plane in annotated.planes() for i in np.unique(plane)} - {0}
    assert labels <= set(annotated.tracks)
    (folder / CHUNK).write_bytes(b"x")
    with pytest.raises(IvosError, match="cannot be read"):
        read_annotated(folder, blob_movie(), needs_movie=False)
