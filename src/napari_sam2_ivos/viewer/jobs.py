"""Plans that run on a thread of their own, and who runs them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from napari_sam2_ivos.core.errors import Cancelled, EngineError, IvosError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.ports import Segmenter
    from napari_sam2_ivos.core.results import FrameResult


class Job:
    """One run of a plan, which can be stopped from another thread.

    Parameters
    ----------
    plan : Plan
    segmenter : Segmenter
    is_tracking : bool
        False for the preview of one frame.
    """

    def __init__(self, plan: Plan, segmenter: Segmenter, is_tracking: bool) -> None:
        self.plan = plan
        self.is_tracking = is_tracking
        self._segmenter = segmenter
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ask to end within a frame."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked it to end."""
        return self._stopped.is_set()

    def results(self) -> Generator[FrameResult]:
        """Compute; raises `IvosError` and nothing else.

        A `RuntimeError`, which most errors of torch are, would be swallowed by
        superqt's worker and leave a run that never ends.
        """
        results = self._segmenter.run(self.plan, self._stopped.is_set)
        try:
            yield from results
        except Cancelled:
            return
        except IvosError:
            raise
        except MemoryError as error:
            raise EngineError(
                "There is not enough memory. Close other programs, or choose a smaller"
                " model; everything done so far is kept."
            ) from error
        except Exception as error:
            raise EngineError(
                f"The model failed: {str(error) or type(error).__name__}. Everything"
                " done so far is kept; try again, or choose another model or device."
            ) from error
        finally:
            close = getattr(results, "close", None)
            if close is not None:
                close()


class Runner(Protocol):
    """Runs a job somewhere and tells about it on the thread of the window."""

    def start(
        self,
        job: Job,
        on_result: Callable[[FrameResult], None],
        on_end: Callable[[IvosError | None], None],
    ) -> None:
        """Begin; `on_result` for every frame, then `on_end` exactly once."""
        ...


class SynchronousRunner:
    """Runs a job at once on the calling thread, for scripts and tests."""

    def start(
        self,
        job: Job,
        on_result: Callable[[FrameResult], None],
        on_end: Callable[[IvosError | None], None],
    ) -> None:
        """Run to the end."""
        error = None
        try:
            for result in job.results():
                on_result(result)
                if job.is_stopped:
                    break
        except IvosError as raised:
            error = raised
        on_end(error)
