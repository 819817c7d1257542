"""The panel of the program in napari."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Points, Shapes
from napari.utils.notifications import show_error
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import qthrottled

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.viewer import keys
from napari_sam2_ivos.viewer.controller import Controller
from napari_sam2_ivos.viewer.movies import contrast_of, held_positions, movie_of
from napari_sam2_ivos.viewer.registry import bare, controller_of, controllers
from napari_sam2_ivos.viewer.tools import Tool
from napari_sam2_ivos.widgets.closing import WindowWatch, is_alive
from napari_sam2_ivos.widgets.connections import Connections
from napari_sam2_ivos.widgets.export_panel import ExportPanel
from napari_sam2_ivos.widgets.image_panel import ImagePanel
from napari_sam2_ivos.widgets.key_list import KeyList
from napari_sam2_ivos.widgets.message_bar import MessageBar
from napari_sam2_ivos.widgets.model_choice import segmenter_factory
from napari_sam2_ivos.widgets.model_panel import ModelPanel
from napari_sam2_ivos.widgets.object_panel import ObjectPanel
from napari_sam2_ivos.widgets.pieces import button, fold, hint, row, rule
from napari_sam2_ivos.widgets.prompt_panel import PromptPanel
from napari_sam2_ivos.widgets.theme import Colours, style_sheet
from napari_sam2_ivos.widgets.tracking_panel import TrackingPanel
from napari_sam2_ivos.widgets.welcome import Welcome
from napari_sam2_ivos.widgets.worker import QtRunner

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import Segmenter
    from napari_sam2_ivos.viewer.progress import Progress
    from napari_sam2_ivos.widgets.model_choice import ModelChoice

    Loader = Callable[
        [ModelChoice, tuple[float, float] | None], Callable[[Movie], Segmenter]
    ]


class IvosDock(QWidget):
    """Prompt, track, correct, save.

    A view only: sessions belong to the viewer (`viewer.registry`), so that
    closing the panel loses nothing, and opening it changes nothing.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    loader : callable, optional
        Makes the segmenter factory of a model choice; for tests.
    """

    def __init__(self, napari_viewer: Any, loader: Loader = segmenter_factory) -> None:
        super().__init__()
        self.viewer = bare(napari_viewer)
        self.controller: Controller | None = None
        self._loader = loader
        self._watch = WindowWatch(self.viewer)
        self._links = Connections()
        self._controller_links = Connections()
        self._build()
        v = self.viewer
        for event in (v.layers.events.inserted, v.layers.events.removed):
            self._links.connect(event, self._on_layers)
        self._links.connect(v.layers.events.reordered, self._on_layers)
        self._links.connect(v.layers.events.renamed, self._on_layers)
        self._links.connect(v.dims.events.current_step, self._on_slider)
        self._links.connect(v.layers.selection.events.active, self._on_slider)
        self._links.connect(v.events.theme, self._on_theme)
        self.destroyed.connect(self._links.close)
        self.destroyed.connect(self._controller_links.close)
        self.destroyed.connect(partial(keys.unbind, v))
        self._on_theme()
        self._on_image()
        keys.bind(v, self._actions())

    # ---- building ----------------------------------------------------------

    def _build(self) -> None:
        self.images = ImagePanel(self.viewer)
        self.models = ModelPanel()
        self.objects = ObjectPanel()
        self.prompts = PromptPanel()
        self.tracking = TrackingPanel()
        self.export = ExportPanel()
        self.messages = MessageBar()
        self.welcome = Welcome()
        self.note = hint()
        self.back = button("Bring it back", self._bring_back, name="main")
        self.model_fold = fold("Model", self.models)
        self.panels = (self.objects, self.prompts, self.tracking, self.export)
        work = QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(6)
        column.addWidget(self.images)
        column.addWidget(self.note)
        column.addWidget(self.back)
        column.addWidget(self.model_fold)
        for panel in self.panels:
            column.addWidget(rule())
            column.addWidget(panel, 1 if panel is self.objects else 0)
        column.addWidget(rule())
        column.addWidget(fold("Keys", KeyList()))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(work)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.stack)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 4)
        outer.addWidget(scroll, 1)
        outer.addLayout(row(self.messages))
        self.setMinimumWidth(300)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.images.changed.connect(self._on_image)
        self.models.changed.connect(self._on_model)
        self.models.failed.connect(self.show_error)
        self.objects.new_wanted.connect(self.new_object)
        self.prompts.wanted.connect(self.use_tool)
        self.prompts.adopted.connect(self.use_layer)
        self.tracking.toggled.connect(self.toggle_tracking)
        self.export.said.connect(self.show_message)
        self.export.failed.connect(self.show_error)
        self.welcome.sample_wanted.connect(self._open_sample)
        self._refresh_soon = qthrottled(self.refresh, timeout=60)
        self._refresh_rows_soon = qthrottled(self._refresh_rows, timeout=250)

    def reset_choices(self, event: Any = None) -> None:
        """List the image layers again; napari calls this."""
        self.images.reset_choices()

    # ---- what the user can do ------------------------------------------------

    def _actions(self) -> dict[str, Callable[[], None]]:
        return {
            "new_object": self.new_object,
            "clear_frame": self._clear_frame,
            "track": self.toggle_tracking,
            **{
                tool.value: partial(self.use_tool, tool.value)
                for tool in Tool
                if tool is not Tool.ERASE
            },
        }

    def new_object(self) -> None:
        """Begin an object."""
        controller = self.ensure_controller()
        if controller is not None:
            controller.new_object()

    def use_tool(self, tool: str) -> None:
        """Choose what the next click does."""
        controller = self.ensure_controller()
        if controller is not None:
            controller.use_tool(Tool(tool))

    def use_layer(self, layer: Any) -> None:
        """Read prompts from a layer that the user has made."""
        controller = self.ensure_controller()
        if controller is not None:
            controller.use_layer(layer)

    def toggle_tracking(self) -> None:
        """Track, or stop."""
        c = self.controller
        if c is None:
            self.show_message("Nothing to track yet: press New object, then click.")
            return
        if c.schedule.is_tracking:
            c.cancel()
            return
        ids = None
        if self.tracking.only_current.isChecked() and c.current in c.session.tracks:
            ids = (c.current,)
        c.track(
            self.tracking.direction,
            self.tracking.frames,
            ids,
            recompute=self.tracking.again.isChecked(),
            skip_unchanged=self.tracking.skip.isChecked(),
        )

    def _clear_frame(self) -> None:
        if self.controller is not None:
            self.controller.clear_frame()

    def _bring_back(self) -> None:
        for controller in controllers(self.viewer):
            if controller.is_image_missing:
                controller.bring_back()
                self.images.choose(controller.image)

    def _open_sample(self) -> None:
        self.viewer.open_sample("napari-sam2-ivos", "synthetic")

    # ---- sessions --------------------------------------------------------------

    def ensure_controller(self) -> Controller | None:
        """Return the controller of the chosen image, made if there is none."""
        image, axis = self.images.layer, self.images.time_axis
        if image is None:
            self.show_message("Open a movie first: drag a file onto the window.")
            return None
        try:
            held = {} if axis is None else held_positions(self.viewer, image, axis)
            found = self.controller
            if found is not None and (
                found.session.tracks
                or (found.target.time_axis == axis and dict(found.held) == held)
            ):
                return found
            movie = movie_of(image, axis, held)
            from napari_sam2_ivos.io.stores import create_store

            store = create_store(movie.shape)
        except IvosError as error:
            self.show_error(str(error))
            return None
        if found is not None:
            self._discard(found)
        factory = self._loader(self.models.choice, contrast_of(image, movie))
        made = Controller(
            self.viewer, image, movie, store, factory, QtRunner(self.show_warning)
        )
        controllers(self.viewer).append(made)
        self._show_controller(made)
        return made

    def _discard(self, controller: Controller) -> None:
        """Drop a session in which nothing was done, with its empty layers."""
        own = controller.layers.own()
        controller.close()
        controllers(self.viewer).remove(controller)
        for layer in own:
            self.viewer.layers.remove(layer)

    def _show_controller(self, controller: Controller | None) -> None:
        self._controller_links.close()
        self.controller = controller
        if controller is not None:
            links = self._controller_links
            links.connect(controller.changed, self._on_changed)
            links.connect(controller.said, self.show_message)
            links.connect(controller.failed, self.show_error)
            links.connect(controller.schedule.progressed, self._on_progress)
            links.connect(controller.schedule.finished, self.show_message)
        for panel in self.panels:
            panel.show_controller(controller)
        self.refresh()

    # ---- showing -----------------------------------------------------------

    def refresh(self) -> None:
        """Show things as they are."""
        if not is_alive(self):  # asked for just before the panel was closed
            return
        missing = any(c.is_image_missing for c in controllers(self.viewer))
        has_image = self.images.layer is not None
        self.stack.setCurrentIndex(1 if has_image or missing else 0)
        c = self.controller
        self.images.lock(
            c.target.time_axis if c is not None and c.session.tracks else None
        )
        self.back.setVisible(missing)
        self.note.setText(self._note(c))
        self.note.setVisible(bool(self.note.text()))
        self.models.show_loaded("" if c is None else c.segmenter.model_name)
        self.model_fold.setText(f"Model: {self.models.summary}")
        self.prompts.show_foreign(self._foreign_layer(c))
        for panel in self.panels:
            panel.refresh()

    def _refresh_rows(self) -> None:
        if is_alive(self):
            self.objects.refresh()

    def _foreign_layer(self, c: Controller | None) -> Any | None:
        """Return the active layer if it could hold prompts but is not read."""
        layer = self.viewer.layers.selection.active
        if c is not None:
            return layer if c.layers.is_foreign(layer) else None
        return layer if isinstance(layer, Points | Shapes) and len(layer.data) else None

    def _note(self, c: Controller | None) -> str:
        image = self.images.layer
        if image is not None and self.images.time_axis is None:
            return (
                "This image is a single picture. Choose a time-lapse, a stack whose"
                " first axis is time."
            )
        if c is not None and c.held and not c.is_image_missing:
            return c.where_held()
        return ""

    def show_message(self, text: str) -> None:
        """Tell the user something."""
        self.messages.show_message(text)

    def show_warning(self, text: str) -> None:
        """Tell the user something to be careful about."""
        self.messages.show_message(text, "warning")

    def show_error(self, text: str) -> None:
        """Tell the user what went wrong and what to do."""
        self.messages.show_message(text, "error")
        show_error(text)

    # ---- events ----------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        """Learn which window we are in, to stop work when it is closed."""
        super().showEvent(event)
        self._watch.watch(self)

    def _on_layers(self, event: Any = None) -> None:
        self.images.reset_choices()
        self._refresh_soon()

    def _on_image(self) -> None:
        image = self.images.layer
        found = None if image is None else controller_of(self.viewer, image)
        self._show_controller(found)

    def _on_model(self) -> None:
        c = self.controller
        if c is not None:
            c.use_model(self._loader(self.models.choice, contrast_of(c.image, c.movie)))
        self.refresh()

    def _on_changed(self) -> None:
        self._refresh_soon()

    def _on_progress(self, progress: Progress) -> None:
        self.tracking.show_progress(progress)
        self._refresh_rows_soon()
        c = self.controller
        if c is None or progress.frame is None or not self.tracking.follow.isChecked():
            return
        c.go_to(progress.frame)

    def _on_slider(self, event: Any = None) -> None:
        self._refresh_soon()

    def _on_theme(self, event: Any = None) -> None:
        colours = Colours.of(self.viewer)
        self.setStyleSheet(style_sheet(colours))
        self.prompts.show_theme(colours)
