"""One image layer in one viewer, its session, and everything done with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ProxyTypes, proxy

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.viewer.axes import axis_name, current_frame, go_to_frame
from napari_sam2_ivos.viewer.layer_set import LayerSet
from napari_sam2_ivos.viewer.lazy_segmenter import LazySegmenter
from napari_sam2_ivos.viewer.movies import calibration_of, held_positions
from napari_sam2_ivos.viewer.objects import ObjectRow, new_row, row_of
from napari_sam2_ivos.viewer.reading import Target
from napari_sam2_ivos.viewer.registry import everyone
from napari_sam2_ivos.viewer.schedule import Schedule, TrackRequest
from napari_sam2_ivos.viewer.spare import SpareTime
from napari_sam2_ivos.viewer.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore, Segmenter
    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.tracks import Direction
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
    ) -> None:
        # The registry keeps us as long as the viewer lives, so we must not keep it.
        viewer = viewer if isinstance(viewer, ProxyTypes) else proxy(viewer)
        self.viewer = viewer
        self.image = image
        self.segmenter = LazySegmenter(movie, factory)
        self.session = Session(movie, self.segmenter, store)
        self.target = Target(image, movie, movie.time_axis, movie.held)
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
        self.tool = Tool.POSITIVE
        self.layers.removed.connect(self._say)
        self.layers.picked.connect(self._on_picked)
        self.layers.watch_paint(self._on_painted, self._say)
        self.layers.reader.edited.connect(self.schedule.preview)
        self.layers.reader.refused.connect(self._say)
        self.session.tracks_changed.connect(self._tell_views)
        self.schedule.changed.connect(self._on_schedule_changed)
        self.schedule.failed.connect(self._fail)
        self.schedule.applied.connect(self.spare.glance.on_applied)
        self.schedule.previewed.connect(self._on_previewed)
        self.spare.noticed.connect(self._say)
        self.spare.moved.connect(self.schedule.look_around)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        image.events.data.connect(self._on_image_data)

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
        tracks = self.session.tracks
        rows = [row_of(track, i in running) for i, track in tracks.items()]
        if self.current is not None and self.current not in tracks:
            rows.append(new_row(self.current))
        return sorted(rows, key=lambda row: row.track_id)

    # ---- objects -----------------------------------------------------------

    def new_object(self) -> int:
        """Begin an object: the next prompt is its first. Makes missing layers."""
        if self.current is None or self.current in self.session.tracks:
            self.current = self.session.next_track_id
        if self.tool in (Tool.NEGATIVE, Tool.ERASE):
            self.tool = Tool.POSITIVE
        self._apply_tool()
        return self.current

    def select(self, track_id: int) -> None:
        """Make an object the one that prompts belong to."""
        if track_id == self.current:
            return
        self.current = track_id
        self.layers.set_next(track_id, self.tool is not Tool.NEGATIVE)
        self.changed.emit()

    def use_tool(self, tool: Tool) -> None:
        """Choose what the next click does; begins an object if there is none."""
        self.tool = tool
        if self.current is None:
            self.current = self.session.next_track_id
        self._apply_tool()

    def _apply_tool(self) -> None:
        assert self.current is not None
        self.layers.ensure()
        self.layers.set_next(self.current, self.tool is not Tool.NEGATIVE)
        self.layers.activate(self.tool)
        self.changed.emit()

    def delete_object(self, track_id: int) -> None:
        """Delete an object, its prompts and masks; no other is touched."""
        self.layers.drop_cells(lambda owner, _frame: owner == track_id)
        if track_id in self.session.tracks:
            self.session.remove_object(track_id)
        if self.current == track_id:
            ids = sorted(self.session.tracks)
            self.current = ids[-1] if ids else None
            if self.current is not None:
                self.layers.set_next(self.current, self.tool is not Tool.NEGATIVE)
        self._resume()

    def clear_frame(
        self, track_id: int | None = None, frame: int | None = None
    ) -> None:
        """Take back the prompts of an object on a frame: those in use, on screen."""
        track_id = self.current if track_id is None else track_id
        frame = self.frame if frame is None else frame
        if track_id is None:
            return
        self.layers.drop_cells(lambda *cell: cell == (track_id, frame))
        track = self.session.tracks.get(track_id)
        if track is not None and frame in track.prompts:
            self.session.remove_prompts(track_id, frame)
        self._resume()

    def use_layer(self, layer: Any) -> None:
        """Read prompts from a Points or Shapes layer that the user has."""
        if self.current is None:
            self.current = self.session.next_track_id
        self.layers.ensure()
        self.layers.adopt(layer, self.current)
        self.changed.emit()

    def show_prompts(self) -> None:
        """Show prompts that came from elsewhere (a file, a script) and run them."""
        self.layers.ensure()
        self.layers.show_prompts()
        if self.current is None and self.session.tracks:
            self.current = max(self.session.tracks)
            self.layers.set_next(self.current, True)
        self.schedule.preview(self._stale_anchors())
        self.changed.emit()

    # ---- computing -----------------------------------------------------------

    def track(
        self,
        direction: Direction = "forward",
        frames: range | None = None,
        track_ids: tuple[int, ...] | None = None,
        *,
        recompute: bool = False,
        skip_unchanged: bool = False,
    ) -> None:
        """Track; what is up to date is left alone unless `recompute`.

        With `skip_unchanged` and without `recompute`, an object keeps its old
        masks from where many in a row have come out as before.
        """
        if not self.session.tracks:
            self.said.emit("There is nothing to track yet. Click on an object first.")
            return
        frames = range(self.movie.n_frames) if frames is None else frames
        try:
            self.session.plan(direction, frames, track_ids)
        except IvosError as error:
            self.said.emit(str(error))
            return
        if recompute:
            self.session.mark_stale(frames, track_ids)
            skip_unchanged = False
        self.schedule.track(TrackRequest(direction, frames, track_ids, skip_unchanged))

    def cancel(self) -> None:
        """Stop within a frame; what is done stays."""
        self.schedule.cancel()

    def use_model(self, factory: Callable[[Movie], Segmenter]) -> None:
        """Change the model; masks so far stay, prompts in waiting are run."""

        def act() -> None:
            self.segmenter.use(factory)

        self.schedule.when_idle(act)
        self.schedule.preview(self._stale_anchors())

    def close(self) -> None:
        """Stop and let go; layers stay in the viewer."""
        self.schedule.cancel()
        self.schedule.when_idle(self.segmenter.close)
        self.spare.close()
        self.layers.close()
        self.viewer.layers.events.removed.disconnect(self._on_layer_removed)
        self.image.events.data.disconnect(self._on_image_data)

    def _stale_anchors(self) -> set[int]:
        """Return frames with prompts whose mask was never computed from them."""
        return {
            frame
            for track in self.session.tracks.values()
            for frame in track.prompts
            if not track.is_fresh(frame)
        }

    def _resume(self) -> None:
        """Show the edit, and let running work take note of it."""
        self.layers.flush()
        self.schedule.preview(())
        self.changed.emit()

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
        """Say so if a prompt was answered by a mask that cannot be seen."""
        plane = np.asarray(self.session.labels[result.frame])
        for mask in result:
            prompts = self.session.prompts(mask.track_id, result.frame)
            if prompts.mask is not None or not prompts:
                continue  # taken as painted, or taken back meanwhile
            if not mask.pixels.any():
                self.said.emit(
                    f"The model sees no object {mask.track_id} there on frame"
                    f" {result.frame}. Click in its middle, or draw a box or outline."
                )
            elif not (plane == mask.track_id).any():
                owners = plane[mask.window][mask.pixels]
                owner = int(np.bincount(owners).argmax())
                self.said.emit(
                    f"The mask of object {mask.track_id} lies where object {owner} is"
                    f" already. Choose object {owner} and click there with 'Not this',"
                    " or erase it there."
                )

    def _on_painted(self, cells: list[Cell]) -> None:
        """Take painted masks as prompts; they replace clicks on those cells."""
        self.layers.drop_cells(lambda *cell: cell in cells)
        if self.current is None:
            self.current = cells[0][0]
        self.schedule.preview({frame for _, frame in cells})

    def _on_picked(self, track_id: int, positive: bool) -> None:
        if self.tool in (Tool.POSITIVE, Tool.NEGATIVE):
            self.tool = Tool.POSITIVE if positive else Tool.NEGATIVE
        if track_id != self.current:
            self.select(track_id)
        else:
            self.layers.set_next(track_id, self.tool is not Tool.NEGATIVE)
            self.changed.emit()

    def _on_layer_removed(self, event: Any) -> None:
        if event.value != self.image:
            return
        self.schedule.cancel()
        self.said.emit(
            f"The image '{self.image.name}' was removed. Its objects and labels are"
            " kept until the window is closed; 'Bring it back' in the panel shows it"
            " again."
        )
        self.changed.emit()

    def _on_image_data(self, event: Any = None) -> None:
        """Go on with the new pixels of the image, if they have the same shape."""
        image = self.image
        data = image.data[0] if image.multiscale else image.data
        if tuple(data.shape) != tuple(self.movie.data.shape):
            self.said.emit(
                f"The data of '{image.name}' was replaced by data of another shape,"
                f" {tuple(data.shape)}. Its objects still belong to the data before;"
                " add the new data as an image of its own to annotate it."
            )
            return

        def act() -> None:
            movie = replace(self.movie, data=data)
            self.session.movie = self.segmenter.movie = movie
            self.segmenter.close()
            self.session.mark_stale()

        self.schedule.when_idle(act)
        self.said.emit(
            f"The data of '{image.name}' was replaced. Press Track to compute the"
            " objects anew on it."
        )
        self.schedule.preview(self._stale_anchors())

    @property
    def is_image_missing(self) -> bool:
        """Whether the image layer was removed from the viewer."""
        return self.image not in self.viewer.layers

    def bring_back(self) -> None:
        """Put the image and the layers back that were removed."""
        if self.is_image_missing:
            self.viewer.layers.insert(0, self.image)
        self.layers.ensure()
        self.changed.emit()
