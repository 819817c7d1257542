"""Run a plan with a progress bar, so that Ctrl-C keeps what is done."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from napari_sam2_ivos.cli.screen import error_console
from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.core.results import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.session import Session


@dataclass
class Outcome:
    """What came of a run.

    Parameters
    ----------
    n_steps : int
        Frames computed.
    seconds : float
    empty : Counter of (Flag, int)
        By reason and track ID, on how many frames there is no mask.
    signal : int or None
        The signal that stopped it, such as that of Ctrl-C.
    error : IvosError or None
        What made it fail; everything before is in the labels.
    """

    n_steps: int = 0
    seconds: float = 0.0
    empty: Counter[tuple[Flag, int]] = field(default_factory=Counter)
    signal: int | None = None
    error: IvosError | None = None

    @property
    def frames_per_second(self) -> float:
        """Frames computed per second."""
        return self.n_steps / self.seconds if self.seconds else 0.0

    def end(self) -> None:
        """Let the command end here if the run failed or was stopped."""
        if self.error is not None:
            raise self.error
        if self.signal is not None:
            raise typer.Exit(128 + self.signal)


class StopRequest:
    """Whether someone asked to stop, by Ctrl-C or ``kill``."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.signal is not None


class _FramesPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Show the speed, or nothing while it is not known."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.2g} frames/s" if speed else "", style="cyan")


def run(session: Session, plan: Plan, title: str = "Tracking") -> Outcome:
    """Compute a plan into the labels of a session, under a bar with a title.

    Raises nothing for a failure of the engine: it is in the outcome, with the
    number of frames that are done.
    """
    outcome = Outcome()
    begin = perf_counter()
    with stop_request() as stop, _progress() as bar:
        task = bar.add_task(title, total=len(plan.steps))
        try:
            for result in session.run(plan, stop):
                outcome.n_steps += 1
                outcome.empty.update(
                    (mask.flag or Flag.ABSENT, mask.track_id)
                    for mask in result
                    if not mask.pixels.any()
                )
                bar.advance(task)
        except IvosError as error:
            outcome.error = error
    outcome.signal = stop.signal
    outcome.seconds = perf_counter() - begin
    return outcome


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Turn the first Ctrl-C into a request; a second one stops at once."""
    request = StopRequest()

    def ask(number: int, frame: Any) -> None:
        if request.signal is not None:
            raise KeyboardInterrupt
        request.signal = number
        error_console().print("Stopping; what is done is saved.")

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def counting(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar under a title; give a function that takes how many of how many."""
    with _progress() as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _FramesPerSecond(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=error_console(),
    )
