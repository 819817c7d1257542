"""One image layer in one viewer, its session, and everything done with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ProxyTypes, proxy

from psygnal import Signal

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.viewer.answers import unseen_answers
from napari_sam2_ivos.viewer.axes import axis_name, current_frame, go_to_frame
from napari_sam2_ivos.viewer.editing import Editing
from napari_sam2_ivos.viewer.image_watch import ImageWatch
from napari_sam2_ivos.viewer.layer_set import LayerSet
from napari_sam2_ivos.viewer.lazy_segmenter import LazySegmenter
from napari_sam2_ivos.viewer.lineage_layer import LineageLayer
from napari_sam2_ivos.viewer.movies import calibration_of, held_positions
from napari_sam2_ivos.viewer.objects import ObjectRow, ObjectRows
from napari_sam2_ivos.viewer.reading import Target
from napari_sam2_ivos.viewer.registry import everyone
from napari_sam2_ivos.viewer.requests import TrackRequest
from napari_sam2_ivos.viewer.review import Review
from napari_sam2_ivos.viewer.schedule import Schedule
from napari_sam2_ivos.viewer.spare import SpareTime
from napari_sam2_ivos.viewer.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore, Segmenter
    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.viewer.autosave import Autosave
    from napari_sam2_ivos.viewer.jobs import Runner
    from napari_sam2_ivos.viewer.reading import Cell


class Controller:
    """Annotates one image layer; every view of it, Qt or not, talks to this.

    Parameters
    ----------
    viewer : ViewerModel
    image : napari.layers.Image
    movie : Movie
        The movie in the layer, see `viewer.movies.movie_of`.
    store : LabelStore
        ``(T, Y, X)`` store that takes the labels.
    factory : callable, (Movie) -> Segmenter
        Loads the model when it is first needed, on the runner's thread.
    runner : Runner
    others : tuple of napari.layers.Image
        Further images, which are the other colours of the movie.
    tracks : mapping of int to Track, optional
        Objects of a session that was saved; their masks are in the store.

    Attributes
    ----------
    current : int or None
        The object that prompts belong to.
    selected : tuple of int
        The objects that are chosen in the list, the current one among them.
    tool : Tool
    editing : Editing
    review : Review
    autosave : Autosave or None
        What saves the session, if anything does.
    """

    changed = Signal()
    """Emitted when objects, the current object, the tool or the work changed."""
    said = Signal(str)
    """Emitted with something the user should read."""
    failed = Signal(str)
    """Emitted with the message of an error, after which everything can go on."""

    def __init__(
        self,
        viewer: Any,
        image: Any,
        movie: Movie,
        store: LabelStore,
        factory: Callable[[Movie], Segmenter],
        runner: Runner,
        others: tuple[Any, ...] = (),
        tracks: Mapping[int, Track] | None = None,
    ) -> None:
        # The registry keeps us as long as the viewer lives, so we must not keep it.
        viewer = viewer if isinstance(viewer, ProxyTypes) else proxy(viewer)
        self.viewer = viewer
        self.image = image
        self.others = others
        self.segmenter = LazySegmenter(movie, factory)
        self.session = Session(movie, self.segmenter, store)
        self.session.tracks.update(tracks or {})
        self.target = Target(image, movie, movie.time_axis, movie.held, others)
        self.layers = LayerSet(viewer, self.session, self.target)
        self.spare = SpareTime(
            viewer,
            self.session,
            self.segmenter,
            self.target,
            self.layers.glance,
            lambda: not any(c.schedule.is_busy for c in everyone()),
        )
        self.schedule = Schedule(self.session, runner, lambda: self.frame, self.spare)
        self.current: int | None = None
        self.selected: tuple[int, ...] = ()
        self.tool = Tool.POSITIVE
        self.editing = Editing(self)
        self.lineage = LineageLayer(viewer, self.session, self.target)
        self.review = Review(self)
        self.watch = ImageWatch(self)
        self.autosave: Autosave | None = None
        self._rows = ObjectRows()
        self._to_begin: list[int] = []
        self.layers.removed.connect(self._say)
        self.layers.picked.connect(self._on_picked)
        self.layers.watch_paint(self._on_painted, self._say)
        self.layers.reader.edited.connect(self._on_prompted)
        self.layers.reader.refused.connect(self._say)
        self.session.tracks_changed.connect(self._tell_views)
        self.schedule.changed.connect(self._on_schedule_changed)
        self.schedule.failed.connect(self._fail)
        self.schedule.applied.connect(self.spare.glance.on_applied)
        self.schedule.previewed.connect(self._on_previewed)
        self.spare.noticed.connect(self._say)
        self.spare.moved.connect(self.schedule.look_around)

    # ---- where and what ----------------------------------------------------

    @property
    def movie(self) -> Movie:
        """The movie that is annotated."""
        return self.session.movie

    @property
    def frame(self) -> int:
        """The frame on screen; can be outside the movie."""
        return current_frame(self.viewer, self.image, self.target.time_axis)

    def go_to(self, frame: int) -> None:
        """Show a frame."""
        go_to_frame(self.viewer, self.image, self.target.time_axis, frame)

    @property
    def guessed(self) -> list[int]:
        """Objects whose mask on screen is a guess, see `viewer.glance`."""
        return self.layers.glance.shown_on(self.frame)

    @property
    def held(self) -> Mapping[int, int]:
        """Where Z, channel and so on are held."""
        return self.target.held

    def where_held(self) -> str:
        """Return in words where Z and channel are held, and if that is on screen."""
        shown = held_positions(self.viewer, self.image, self.target.time_axis)
        held = ", ".join(
            f"{axis_name(self.image, a)} {i}" for a, i in self.held.items()
        )
        if shown == dict(self.held):
            return f"Tracked at {held}."
        return f"Tracked at {held}; the sliders show another plane."

    @property
    def calibration(self) -> dict[str, Any]:
        """Pixel size, its unit and the frame interval, as the writers of files want."""
        return calibration_of(self.image, self.target.time_axis)

    def rows(self) -> list[ObjectRow]:
        """Return what to list: all objects by ID, and the one just begun."""
        job = self.schedule.job
        running = set(job.plan.versions) if job is not None and job.is_tracking else ()
        return self._rows.of(
            self.session.tracks, running, self.editing.hidden, self.current
        )

    # ---- objects -----------------------------------------------------------

    def new_object(self) -> int:
        """Begin an object: the next prompt is its first. Makes missing layers."""
        self._to_begin.clear()
        if self.current is None or self.current in self.session.tracks:
            self._choose(self.session.next_track_id)
        if not self.tool.is_positive or self.tool is Tool.ERASE:
            self.tool = Tool.POSITIVE
        self._apply_tool()
        assert self.current is not None
        return self.current

    def begin_objects(self, track_ids: Sequence[int]) -> None:
        """Let the next clicks begin objects, one each, in this order."""
        first, *self._to_begin = track_ids
        self._choose(first)
        self.tool = Tool.POSITIVE
        self._apply_tool()

    def select(self, track_id: int) -> None:
        """Make an object the one that prompts belong to."""
        self.select_many((track_id,))

    def select_many(self, track_ids: Sequence[int]) -> None:
        """Choose objects; prompts belong to the last one."""
        chosen = tuple(track_ids)
        if not chosen or chosen == self.selected:
            return
        self._to_begin.clear()
        self._choose(chosen[-1], chosen)
        self.layers.set_next(chosen[-1], self.tool.is_positive)
        self.changed.emit()

    def _choose(self, track_id: int | None, selected: tuple[int, ...] = ()) -> None:
        self.current = track_id
        self.selected = selected or (() if track_id is None else (track_id,))

    def use_tool(self, tool: Tool) -> None:
        """Choose what the next click does; begins an object if there is none."""
        self.tool = tool
        if self.current is None:
            self._choose(self.session.next_track_id)
        self._apply_tool()

    def _apply_tool(self) -> None:
        assert self.current is not None
        self.layers.ensure()
        self.layers.set_next(self.current, self.tool.is_positive)
        self.layers.activate(self.tool)
        self.changed.emit()

    def clear_frame(self) -> None:
        """Take back the prompts of the current object on the frame on screen."""
        if self.current is not None:
            self.editing.clear_frame(self.current, self.frame)

    def cycle_candidate(self, step: int) -> None:
        """Take another one of the masks that the click on screen can mean."""
        if self.current is not None:
            self.editing.cycle_candidate(self.current, self.frame, step)

    def after_edit(self) -> None:
        """Show an edit, and let running work take note of it."""
        self.layers.sync()
        if self.current is not None:
            tracks = self.session.tracks
            left = [i for i in self.selected if i in tracks and i != self.current]
            self._choose(self.current, (*left, self.current))
            self.layers.set_next(self.current, self.tool.is_positive)
        self.layers.flush()
        self.schedule.preview(self.stale_anchors())
        self.changed.emit()

    def use_layer(self, layer: Any) -> None:
        """Read prompts from a Points or Shapes layer that the user has."""
        if self.current is None:
            self._choose(self.session.next_track_id)
        assert self.current is not None
        self.layers.ensure()
        self.layers.adopt(layer, self.current)
        self.changed.emit()

    def show_prompts(self) -> None:
        """Show prompts that came from elsewhere (a file, a script) and run them."""
        self.layers.ensure()
        self.layers.show_prompts()
        if self.current is None and self.session.tracks:
            self._choose(max(self.session.tracks))
            self.layers.set_next(max(self.session.tracks), True)
        self.schedule.preview(self.stale_anchors())
        self.changed.emit()

    # ---- computing -----------------------------------------------------------

    def track(
        self, request: TrackRequest | None = None, *, recompute: bool = False
    ) -> None:
        """Track; what is up to date is left alone unless `recompute`."""
        if not self.session.tracks:
            self.said.emit("There is nothing to track yet. Click on an object first.")
            return
        request = TrackRequest() if request is None else request
        try:
            self.session.plan(request.direction, request.frames, request.track_ids)
            if recompute:
                request = replace(request, skip_unchanged=False)
                with self.session.action("Track", key=request):
                    self.session.mark_stale(request.frames, request.track_ids)
        except IvosError as error:
            self.said.emit(str(error))
            return
        self.schedule.track(request)

    def cancel(self) -> None:
        """Stop within a frame; what is done stays."""
        self.schedule.cancel()

    def use_model(self, factory: Callable[[Movie], Segmenter]) -> None:
        """Change the model; masks so far stay, prompts in waiting are run."""

        def act() -> None:
            self.segmenter.use(factory)
            self.schedule.forget_speed()

        self.schedule.when_idle(act)
        self.schedule.preview(self.stale_anchors())

    def close(self) -> None:
        """Stop and let go; layers stay in the viewer."""
        self.schedule.cancel()
        self.schedule.when_idle(self.segmenter.close)
        self.spare.close()
        self.layers.close()
        self.watch.close()
        if self.autosave is not None:
            self.autosave.finish()

    def stale_anchors(self) -> set[int]:
        """Return frames with prompts whose mask was never computed from them."""
        return {
            frame
            for track in self.session.tracks.values()
            for frame in track.prompts
            if not track.is_fresh(frame)
        }

    # ---- events ----------------------------------------------------------

    def _say(self, message: str) -> None:
        self.said.emit(message)

    def _fail(self, message: str) -> None:
        self.failed.emit(message)

    def _tell_views(self) -> None:
        self.changed.emit()

    def _on_schedule_changed(self) -> None:
        if not self.schedule.is_busy:
            self.layers.flush()
        else:
            for controller in everyone():
                controller.schedule.give_way()
        self.changed.emit()

    def _on_previewed(self, result: FrameResult) -> None:
        for sentence in unseen_answers(self.session, result):
            self.said.emit(sentence)

    def _on_prompted(self, frames: set[int]) -> None:
        begun = self.session.tracks.get(self.current or 0)
        if self._to_begin and begun is not None and begun.prompts:
            following = self._to_begin.pop(0)
            self._choose(following)
            self.layers.set_next(following, True)
        self.schedule.preview(frames)

    def _on_painted(self, cells: list[Cell]) -> None:
        """Take painted masks as prompts; they replace clicks on those cells."""
        self.layers.sync()
        if self.current is None:
            self._choose(cells[0][0])
        self.schedule.preview({frame for _, frame in cells})

    def _on_picked(self, track_id: int, positive: bool) -> None:
        if self.tool in (Tool.POSITIVE, Tool.NEGATIVE):
            self.tool = Tool.POSITIVE if positive else Tool.NEGATIVE
        if track_id != self.current:
            self.select(track_id)
        else:
            self.layers.set_next(track_id, self.tool.is_positive)
            self.changed.emit()

    @property
    def is_image_missing(self) -> bool:
        """Whether the image layer was removed from the viewer."""
        return self.watch.is_missing

    def bring_back(self) -> None:
        """Put the image and the layers back that were removed."""
        if self.is_image_missing:
            self.viewer.layers.insert(0, self.image)
        self.layers.ensure()
        self.changed.emit()
