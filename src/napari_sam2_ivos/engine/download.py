"""Getting a checkpoint: checked before it is used, never half there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pooch
from requests import RequestException

from napari_sam2_ivos.core.errors import Cancelled, ModelError
from napari_sam2_ivos.engine.catalogue import installed_path, models_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_sam2_ivos.engine.catalogue import ModelEntry

CHUNK_BYTES = 1 << 20


class _Progress:
    """What pooch takes for a progress bar, passed on; also the way to cancel."""

    def __init__(
        self,
        report: Callable[[int, int], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self.total = 0
        self._done = 0
        self._report = report
        self._should_stop = should_stop

    def update(self, n_bytes: int) -> None:
        if self._should_stop is not None and self._should_stop():
            raise Cancelled("The download was cancelled.")
        # pooch counts whole chunks, the last one too.
        self._done = min(self._done + n_bytes, self.total)
        if self._report is not None:
            self._report(self._done, self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        """Nothing is held."""


def download(
    entry: ModelEntry,
    progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Path:
    """Return the checkpoint of a model, downloading it if it is not there.

    The file is written beside its place, its SHA-256 is checked, and only then
    it takes its name: a wrong or cut file is never used.

    Parameters
    ----------
    entry : ModelEntry
    progress : callable, optional
        Called with the bytes done and the bytes in all.
    should_stop : callable, optional
        Asked at every chunk; if true, `Cancelled` is raised and nothing stays.

    Raises
    ------
    ModelError
        If it cannot be had; says where to put the file by hand.
    """
    found = installed_path(entry)
    if found is not None:
        return found
    folder = models_dir()
    by_hand = (
        f"On a machine with internet get {entry.url} and put {entry.file_name} into"
        f" {folder}."
    )
    if entry.url is None or entry.sha256 is None:
        raise ModelError(f"Model '{entry.name}' cannot be downloaded.")
    bar: Any = _Progress(progress, should_stop)
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK_BYTES)
    try:
        pooch.retrieve(
            entry.url,
            known_hash=f"sha256:{entry.sha256}",
            fname=entry.file_name,
            path=folder,
            downloader=downloader,
        )
    except ValueError as error:  # pooch's word for a wrong hash
        raise ModelError(
            f"What came for model '{entry.name}' is not the right file; it was thrown"
            f" away. Try again. {by_hand}"
        ) from error
    except (OSError, RequestException) as error:
        raise ModelError(
            f"Model '{entry.name}' could not be downloaded: {error}. {by_hand}"
        ) from error
    return folder / entry.file_name
