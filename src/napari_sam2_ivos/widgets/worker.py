"""Jobs on a thread, their results on the thread of the window."""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtCore import QThreadPool
from superqt.utils import GeneratorWorker

from napari_sam2_ivos.core.errors import EngineError, IvosError, IvosWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.viewer.jobs import Job

MAX_UNSHOWN = 4
"""Results that may wait for the window; the model then waits too."""

LAST_WAIT_MS = 20_000
"""How long a Python that ends waits for a model to come to the end of a frame."""

PATIENCE_S = 1.0
"""How long the model waits; a window that is closing takes nothing any more."""


class Stoppable(Protocol):
    """Work on a thread of Qt's pool."""

    def stop(self) -> None:
        """Ask to end."""
        ...


RUNNING: set[Stoppable] = set()
"""What must end before Python does."""


@atexit.register
def _stop_all() -> None:
    """End before Qt is torn down; a worker without its signals aborts Python."""
    for work in RUNNING:
        work.stop()
    if RUNNING:
        QThreadPool.globalInstance().waitForDone(LAST_WAIT_MS)


class QtRunner:
    """Runs jobs on a thread; see `viewer.jobs.Runner`.

    `warn` is called on the window's thread with what the model warned of.
    """

    has_spare_time = True

    def __init__(self, warn: Callable[[str], None] | None = None) -> None:
        self._warn = warn
        self._worker: Any = None

    def start(
        self,
        job: Job,
        on_result: Callable[[FrameResult], None],
        on_end: Callable[[IvosError | None], None],
    ) -> None:
        """Begin; returns at once."""
        credit = threading.Semaphore(MAX_UNSHOWN)
        failure: list[IvosError] = []

        def show(result: FrameResult) -> None:
            try:
                on_result(result)
            finally:
                credit.release()

        def fail(error: Exception) -> None:
            if not isinstance(error, IvosError):
                error = EngineError(str(error))
            failure.append(error)

        def end(_: object = None) -> None:
            self._worker = None
            RUNNING.discard(job)
            on_end(failure[0] if failure else None)

        worker: Any = GeneratorWorker(_produce, job, credit)
        worker.yielded.connect(show)
        worker.errored.connect(fail)
        worker.warned.connect(self._relay)
        worker.finished.connect(end)
        self._worker = worker
        RUNNING.add(job)
        worker.start()

    def _relay(self, shown: tuple[Any, ...]) -> None:
        message, category = shown[:2]
        if self._warn is not None and issubclass(category, IvosWarning):
            self._warn(str(message))


def _produce(job: Job, credit: threading.Semaphore) -> Generator[FrameResult]:
    """Yield the results; never a `RuntimeError`, which superqt would swallow."""
    results = job.results()
    try:
        for result in results:
            credit.acquire(timeout=PATIENCE_S)
            yield result
    finally:
        results.close()
