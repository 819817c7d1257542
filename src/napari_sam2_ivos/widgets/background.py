"""One thing at a time on another thread; see `viewer.autosave.Background`."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable


class QtBackground(QObject):
    """Runs work on a thread of its own; Python does not end before it does.

    Not superqt's workers: they change the filters of warnings for all threads
    while they run, and napari, making a Labels layer meanwhile, relies on its own.
    """

    _ended = Signal(object)
    """Emitted on the thread with what went wrong, or None; heard on the window's."""

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(1, "sam2-ivos")
        self._on_end: Callable[[Exception | None], None] | None = None
        self._ended.connect(self._end)

    def start(
        self,
        work: Callable[[], object],
        on_end: Callable[[Exception | None], None],
    ) -> None:
        """Begin; returns at once."""
        self._on_end = on_end
        self._pool.submit(work).add_done_callback(self._tell)

    def _tell(self, done: Future[Any]) -> None:
        with suppress(RuntimeError):  # the window is gone, and with it whom it concerns
            self._ended.emit(done.exception())

    def _end(self, error: Exception | None) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(error)
