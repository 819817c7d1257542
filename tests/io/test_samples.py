"""The sample is downloaded once, checked, and never trusted when it differs."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import tifffile

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io import samples
from napari_sam2_ivos.io.samples import NUCLEUS, fetch, open_sample


class Quiet(SimpleHTTPRequestHandler):
    requests: list[str]

    def do_GET(self):
        self.requests.append(self.path)
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "web"
    folder.mkdir()
    data = np.arange(3 * 2 * 8 * 9, dtype=np.uint8).reshape(3, 2, 8, 9)
    tifffile.imwrite(folder / "m.tif", data, imagej=True, metadata={"axes": "TCYX"})
    Quiet.requests = []
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=web.serve_forever)
    thread.start()
    sample = replace(
        NUCLEUS,
        url=f"http://127.0.0.1:{web.server_port}/m.tif",
        sha256=hashlib.sha256((folder / "m.tif").read_bytes()).hexdigest(),
    )
    yield sample, folder
    web.shutdown()
    web.server_close()
    thread.join()


def test_downloaded_once_and_opened(server, tmp_path, monkeypatch):
    sample, _ = server
    monkeypatch.setattr(
        samples.platformdirs, "user_cache_path", lambda name: tmp_path / name
    )
    for _ in range(2):
        source = open_sample(sample)
        assert source.axes == "TCYX"
        assert source.data.shape == (3, 2, 8, 9)
    assert Quiet.requests == ["/m.tif"]


def test_a_file_that_differs_is_refused(server, tmp_path):
    sample, folder = server
    (folder / "m.tif").write_bytes(b"something else")
    with pytest.raises(FormatError, match="could not be downloaded"):
        fetch(sample, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_spoilt_in_the_cache_is_fetched_again(server, tmp_path):
    sample, _ = server
    path = fetch(sample, tmp_path / "cache")
    path.write_bytes(b"cut short")
    fetch(sample, tmp_path / "cache")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sample.sha256


def test_not_there(server, tmp_path):
    sample, folder = server
    (folder / "m.tif").unlink()
    with pytest.raises(FormatError, match="404"):
        fetch(sample, tmp_path / "cache")


def test_no_connection(tmp_path):
    nobody = replace(NUCLEUS, url="http://127.0.0.1:9/m.tif")
    with pytest.raises(FormatError, match="Check the connection"):
        fetch(nobody, tmp_path / "cache")


def test_the_hash_is_the_published_one():
    """scikit-image keeps the same file in its own registry."""
    registry = pytest.importorskip("skimage.data._registry")
    assert registry.registry["data/protein_transport.tif"] == NUCLEUS.sha256
    assert registry.registry_urls["data/protein_transport.tif"] == NUCLEUS.url
