"""What runs next: one plan at a time, the frame that the user looks at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.viewer.estimates import Estimates
from napari_sam2_ivos.viewer.jobs import Job
from napari_sam2_ivos.viewer.outcome import Outcome
from napari_sam2_ivos.viewer.progress import Meter, Speed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.estimates import Estimate
    from napari_sam2_ivos.viewer.jobs import Runner
    from napari_sam2_ivos.viewer.progress import Progress
    from napari_sam2_ivos.viewer.requests import TrackRequest
    from napari_sam2_ivos.viewer.spare import SpareTime


class Schedule:
    """Runs previews and tracking of a session, one after the other.

    A preview asked for while tracking stops the tracking within a frame, runs,
    and tracking goes on with a new plan, in which what is up to date is left
    out. Several edits while a preview runs make one further preview. Results
    for prompts that changed meanwhile are dropped by `Session.apply`.

    A run, its pauses included, is one step of undo. An edit in between is a step
    of its own, and what runs after it a further one.

    While nothing is asked for, the time is `spare`: what is done in it does not
    count as busy and stops within a frame as soon as anything is asked for.

    Parameters
    ----------
    session : Session
    runner : Runner
    frame_on_screen : callable
        What belongs to it comes first.
    spare : SpareTime
    """

    changed = Signal()
    """Emitted when work begins, ends or is asked for."""
    progressed = Signal(object)
    """Emitted with `Progress` after each tracked frame."""
    failed = Signal(str)
    """Emitted with the message of an error; nothing runs any more."""
    applied = Signal(object)
    """Emitted with each `FrameResult` that was written."""
    previewed = Signal(object)
    """Emitted with the `FrameResult` of a preview, after it was written."""
    finished = Signal(str)
    """Emitted with a sentence when tracking has ended."""

    def __init__(
        self,
        session: Session,
        runner: Runner,
        frame_on_screen: Callable[[], int],
        spare: SpareTime,
    ) -> None:
        self.session = session
        self.runner = runner
        self.job: Job | None = None
        self.request: TrackRequest | None = None
        self.spare = spare
        self._frame_on_screen = frame_on_screen
        self._previews: set[int] = set()
        self._when_idle: list[Callable[[], None]] = []
        self._is_paused = False
        self._meter = Meter()
        self._outcome = Outcome()
        self._speed = Speed()
        self._estimates = Estimates(session)
        session.tracks_changed.connect(self._on_tracks_changed)

    @property
    def is_busy(self) -> bool:
        """Whether anything that the user asked for runs or waits to run."""
        is_asked_for = self.job is not None and self.job.spare is None
        is_due = self.is_tracking and not self._is_paused
        return is_asked_for or bool(self._previews) or is_due

    @property
    def is_tracking(self) -> bool:
        """Whether tracking was asked for and has not ended; it may be paused."""
        return self.request is not None

    @property
    def is_paused(self) -> bool:
        """Whether tracking waits for the user to go on."""
        return self._is_paused

    @property
    def progress(self) -> Progress:
        """How far the tracking is."""
        return self._meter.progress

    def preview(self, frames: Iterable[int]) -> None:
        """Compute prompted objects on some frames, soon."""
        self._previews |= set(frames)
        self.spare.is_over = False
        self._go_on()

    def track(self, request: TrackRequest) -> None:
        """Begin to track; replaces an earlier request."""
        self.request = request
        self._is_paused = False
        self._meter = Meter()
        self._outcome = Outcome(request.stop_when_lost)
        self.spare.is_over = False
        if self.job is not None and self.job.is_tracking:
            self.job.drop()
        self._go_on()

    def estimate(self, request: TrackRequest, recompute: bool = False) -> Estimate:
        """Return what a request would run, with what is up to date if `recompute`."""
        return self._estimates.of(request, self._speed, recompute)

    def forget_speed(self) -> None:
        """Take note that another model takes another time."""
        self._speed = Speed()

    def pause(self) -> None:
        """Stop the tracking within a frame until `resume`; clicks are answered.

        Spare time is over too, until the user does something again.
        """
        if self.request is None or self._is_paused:
            return
        self._is_paused = True
        self.spare.is_over = True
        if self.job is not None and self.job.is_tracking:
            self.job.stop()
        self.changed.emit()

    def resume(self) -> None:
        """Go on with what was paused."""
        if self._is_paused:
            self._is_paused = False
            self.spare.is_over = False
            self._go_on()

    def look_around(self) -> None:
        """Use spare time for what is on screen now."""
        self.spare.is_over = False
        if not self.is_busy:
            self._go_on()

    def give_way(self) -> None:
        """Stop what is only done in spare time."""
        if self.job is not None and self.job.spare is not None:
            self.job.stop()

    def cancel(self) -> None:
        """Stop everything within a frame; what was shown stays.

        What the model still gives is dropped, since what comes next may be undo.
        Spare time is over too, until the user does something again.
        """
        self.spare.is_over = True
        was_tracking = self.is_tracking
        self._forget_requests()
        if self.job is not None:
            self.job.drop()
        self.changed.emit()
        if was_tracking:
            done = f"Stopped after {self._outcome.frames()}. What is done is kept."
            self._finish(done)

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
            self.give_way()
            if self._previews and self.job.is_tracking:
                self.job.stop()
            self.changed.emit()
            return
        for act in self._when_idle:
            act()
        self._when_idle.clear()
        plan, is_tracking = self._next_plan()
        if plan is not None:
            self._start(Job(plan, self.session.segmenter, is_tracking))
            return
        self._end_tracking()
        spare = self._spare_job()
        if spare is not None:
            self._start(spare)
        else:
            self.changed.emit()

    def _spare_job(self) -> Job | None:
        # Somebody who was told of the end may have asked for more.
        if self.job is not None or not self.runner.has_spare_time:
            return None
        return self.spare.next_job()

    def _start(self, job: Job) -> None:
        self.job = job
        if job.is_tracking:
            # A preview begins no step of undo: it belongs to its prompt's.
            self.session.history.begin("Track", key=self.request)
            self._meter.start(len(job.plan.steps))
            self._speed.start()
            self.progressed.emit(self._meter.progress)
        self.changed.emit()
        self.runner.start(job, self._on_result, self._on_end)

    def _next_plan(self) -> tuple[Plan | None, bool]:
        request = None if self._is_paused else self.request
        if not self._previews and request is None:
            return None, False
        here = self._frame_on_screen()
        for frame in sorted(self._previews, key=lambda f: (f != here, f)):
            self._previews.discard(frame)
            plan = self.session.plan_preview(frame)
            if plan.steps:
                return plan, False
        if request is None:
            return None, False
        plan = request.plan(self.session, here)
        return (plan if plan.steps else None), True

    def _end_tracking(self) -> None:
        request = self.request
        if request is None or self._is_paused:
            return
        self.request = None
        if self._outcome.n_frames:
            self._finish(f"Tracked {self._outcome.frames()}.")
        elif self._meter.done:
            self.finished.emit(
                "Nothing was tracked: the objects were lost before. Correct them where"
                " they were lost, or choose not to stop there."
            )
        else:
            self.finished.emit(str(self.estimate(request)))

    def _finish(self, done: str) -> None:
        empty = self._outcome.empty(self.session.tracks)
        self.finished.emit(f"{done} {empty}".strip())

    def _forget_requests(self) -> None:
        self.request = None
        self._is_paused = False
        self._previews.clear()

    def _on_result(self, result: FrameResult) -> None:
        job = self.job
        if job is None or job.is_dropped:
            return
        if job.spare is not None:
            job.spare.take(result, job.plan)
            return
        try:
            self.session.apply(result, job.plan)
        except IvosError as error:
            job.stop()
            self._give_up(error)
            return
        self.applied.emit(result)
        if not job.is_tracking:
            self.previewed.emit(result)
        elif self.request is not None:
            self._outcome.note(result)
            self._speed.note(len(result.objects))
            self.progressed.emit(self._meter.count(result.frame))

    def _on_end(self, error: IvosError | None) -> None:
        job, self.job = self.job, None
        if job is not None and job.spare is not None:
            self.spare.end(job, error)
        elif error is not None:
            self._give_up(error)
        elif job is not None and job.is_tracking and not job.is_stopped:
            self._end_tracking()
        self._go_on()

    def _give_up(self, error: IvosError) -> None:
        self._forget_requests()
        self.spare.is_over = True
        self.failed.emit(str(error))
