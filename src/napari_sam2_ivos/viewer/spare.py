"""What is computed while the user asks for nothing, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psygnal import Signal

from napari_sam2_ivos.viewer.ahead import Ahead
from napari_sam2_ivos.viewer.axes import current_frame
from napari_sam2_ivos.viewer.glance import Glance
from napari_sam2_ivos.viewer.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.errors import IvosError
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.glance_layer import GlanceLayer
    from napari_sam2_ivos.viewer.jobs import SpareWork
    from napari_sam2_ivos.viewer.lazy_segmenter import LazySegmenter
    from napari_sam2_ivos.viewer.reading import Target

REST_S = 0.15
"""How long the user asks for nothing before spare time begins."""


class Place(NamedTuple):
    """Where spare time is used.

    Attributes
    ----------
    frame : int
        The frame on screen.
    n_loads : int
        Which loading of a model; another one has everything still to do.
    """

    frame: int
    n_loads: int


class SpareTime:
    """A first look at the frame on screen, then encoding of the frames around it.

    No model is loaded for this, and nothing is done for an image that cannot be
    seen or while another session needs the machine. An error is only `noticed`
    and does not stop the user, who did not ask for this and is told the same
    where they do ask.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    segmenter : LazySegmenter
    target : Target
    layer : GlanceLayer
    is_wanted : callable
        Whether there is nothing more important.

    Attributes
    ----------
    is_over : bool
        Whether nothing more may be done, since the user said stop.
    rest_s : float
        How long to wait before each job.
    """

    noticed = Signal(str)
    """Emitted with the message of an error, each message once."""
    moved = Signal()
    """Emitted when another frame is on screen."""

    def __init__(
        self,
        viewer: Any,
        session: Session,
        segmenter: LazySegmenter,
        target: Target,
        layer: GlanceLayer,
        is_wanted: Callable[[], bool],
    ) -> None:
        self.viewer = viewer
        self.segmenter = segmenter
        self.target = target
        self.glance = Glance(session, layer, self._place)
        self.works: list[SpareWork] = [
            self.glance,
            Ahead(session.movie.n_frames, self._place),
        ]
        self.is_over = False
        self.rest_s = REST_S
        self._noticed: set[str] = set()
        self._is_wanted = is_wanted
        self._frame = self._on_screen()
        viewer.dims.events.current_step.connect(self._on_slider)

    def close(self) -> None:
        """Stop following the slider."""
        self.viewer.dims.events.current_step.disconnect(self._on_slider)

    def next_job(self) -> Job | None:
        """Return what to do next, None for nothing."""
        if self.is_over:
            return None
        for work in self.works:
            plan = work.plan()
            if plan is not None:
                return Job(plan, self.segmenter, spare=work, rest_s=self.rest_s)
        return None

    def end(self, job: Job, error: IvosError | None) -> None:
        """Take note that a job has ended, by itself, stopped or failed."""
        if job.spare is not None and (error is not None or not job.is_stopped):
            job.spare.done()
        if error is not None and str(error) not in self._noticed:
            self._noticed.add(str(error))
            self.noticed.emit(str(error))

    def _on_screen(self) -> int:
        return current_frame(self.viewer, self.target.image, self.target.time_axis)

    def _on_slider(self, event: Any = None) -> None:
        frame = self._on_screen()
        if frame != self._frame:
            self._frame = frame
            self.moved.emit()

    def _place(self) -> Place | None:
        image, dims = self.target.image, self.viewer.dims
        if not self.segmenter.is_loaded or not self._is_wanted():
            return None
        if image not in self.viewer.layers or not image.visible:
            return None
        frame = self._on_screen()
        time_axis = dims.ndim - image.ndim + self.target.time_axis
        is_seen = 0 <= frame < self.target.movie.n_frames
        if not is_seen or time_axis in dims.displayed:
            return None
        return Place(frame, self.segmenter.n_loads)
