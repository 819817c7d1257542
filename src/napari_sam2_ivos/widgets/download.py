"""Downloading a model on a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from superqt.utils import FunctionWorker

from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.widgets.closing import is_alive
from napari_sam2_ivos.widgets.worker import RUNNING

if TYPE_CHECKING:
    from napari_sam2_ivos.engine.catalogue import ModelEntry


class ModelDownload(QObject):
    """One download at a time; stops when its parent goes.

    Parameters
    ----------
    parent : QObject
    """

    progressed = Signal(object, object)
    """Emitted with bytes done and in total."""
    ended = Signal(str)
    """Emitted with what went wrong, or an empty text."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._stopped = threading.Event()
        self._worker: Any = None
        self.destroyed.connect(self._stopped.set)

    @property
    def is_running(self) -> bool:
        """Whether a download is on its way."""
        return self._worker is not None

    def start(self, entry: ModelEntry) -> None:
        """Begin."""
        self._stopped.clear()

        def work() -> None:
            from napari_sam2_ivos.engine.download import download

            download(entry, self.progressed.emit, self._stopped.is_set)

        worker = FunctionWorker(work)
        worker.returned.connect(lambda _: self._end(""))
        worker.errored.connect(lambda error: self._on_error(error))
        self._worker = worker
        RUNNING.add(self)
        worker.start()

    def stop(self) -> None:
        """Ask to end, which takes a moment."""
        self._stopped.set()

    def _on_error(self, error: Exception) -> None:
        self._end("" if isinstance(error, Cancelled) else str(error))

    def _end(self, problem: str) -> None:
        self._worker = None
        RUNNING.discard(self)
        if is_alive(self):
            self.ended.emit(problem)
