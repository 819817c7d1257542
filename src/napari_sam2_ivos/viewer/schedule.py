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
    from napari_sam2_ivos.viewer.spare import SpareTime


@dataclass(frozen=True)
class TrackRequest:
    """What the user asked to track.

    Parameters
    ----------
    direction : {"forward", "backward", "both", "nearest"}
    frames : range
    track_ids : tuple of int or None
        None for all objects, those made meanwhile too.
    skip_unchanged : bool
        Whether an object keeps its old masks from where many in a row have
        come out as they were before the edit.
    """

    direction: Direction
    frames: range
    track_ids: tuple[int, ...] | None = None
    skip_unchanged: bool = False


class Schedule:
    """Runs previews and tracking of a session, one after the other.

    A preview asked for while tracking stops the tracking within a frame, runs,
    and tracking goes on with a new plan, in which what is up to date is left
    out. Several edits while a preview runs make one further preview. Results
    for prompts that changed meanwhile are dropped by `Session.apply`.

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
        self._meter = Meter()
        session.tracks_changed.connect(self._on_tracks_changed)

    @property
    def is_busy(self) -> bool:
        """Whether anything that the user asked for runs or waits."""
        is_asked_for = self.job is not None and self.job.spare is None
        return is_asked_for or bool(self._previews) or self.is_tracking

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
        self.spare.is_over = False
        self._go_on()

    def track(self, request: TrackRequest) -> None:
        """Begin to track; replaces an earlier request."""
        self.request = request
        self._meter = Meter()
        self.spare.is_over = False
        if self.job is not None and self.job.is_tracking:
            self.job.stop()
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
        """Stop everything within a frame; what is done stays.

        Spare time is over too, until the user does something again.
        """
        self.spare.is_over = True
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
            self._meter.start(len(job.plan.steps))
            self.progressed.emit(self._meter.progress)
        self.changed.emit()
        self.runner.start(job, self._on_result, self._on_end)

    def _next_plan(self) -> tuple[Plan | None, bool]:
        if not self._previews and self.request is None:
            return None, False
        here = self._frame_on_screen()
        for frame in sorted(self._previews, key=lambda f: (f != here, f)):
            self._previews.discard(frame)
            plan = self.session.plan_preview(frame)
            if plan.steps:
                return plan, False
        request = self.request
        if request is None:
            return None, False
        ids = request.track_ids
        if ids is not None:
            ids = tuple(i for i in ids if i in self.session.tracks)
        plan = self.session.plan(
            request.direction,
            request.frames,
            ids,
            on_screen=here,
            skip_unchanged=request.skip_unchanged,
        )
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
        self.request = None
        self._previews.clear()
        self.spare.is_over = True
        self.failed.emit(str(error))
