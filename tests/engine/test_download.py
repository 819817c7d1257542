"""Downloads against a server on this machine that is right, wrong, cut or gone."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from napari_sam2_ivos.core.errors import Cancelled, ModelError
from napari_sam2_ivos.engine import catalogue
from napari_sam2_ivos.engine.download import download

CONTENT = bytes(range(256)) * 20_000


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/gone.pt":
            self.send_error(404)
            return
        body = b"another file" if self.path == "/wrong.pt" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut.pt" else body)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server():
    """Address of a local server."""
    httpd = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def entry(server, tmp_path, monkeypatch):
    """Make a catalogue entry for a path on the server."""
    monkeypatch.setenv(catalogue.MODELS_DIR_VARIABLE, str(tmp_path))
    template = catalogue.find("sam2.1-tiny")
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return lambda path: replace(template, url=f"{server}/{path}", sha256=sha256)


def test_the_right_file_arrives_once(entry, tmp_path):
    seen = []
    right = entry("right.pt")
    path = download(right, progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert max(seen) == (len(CONTENT), len(CONTENT))
    assert catalogue.installed_path(right) == path
    assert download(entry("right.pt"), should_stop=lambda: True) == path  # no transfer


@pytest.mark.parametrize("path", ["wrong.pt", "cut.pt", "gone.pt"])
def test_a_bad_download_leaves_nothing_and_says_what_to_do(entry, tmp_path, path):
    with pytest.raises(ModelError, match=rf"put {path} into"):
        download(entry(path))
    assert list(tmp_path.iterdir()) == []


def test_cancelling_leaves_nothing(entry, tmp_path):
    with pytest.raises(Cancelled):
        download(entry("right.pt"), should_stop=lambda: True)
    assert list(tmp_path.iterdir()) == []
