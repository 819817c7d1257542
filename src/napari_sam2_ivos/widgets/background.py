"""One thing at a time on a thread of Qt's; see `viewer.autosave.Background`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from superqt.utils import FunctionWorker

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.widgets.worker import RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable


class QtBackground:
    """Runs work on a thread; Python does not end before it does."""

    def __init__(self) -> None:
        self._worker: Any = None

    def start(
        self,
        work: Callable[[], object],
        on_end: Callable[[Exception | None], None],
    ) -> None:
        """Begin; returns at once."""
        failure: list[Exception] = []

        def end(_: object = None) -> None:
            self._worker = None
            RUNNING.discard(self)
            on_end(failure[0] if failure else None)

        worker: Any = FunctionWorker(_without_runtime_errors, work)
        worker.errored.connect(failure.append)
        worker.finished.connect(end)
        self._worker = worker
        RUNNING.add(self)
        worker.start()

    def stop(self) -> None:
        """Let it come to its end: it is short."""


def _without_runtime_errors(work: Callable[[], object]) -> None:
    """Do it; superqt's workers would swallow a `RuntimeError`."""
    try:
        work()
    except RuntimeError as error:
        raise StoreError(str(error)) from error
