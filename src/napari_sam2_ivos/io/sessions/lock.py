"""Who has a session open: one program writes, others may look."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from napari_sam2_ivos.core.errors import FormatError, StoreError
from napari_sam2_ivos.io.sessions.about import now
from napari_sam2_ivos.io.sessions.json_files import read_json, write_json
from napari_sam2_ivos.io.sessions.layout import LOCK, USER

if TYPE_CHECKING:
    from pathlib import Path


class Lock:
    """The right to write into a session's folder, as long as this program lives.

    The system takes it back from a program that is killed.

    Parameters
    ----------
    folder : Path
        Of the session.
    to_write : bool
        Whether to ask for it at all: who only reads is in nobody's way.

    Attributes
    ----------
    refusal : str
        Why nothing may be written, for the user; empty if it may.
    """

    def __init__(self, folder: Path, *, to_write: bool) -> None:
        # It may be released by another thread than the one that asked for it.
        self._lock = FileLock(folder / LOCK, thread_local=False)
        self.refusal = "" if to_write else "It was opened to be read."
        if not to_write:
            return
        try:
            self._lock.acquire(timeout=0)
            write_json(folder / USER, _ourselves())
        except Timeout:
            self.refusal = f"It is open in another program{_other(folder)}."
        except (OSError, StoreError, NotImplementedError) as error:
            self.release()
            reason = getattr(error, "strerror", None) or error
            self.refusal = f"Its folder cannot be written: {reason}."

    def release(self) -> None:
        """Let others write."""
        self._lock.release()


def _ourselves() -> dict[str, str | int]:
    return {"computer": platform.node(), "process": os.getpid(), "since": now()}


def _other(folder: Path) -> str:
    """Return in words where the other program is, as far as that is known."""
    try:
        user = read_json(folder / USER)
        return f" (on {user.text('computer')}, since {user.text('since')})"
    except FormatError:
        return ""
