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


class SpareWork(Protocol):
    """Something useful to compute while the user asks for nothing."""

    def plan(self) -> Plan | None:
        """Return what to compute next, None if there is nothing (more) to do."""
        ...

    def take(self, result: FrameResult, plan: Plan) -> None:
        """Make use of a result of a plan."""
        ...

    def done(self) -> None:
        """Take note that the last plan was run to its end or failed: not again.

        Not called if the user came in between; `plan` is then asked again.
        """
        ...


class Job:
    """One run of a plan, which can be stopped from another thread.

    Parameters
    ----------
    plan : Plan
    segmenter : Segmenter
    is_tracking : bool
        False for the preview of one frame.
    spare : SpareWork, optional
        What it is for, if nobody asked for it.
    rest_s : float
        How long to wait before it begins; a stop ends the wait.

    Attributes
    ----------
    is_dropped : bool
        Whether its results are no longer wanted.
    """

    def __init__(
        self,
        plan: Plan,
        segmenter: Segmenter,
        is_tracking: bool = False,
        spare: SpareWork | None = None,
        rest_s: float = 0.0,
    ) -> None:
        self.plan = plan
        self.is_tracking = is_tracking
        self.spare = spare
        self._rest_s = rest_s
        self._segmenter = segmenter
        self._stopped = threading.Event()
        self.is_dropped = False

    def stop(self) -> None:
        """Ask to end within a frame."""
        self._stopped.set()

    def drop(self) -> None:
        """Ask to end, and that nobody takes what still comes."""
        self.is_dropped = True
        self.stop()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked it to end."""
        return self._stopped.is_set()

    def results(self) -> Generator[FrameResult]:
        """Compute; raises `IvosError` and nothing else.

        A `RuntimeError`, which most errors of torch are, would be swallowed by
        superqt's worker and leave a run that never ends.
        """
        # The wait is here, on the worker's thread, since only Qt has timers.
        if self._rest_s and self._stopped.wait(self._rest_s):
            return
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
    """Runs a job somewhere and tells about it on the thread of the window.

    Attributes
    ----------
    has_spare_time : bool
        Whether jobs run beside what the user does, so that something may be
        computed that nobody asked for.
    """

    has_spare_time: bool

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

    has_spare_time = False

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
