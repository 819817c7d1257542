"""A server on this machine that sends a model: rightly, slowly, wrongly or not."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 2000
SLOW_CHUNK = 32_000


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        how = self.path.strip("/").partition("/")[0].partition(".")[0]
        self.server.asked.append(self.path)
        getattr(self, f"send_{how}")()

    def send_right(self, body=CONTENT, size=None):
        self.send_response(200)
        self.send_header("Content-Length", str(size or len(CONTENT)))
        self.end_headers()
        self.wfile.write(body)

    def send_wrong(self):
        self.send_right(b"<html>Log in first</html>", 25)

    def send_twisted(self):
        self.send_right(CONTENT[::-1])

    def send_cut(self):
        self.send_right(CONTENT[:100_000])

    def send_larger(self):
        self.send_right(CONTENT * 2, 2 * len(CONTENT))

    def send_slow(self):
        self.send_right(b"")
        for start in range(0, len(CONTENT), SLOW_CHUNK):
            self.wfile.write(CONTENT[start : start + SLOW_CHUNK])
            time.sleep(0.04)

    def send_stalled(self):
        self.send_right(CONTENT[:100_000])
        self.server.is_ending.wait(10)

    def send_silent(self):
        self.server.is_ending.wait(10)

    def send_gone(self):
        self.send_error(404)

    def send_broken(self):
        self.send_error(503)

    def send_moved(self):
        self.send_response(302)
        self.send_header("Location", "/right.pt")
        self.end_headers()

    def log_message(self, *args):
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *args):
        """Say nothing when a client leaves."""


@contextmanager
def model_server():
    """Run the server; yields it, with `address` and the paths `asked` for.

    The first part of a path says how to answer: /slow.pt, /gone/any.pt.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.address = f"http://127.0.0.1:{server.server_port}"
    server.asked = []
    server.is_ending = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.is_ending.set()
        server.shutdown()
        thread.join()
        server.server_close()
        for left in threading.enumerate():  # a transfer that was left alone
            if left.name.startswith("download of"):
                left.join(10)
