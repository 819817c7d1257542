"""Getting a checkpoint: checked before it is used, never half there."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from requests import RequestException

from napari_sam2_ivos.core.errors import Cancelled, ModelError
from napari_sam2_ivos.engine.catalogue import urls
from napari_sam2_ivos.engine.installed import (
    MODELS_DIR_VARIABLE,
    by_hand,
    installed_path,
    model_folders,
)
from napari_sam2_ivos.engine.transfer import Transfer, WrongFile, in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.engine.catalogue import ModelEntry

POLL_S = 0.1
"""How often progress is told and `should_stop` is asked."""

_PREFIX = ".sam2-ivos-download-"
_ABANDONED_S = 3600
"""A download that was not written to for so long belongs to a killed process."""


def download(
    entry: ModelEntry,
    progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Path:
    """Return the checkpoint of a model, downloading it if it is not there.

    Every mirror is tried in its order, then Meta's server. The file is written
    into a temporary folder beside its place, its SHA-256 is checked, and only
    then it takes its name: a wrong or cut file is never used. pooch cannot go
    on in the middle of a file, so whatever went wrong, the next try begins
    anew; nothing of this one stays.

    Parameters
    ----------
    entry : ModelEntry
    progress : callable, optional
        Called on this thread with the bytes done and the bytes in all; the bytes
        done begin at 0 again with the next mirror.
    should_stop : callable, optional
        Asked ten times a second, also while the server is silent; if true,
        `Cancelled` is raised at once and nothing stays.

    Raises
    ------
    ModelError
        If it cannot be had; says what was tried and where to put the file by hand.
    Cancelled
        If `should_stop` said so.
    """
    found = installed_path(entry)
    if found is not None:
        return found
    addresses = urls(entry)
    if not addresses:
        raise ModelError(
            f"Model '{entry.name}' comes with the plugin and cannot be downloaded."
            " Install the plugin again."
        )
    tried = []
    with _room(entry) as room:
        target = Path(room).parent / entry.file_name
        for url in addresses:
            transfer = Transfer(url, entry, Path(room))
            try:
                _wait(transfer, progress, should_stop)
                transfer.finished().replace(target)
            except (RequestException, WrongFile) as error:
                tried.append(f"{url} ({in_words(error)})")
            except OSError as error:
                raise ModelError(
                    f"Model '{entry.name}' cannot be written into {target.parent}:"
                    f" {error.strerror or error}. Make room there, or name another"
                    f" folder in {MODELS_DIR_VARIABLE}."
                ) from error
            else:
                return target
    raise ModelError(
        f"Model '{entry.name}' could not be downloaded. Tried: {', '.join(tried)}."
        f" Try again later. {by_hand(entry)}"
    )


def _wait(
    transfer: Transfer,
    progress: Callable[[int, int], None] | None,
    should_stop: Callable[[], bool] | None,
) -> None:
    """Let a transfer run to its end, telling how far it is."""
    told = -1
    transfer.start()
    try:
        while True:
            transfer.join(POLL_S)
            if should_stop is not None and should_stop():
                raise Cancelled("The download was cancelled.")
            if progress is not None and transfer.done > told:
                told = transfer.done
                progress(told, transfer.total)
            if not transfer.is_alive():
                return
    finally:
        transfer.abandon()


def _room(entry: ModelEntry) -> TemporaryDirectory[str]:
    """Open a folder of our own in the first folder of models that has place.

    Raises
    ------
    ModelError
        If there is none.
    """
    problems = []
    for folder in model_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
            if shutil.disk_usage(folder).free >= entry.size_bytes:
                return TemporaryDirectory(
                    prefix=_PREFIX, dir=folder, ignore_cleanup_errors=True
                )
            problems.append(f"{folder} (the disk is full)")
        except OSError as error:
            problems.append(f"{folder} ({error.strerror or error})")
    raise ModelError(
        f"There is no place for model '{entry.name}', {entry.size_bytes / 1e6:.0f} MB:"
        f" {', '.join(problems)}. Make room, or name a folder that can be written in"
        f" {MODELS_DIR_VARIABLE}."
    )


def _sweep(folder: Path) -> None:
    """Remove what downloads of killed processes have left."""
    for left in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else is faster
            written = max(path.stat().st_mtime for path in (left, *left.iterdir()))
            if time.time() - written > _ABANDONED_S:
                shutil.rmtree(left)
