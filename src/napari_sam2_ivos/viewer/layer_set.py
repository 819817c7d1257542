"""The layers of one session in a viewer: made, followed, brought back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Points, Shapes
from psygnal import Signal

from napari_sam2_ivos.viewer.corrections import CorrectionReader
from napari_sam2_ivos.viewer.glance_layer import GlanceLayer
from napari_sam2_ivos.viewer.label_writer import LabelWriter
from napari_sam2_ivos.viewer.layers import (
    PLACING,
    TRACK_ID,
    add_columns,
    drop_lost_rows,
    end_drawing,
    label_placement,
    make_labels,
    make_points,
    make_shapes,
    placement,
    set_next,
)
from napari_sam2_ivos.viewer.prompt_reader import PromptReader, could_hold_prompts
from napari_sam2_ivos.viewer.prompt_writer import drop_rows, write_prompts, wrong_rows
from napari_sam2_ivos.viewer.styling import style_points, style_shapes
from napari_sam2_ivos.viewer.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sam2_ivos.core.regions import Window
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.reading import Cell, Target
    from napari_sam2_ivos.viewer.tools import Tool


class LayerSet:
    """Labels, Points and Shapes layers of a session, and the one for guesses.

    A layer that the user deletes takes nothing with it: prompts and labels
    are in the session, and `ensure` brings the layer back.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    target : Target
    """

    removed = Signal(str)
    """Emitted with a sentence when the user deletes one of the layers."""
    picked = Signal(int, bool)
    """Emitted with track ID and sign when the user selects a prompt or a label."""

    def __init__(self, viewer: Any, session: Session, target: Target) -> None:
        self.viewer = viewer
        self.session = session
        self.target = target
        self.labels: Labels | None = None
        self.points: Points | None = None
        self.shapes: Shapes | None = None
        self.writer: LabelWriter | None = None
        self.corrections: CorrectionReader | None = None
        self.glance = GlanceLayer(viewer, session, target)
        self.reader = PromptReader(session, target)
        self._adopted: list[Any] = []
        self._next: tuple[int, bool] = (1, True)
        self._quiet = False
        self._is_adding = False
        self._paint_watchers: list[tuple[Callable[..., Any], Callable[..., Any]]] = []
        viewer.layers.events.removed.connect(self._on_removed)
        session.labels_changed.connect(self._on_written)
        self.reader.rejected.connect(self.sync)
        self.visibility = Visibility(session)
        for name in PLACING:
            getattr(target.image.events, name).connect(self._on_image_moved)

    def watch_paint(
        self, painted: Callable[[list[Cell]], None], refused: Callable[[str], None]
    ) -> None:
        """Call these for painting on the Labels layer, also when it is re-made."""
        self._paint_watchers.append((painted, refused))

    # ---- making ----------------------------------------------------------

    def ensure(self) -> None:
        """Add the layers that are missing, with the prompts that they showed."""
        if self.labels is None:
            self._add_labels()
        self.glance.ensure(self.labels)
        fresh = []
        if self.shapes is None:
            self.shapes = make_shapes(self.target.image)
            fresh.append(self.shapes)
        if self.points is None:
            self.points = make_points(self.target.image)
            fresh.append(self.points)
        for layer in fresh:
            with self.reader.our_own_edit():
                self.viewer.add_layer(layer)
                self._follow(layer, read=False)
        if fresh:
            self.show_prompts()
        self.set_next(*self._next)

    def show_prompts(self) -> None:
        """Add rows for prompts of the session that no layer shows yet."""
        with self._quietly(), self.reader.our_own_edit():
            shown = self.reader.reading.prompts
            write_prompts(self.session, self.target, self.points, self.shapes, shown)
        self.set_next(*self._next)
        self.restyle()

    def _add_labels(self) -> None:
        target = self.target
        self.labels = make_labels(
            target.image, self.session.labels, target.time_axis, target.held
        )
        layers = list(self.viewer.layers)
        images = (target.image, *target.others)
        index = 1 + max(layers.index(image) for image in images if image in layers)
        self.viewer.layers.insert(index, self.labels)
        self.labels.events.selected_label.connect(self._on_selected_label)
        self.labels.events.colormap.connect(self.restyle)
        self.corrections = CorrectionReader(
            self.viewer, self.labels, self.session, target.time_axis
        )
        self.writer = LabelWriter(
            self.viewer, self.labels, target.time_axis, self.corrections.refresh
        )
        for painted, refused in self._paint_watchers:
            self.corrections.painted.connect(painted)
            self.corrections.refused.connect(refused)

    def adopt(self, layer: Any, track_id: int) -> None:
        """Read prompts from a Points or Shapes layer that the user has made."""
        with self.reader.our_own_edit():
            add_columns(layer, track_id)
        self._adopted.append(layer)
        if isinstance(layer, Points):
            self.points = layer
        else:
            self.shapes = layer
        self._follow(layer, read=True)
        self.restyle()

    def _follow(self, layer: Any, *, read: bool) -> None:
        self.reader.follow(layer, read=read)
        layer.events.feature_defaults.connect(self._on_feature_defaults)
        layer.events.data.connect(self._on_edited)
        layer.events.features.connect(self._on_features)

    # ---- using -----------------------------------------------------------

    def is_foreign(self, layer: Any) -> bool:
        """Whether a layer could hold prompts but is not read."""
        return could_hold_prompts(layer) and layer not in self.reader.layers

    def set_next(self, track_id: int, positive: bool) -> None:
        """Say which object and sign the next prompt gets."""
        self._next = (track_id, positive)
        with self._quietly():
            for layer in self.reader.layers:
                set_next(layer, track_id, positive)
            if self.labels is not None and self.labels.selected_label != track_id:
                self.labels.selected_label = track_id

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Take what is selected inside as our own doing, not as a wish of the user."""
        was_quiet, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = was_quiet

    def activate(self, tool: Tool) -> None:
        """Make the layer of a tool the active one, in the tool's mode."""
        self.ensure()
        end_drawing(self.shapes)
        layer = getattr(self, tool.kind)
        layer.visible = True
        self.viewer.layers.selection.active = layer
        if layer.mode != tool.mode:
            layer.mode = tool.mode

    def color_of(self, track_id: int) -> Any:
        """Return the RGBA colour of an object."""
        return self.visibility.colormap.map(track_id)

    def restyle(self, event: Any = None) -> None:
        """Colour prompts and guesses as their objects are coloured."""
        if self.labels is not None:
            self.visibility.apply(self.labels)
            self.glance.recolour(self.labels.colormap)
        for layer in self.reader.layers:
            style = style_points if isinstance(layer, Points) else style_shapes
            style(layer, self.color_of, self.reader.reading.unused_rows(layer))
            self.visibility.apply_to_prompts(layer)

    def sync(self) -> None:
        """Let the layers show the prompts that the session has, and no others."""
        wrong = wrong_rows(self.reader.reading, self.session)
        if wrong:
            with self._quietly(), self.reader.our_own_edit():
                for layer, rows in wrong.items():
                    drop_rows(layer, rows)
        if self.points is not None or self.shapes is not None:
            self.show_prompts()

    def flush(self) -> None:
        """Show what was written."""
        if self.writer is not None:
            self.writer.flush()

    def own(self) -> list[Any]:
        """Return the layers of this session that are in the viewer."""
        own = (self.labels, self.glance.layer, self.shapes, self.points)
        return [layer for layer in own if layer is not None]

    def close(self) -> None:
        """Let the layers be; nothing is removed from the viewer."""
        self.viewer.layers.events.removed.disconnect(self._on_removed)
        self.session.labels_changed.disconnect(self._on_written)
        for name in PLACING:
            getattr(self.target.image.events, name).disconnect(self._on_image_moved)
        for layer in list(self.reader.layers):
            self._let_go(layer)
        self._let_go_of_labels()

    # ---- events ----------------------------------------------------------

    def _on_written(self, frame: int, windows: list[Window]) -> None:
        if self.writer is not None and self.corrections is not None:
            self.corrections.on_written(frame, windows)  # before the screen looks at it
            self.writer.on_written(frame)

    def _on_edited(self, event: Any) -> None:
        action = str(event.action)
        # napari selects what it adds, which does not mean that the user picked it.
        self._is_adding = action == "added" and isinstance(event.source, Points)
        if action in ("added", "changed", "removed"):
            drop_lost_rows(event.source)
            self.restyle()

    def _on_features(self, event: Any = None) -> None:
        self._is_adding = False
        self.restyle()

    def _on_feature_defaults(self, event: Any) -> None:
        """Follow a prompt that the user selected: its object becomes current."""
        if self._quiet or not isinstance(event.source, Points):
            return
        if self._is_adding:
            self.set_next(*self._next)
            return
        defaults = event.source.feature_defaults
        track_id = defaults[TRACK_ID].iloc[0]
        if track_id == track_id and track_id > 0:
            self.picked.emit(int(track_id), bool(defaults["positive"].iloc[0]))

    def _on_selected_label(self, event: Any = None) -> None:
        if self._quiet or self.labels is None or self.labels.selected_label < 1:
            return
        self.picked.emit(int(self.labels.selected_label), self._next[1])

    def _on_image_moved(self, event: Any = None) -> None:
        """Keep our own layers over the image when the user calibrates it."""
        image = self.target.image
        places = [(x, placement(image)) for x in (self.points, self.shapes)]
        held = label_placement(image, self.target.held)
        places += [(x, held) for x in (self.labels, self.glance.layer)]
        for layer, place in places:
            if layer is not None and layer not in self._adopted:
                for name, value in place.items():
                    setattr(layer, name, value)

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        if layer == self.labels:
            self._let_go_of_labels()
            what = "The labels are kept"
        elif layer == self.glance.layer:
            self.glance.let_go()
            what = "Frames that are not tracked show no preview any more"
        elif layer in self.reader.layers:
            self._let_go(layer)
            what = "Its prompts and their masks are kept"
        else:
            return
        self.removed.emit(
            f"'{layer.name}' was removed. {what}; choose any tool to show it again."
        )

    def _let_go_of_labels(self) -> None:
        if self.labels is None:
            return
        if self.corrections is not None:
            self.corrections.close()
        self.labels.events.selected_label.disconnect(self._on_selected_label)
        self.labels.events.colormap.disconnect(self.restyle)
        self.labels = self.writer = self.corrections = None

    def _let_go(self, layer: Any) -> None:
        self.reader.leave(layer)
        layer.events.feature_defaults.disconnect(self._on_feature_defaults)
        layer.events.data.disconnect(self._on_edited)
        layer.events.features.disconnect(self._on_features)
        if layer == self.points:
            self.points = None
        if layer == self.shapes:
            self.shapes = None
