"""One file from one address, on a thread that can be left alone at any moment."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pooch
from requests import ConnectionError as NoConnection
from requests import HTTPError, Timeout
from requests.exceptions import ChunkedEncodingError, ProxyError, SSLError

if TYPE_CHECKING:
    from requests import Response

    from napari_sam2_ivos.engine.catalogue import ModelEntry

CHUNK_BYTES = 1 << 16
TIMEOUT_S = (10.0, 30.0)
"""Patience until a server is reached, and for each silence after that."""


class WrongFile(Exception):
    """What came is not the file that was asked for."""


class _Abandoned(Exception):
    """Nobody waits for the file any more."""


class Transfer(threading.Thread):
    """One try to fetch the checkpoint of a model.

    A thread of its own, because a read from a silent server cannot be
    interrupted: who cancels does not wait for it. It ends by itself with the
    next bytes or after `TIMEOUT_S`, and does not hold up the end of the program.

    Parameters
    ----------
    url : str
    entry : ModelEntry
    folder : Path
        Where to write; deleting it is the caller's part.

    Attributes
    ----------
    done, total : int
        Bytes written, and bytes of the whole file.
    """

    def __init__(self, url: str, entry: ModelEntry, folder: Path) -> None:
        super().__init__(name=f"download of {entry.name}", daemon=True)
        self.done = 0
        self.total = entry.size_bytes
        self._url, self._entry, self._folder = url, entry, folder
        self._abandoned = False
        self._error: Exception | None = None
        self._response: Response | None = None

    def abandon(self) -> None:
        """End as soon as may be; what it does from now on is of no interest."""
        self._abandoned = True

    def finished(self) -> Path:
        """Return the file, which is the right one, once the thread has ended.

        Raises
        ------
        requests.RequestException
            If the server could not be reached, refused or broke off.
        WrongFile
            If it sent something else.
        OSError
            If the file could not be written.
        """
        if self._error is not None:
            raise self._error
        return self._folder / self._entry.file_name

    def run(self) -> None:
        """Fetch the file and compare its hash."""
        meter = _Meter(self)
        try:
            path = pooch.retrieve(
                self._url,
                known_hash=f"sha256:{self._entry.sha256}",
                fname=self._entry.file_name,
                path=self._folder,
                downloader=pooch.HTTPDownloader(
                    progressbar=meter,
                    chunk_size=CHUNK_BYTES,
                    timeout=TIMEOUT_S,
                    hooks={"response": self._hold},
                ),
            )
            # pooch makes files that only their owner can read, of no use to a
            # folder that is shared.
            with suppress(PermissionError):  # file systems that know no rights
                Path(path).chmod(0o644)
        except Exception as error:  # noqa: BLE001 - raised again by `finished`
            is_hash = isinstance(error, ValueError) and not isinstance(error, OSError)
            self._error = WrongFile("it sent another file") if is_hash else error
        finally:
            if self._response is not None:
                self._response.close()  # pooch leaves it open where it fails

    def _hold(self, response: Response, **_: object) -> None:
        self._response = response

    def count(self, n_bytes: int) -> None:
        """Take note of bytes that came."""
        if self._abandoned:
            raise _Abandoned
        self.done += n_bytes
        if self.done >= self.total + CHUNK_BYTES:
            raise WrongFile("it sent a larger file")
        self.done = min(self.done, self.total)  # pooch counts whole chunks


class _Meter:
    """What pooch takes for a progress bar."""

    def __init__(self, transfer: Transfer) -> None:
        self.total = 0
        self._transfer = transfer
        self._is_over = False

    def update(self, n_bytes: int) -> None:
        if not self._is_over:
            self._transfer.count(n_bytes)

    def reset(self) -> None:
        """Take no more: at the end pooch resets its bar to fill it at once."""
        self._is_over = True

    def close(self) -> None:
        """Nothing is held."""


def in_words(error: Exception) -> str:
    """Return in a few words why a transfer failed."""
    if isinstance(error, HTTPError) and error.response is not None:
        return f"it answered {error.response.status_code} {error.response.reason}"
    for kind, words in (
        (Timeout, "it did not answer"),
        (SSLError, f"its certificate is not trusted: {error}"),
        (ProxyError, "the proxy server cannot be reached"),
        (ChunkedEncodingError, "the connection broke off"),
    ):
        if isinstance(error, kind):
            return words
    if isinstance(error, NoConnection):
        # A silence in the middle comes as this too, said in words only.
        is_silence = "timed out" in str(error)
        return "it went silent" if is_silence else "it cannot be reached"
    return str(error)
