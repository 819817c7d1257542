"""Downloads against a server that is right, slow, silent, cut, wrong or gone."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections import namedtuple
from dataclasses import replace

import pytest

from napari_sam2_ivos.core.errors import Cancelled, ModelError
from napari_sam2_ivos.engine import catalogue, installed, transfer
from napari_sam2_ivos.engine import download as download_module
from napari_sam2_ivos.engine.download import download
from napari_sam2_ivos.engine.installed import installed_path
from tests.engine.model_server import CONTENT, model_server

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def server():
    with model_server() as running:
        yield running


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Be the user's own folder of models, the only one."""
    monkeypatch.delenv(installed.MODELS_DIR_VARIABLE, raising=False)
    monkeypatch.delenv(catalogue.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(installed, "user_cache_path", lambda *_, **__: tmp_path)
    return tmp_path / "models"


@pytest.fixture
def entry(server, own):
    """Make an entry of the catalogue for a path on the server."""
    template = catalogue.find("sam2.1-tiny")
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return lambda path: replace(
        template,
        url=path if "://" in path else f"{server.address}/{path}",
        sha256=sha256,
        size_bytes=len(CONTENT),
    )


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT_S", (1, 0.4))


def test_the_right_file_arrives_once(entry, own, server):
    right = entry("right.pt")
    assert installed_path(right) is None
    path = download(right)
    assert path == own / "right.pt" == installed_path(right)
    assert path.read_bytes() == CONTENT
    assert list(own.iterdir()) == [path]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o644, "others may read it"
    assert download(right, should_stop=lambda: True) == path
    assert server.asked == ["/right.pt"]


def test_a_slow_server_is_followed_to_the_end(entry):
    seen = []
    download(entry("slow.pt"), progress=lambda *now: seen.append(now))
    done = [n for n, _ in seen]
    assert len(done) > 3
    assert done == sorted(set(done))
    assert {total for _, total in seen} == {len(CONTENT)}
    assert done[-1] == len(CONTENT)


def test_a_redirect_is_followed(entry, own):
    assert download(entry("moved.pt")).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("wrong.pt", "it sent another file"),
        ("twisted.pt", "it sent another file"),
        ("larger.pt", "it sent a larger file"),
        ("cut.pt", "the connection broke off"),
        ("gone.pt", "it answered 404 Not Found"),
        ("broken.pt", "it answered 503 Service Unavailable"),
        ("stalled.pt", "it went silent"),
        ("silent.pt", "it did not answer"),
        (f"{NOWHERE}/none.pt", "it cannot be reached"),
        ("no-address://x/none.pt", "No connection adapters"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_bad_download_leaves_nothing_and_says_what_to_do(entry, own, path, why):
    bad = entry(path)
    with pytest.raises(ModelError) as caught:
        download(bad)
    said = str(caught.value)
    assert f"Tried: {bad.url} ({why}" in said
    assert f"get {bad.url} and put {bad.file_name} into {own}." in said
    assert list(own.iterdir()) == []


@pytest.mark.parametrize("path", ["slow.pt", "stalled.pt", "silent.pt"])
def test_cancelling_takes_no_second_and_leaves_nothing(entry, own, path):
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        download(entry(path), should_stop=lambda: time.monotonic() > begin + 0.3)
    assert time.monotonic() < begin + 1.3
    assert list(own.iterdir()) == []


# ---- mirrors --------------------------------------------------------------


def test_a_bad_mirror_gives_way_to_the_next(entry, server, monkeypatch):
    address = server.address
    mirrors = [NOWHERE, f"{address}/gone/", f"{address}/cut", f"{address}/twisted"]
    monkeypatch.setenv(catalogue.MIRROR_VARIABLE, " ".join(mirrors))
    path = download(entry("right.pt"))
    assert path.read_bytes() == CONTENT
    assert server.asked == [
        f"/{how}/right.pt" for how in ("gone", "cut", "twisted")
    ] + ["/right.pt"]


def test_a_good_mirror_is_enough(entry, server, monkeypatch):
    monkeypatch.setenv(catalogue.MIRROR_VARIABLE, f"{server.address}/right")
    download(entry(f"{NOWHERE}/any.pt"))
    assert server.asked == ["/right/any.pt"]


def test_every_place_that_was_tried_is_named(entry, server, monkeypatch):
    monkeypatch.setenv(
        catalogue.MIRROR_VARIABLE, f"lab.example/x {server.address}/wrong"
    )
    with pytest.raises(ModelError) as caught:
        download(entry("gone.pt"))
    said = str(caught.value)
    assert "lab.example/x/gone.pt (Invalid URL" in said
    assert f"{server.address}/wrong/gone.pt (it sent another file)" in said
    assert f"{server.address}/gone.pt (it answered 404 Not Found)" in said


# ---- folders --------------------------------------------------------------


def test_a_shared_folder_is_filled(entry, own, tmp_path, monkeypatch):
    shared = tmp_path / "lab" / "models"
    monkeypatch.setenv(installed.MODELS_DIR_VARIABLE, str(shared))
    assert download(entry("right.pt")) == shared / "right.pt"


@pytest.fixture
def read_only(tmp_path, monkeypatch):
    """Be a shared folder in which nothing can be written, even by root."""
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv(installed.MODELS_DIR_VARIABLE, str(shared))
    make = download_module.TemporaryDirectory

    def refuse(*, dir, **options):  # noqa: A002 - as tempfile names it
        if dir == shared:
            raise PermissionError(errno.EACCES, "Permission denied")
        return make(dir=dir, **options)

    monkeypatch.setattr(download_module, "TemporaryDirectory", refuse)
    return shared


def test_a_shared_folder_may_be_read_only(entry, own, read_only, server):
    right = entry("right.pt")
    assert download(right) == own / "right.pt" == installed_path(right)
    (read_only / "gone.pt").write_bytes(CONTENT)
    assert download(entry("gone.pt")) == read_only / "gone.pt"
    assert server.asked == ["/right.pt"]


def test_no_place_at_all(entry, own, read_only):
    own.write_bytes(b"a file")
    with pytest.raises(ModelError) as caught:
        download(entry("right.pt"))
    said = str(caught.value)
    assert f"{read_only} (Permission denied)" in said
    assert f"{own} (File exists)" in said
    assert installed.MODELS_DIR_VARIABLE in said


def test_a_disk_without_place_is_told_before_the_transfer(
    entry, own, server, monkeypatch
):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: usage(1000))
    with pytest.raises(ModelError, match="the disk is full"):
        download(entry("right.pt"))
    assert server.asked == []


def test_a_disk_that_fills_up_is_not_the_servers_fault(entry, own, server, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(transfer.Transfer, "count", full)
    monkeypatch.setenv(catalogue.MIRROR_VARIABLE, f"{server.address}/right")
    with pytest.raises(ModelError, match=r"written into .*No space left.*Make room"):
        download(entry("right.pt"))
    assert server.asked == ["/right/right.pt"], "the next mirror would not help"
    assert list(own.iterdir()) == []


# ---- files that lie there ---------------------------------------------------


def test_a_cut_file_put_there_by_hand_does_not_count(entry, own):
    right = entry("right.pt")
    own.mkdir()
    (own / "right.pt").write_bytes(CONTENT[:-1])
    assert installed_path(right) is None
    assert "511999 bytes and not 512000" in installed.misfit(right)
    assert download(right).read_bytes() == CONTENT
    assert not installed.misfit(right)


def test_a_changed_file_of_the_right_size_is_found_out(entry, own):
    right = entry("right.pt")
    path = download(right)
    installed.check(right, path)
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(ModelError, match=r"right\.pt' is not model 'sam2\.1-tiny'"):
        installed.check(right, path)


def test_what_a_killed_download_left_is_removed_later(entry, own):
    old = own / ".sam2-ivos-download-old"
    fresh = own / ".sam2-ivos-download-fresh"
    mine = own / "my notes"
    for folder in (old, fresh, mine):
        folder.mkdir(parents=True)
        (folder / "tmp1").write_bytes(b"half")
        if folder is not fresh:
            for path in (folder / "tmp1", folder):
                os.utime(path, (1, 1))
    download(entry("right.pt"))
    assert {x.name for x in own.iterdir()} == {fresh.name, mine.name, "right.pt"}
