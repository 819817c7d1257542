"""What runs next: one plan at a time, the frame that the user looks at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.viewer.jobs import Job
from napari_sam2_ivos.viewer.progress import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.core.tracks import Direction
    from napari_sam2_ivos.viewer.jobs import Runner
    from napari_sam2_ivos.viewer.progress import Progress


@dataclass(frozen=True)
class TrackRequest:
    """What the user asked to track.

    Parameters
    ----------
    direction : {"forward", "backward", "both"}
    frames : range
    track_ids : tuple of int or None
        None for all objects, those made meanwhile too.
    """

    direction: Direction
    frames: range
    track_ids: tuple[int, ...] | None = None


class Schedule:
    """Runs previews and tracking of a session, one after the other.

    A preview asked for while tracking stops the tracking within a frame, runs,
    and tracking goes on with a new plan, in which what is up to date is left
    out. Several edits while a preview runs make one further preview. Results
    for prompts that changed meanwhile are dropped by `Session.apply`.

    Parameters
    ----------
    session : Session
    runner : Runner
    frame_on_screen : callable
        Its preview comes first.
    """

    changed = Signal()
    """Emitted when work begins, ends or is asked for."""
    progressed = Signal(object)
    """Emitted with `Progress` after each tracked frame."""
    failed = Signal(str)
    """Emitted with the message of an error; nothing runs any more."""
    previewed = Signal(object)
    """Emitted with the `FrameResult` of a preview, after it was written."""
    finished = Signal(str)
    """Emitted with a sentence when tracking has ended."""

    def __init__(
        self, session: Session, runner: Runner, frame_on_screen: Callable[[], int]
    ) -> None:
        self.session = session
        self.runner = runner
        self.job: Job | None = None
        self.request: TrackRequest | None = None
        self._frame_on_screen = frame_on_screen
        self._previews: set[int] = set()
        self._when_idle: list[Callable[[], None]] = []
        self._meter = Meter()
        session.tracks_changed.connect(self._on_tracks_changed)

    @property
    def is_busy(self) -> bool:
        """Whether anything runs."""
        return self.job is not None

    @property
    def is_tracking(self) -> bool:
        """Whether tracking was asked for and has not ended."""
        return self.request is not None

    @property
    def progress(self) -> Progress:
        """How far the tracking is."""
        return self._meter.progress

    def preview(self, frames: Iterable[int]) -> None:
        """Compute prompted objects on some frames, soon."""
        self._previews |= set(frames)
        self._go_on()

    def track(self, request: TrackRequest) -> None:
        """Begin to track; replaces an earlier request."""
        self.request = request
        self._meter = Meter()
        if self.job is not None and self.job.is_tracking:
            self.job.stop()
        self._go_on()

    def cancel(self) -> None:
        """Stop everything within a frame; what is done stays."""
        was_tracking, self.request = self.request is not None, None
        self._previews.clear()
        if self.job is not None:
            self.job.stop()
        self.changed.emit()
        if was_tracking:
            n = self._meter.done
            self.finished.emit(f"Stopped after {n} frames. What is done is kept.")

    def when_idle(self, act: Callable[[], None]) -> None:
        """Call `act` when nothing runs, stopping what runs now."""
        self._when_idle.append(act)
        if self.job is not None:
            self.job.stop()
        self._go_on()

    def _on_tracks_changed(self) -> None:
        """Plan anew what an edit has changed."""
        if self.job is not None and self.job.is_tracking:
            self.job.stop()

    def _go_on(self) -> None:
        if self.job is not None:
            if self._previews and self.job.is_tracking:
                self.job.stop()
            self.changed.emit()
            return
        for act in self._when_idle:
            act()
        self._when_idle.clear()
        plan, is_tracking = self._next_plan()
        if plan is None:
            self._end_tracking()
            self.changed.emit()
            return
        self.job = Job(plan, self.session.segmenter, is_tracking)
        if is_tracking:
            self._meter.start(len(plan.steps))
            self.progressed.emit(self._meter.progress)
        self.changed.emit()
        self.runner.start(self.job, self._on_result, self._on_end)

    def _next_plan(self) -> tuple[Plan | None, bool]:
        here = self._frame_on_screen() if self._previews else -1
        for frame in sorted(self._previews, key=lambda f: (f != here, f)):
            self._previews.discard(frame)
            plan = self.session.plan_preview(frame)
            if plan.steps:
                return plan, False
        if self.request is None:
            return None, False
        ids = self.request.track_ids
        if ids is not None:
            ids = tuple(i for i in ids if i in self.session.tracks)
        plan = self.session.plan(self.request.direction, self.request.frames, ids)
        return (plan if plan.steps else None), True

    def _end_tracking(self) -> None:
        if self.request is None:
            return
        self.request = None
        n = self._meter.done
        if n:
            self.finished.emit(f"Tracked {n} frame{'s' if n != 1 else ''}.")
        else:
            self.finished.emit("Everything in this range is up to date already.")

    def _on_result(self, result: FrameResult) -> None:
        job = self.job
        if job is None:
            return
        try:
            self.session.apply(result, job.plan)
        except IvosError as error:
            job.stop()
            self._give_up(error)
            return
        if not job.is_tracking:
            self.previewed.emit(result)
        elif self.request is not None:
            self.progressed.emit(self._meter.count(result.frame))

    def _on_end(self, error: IvosError | None) -> None:
        job, self.job = self.job, None
        if error is not None:
            self._give_up(error)
        elif job is not None and job.is_tracking and not job.is_stopped:
            self._end_tracking()
        self._go_on()

    def _give_up(self, error: IvosError) -> None:
        self.request = None
        self._previews.clear()
        self.failed.emit(str(error))
