"""The panel of the program in napari."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

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

from napari_sam2_ivos.core.errors import IvosError, MovieError
from napari_sam2_ivos.viewer.actions import session_actions
from napari_sam2_ivos.viewer.key_bindings import KeyBindings
from napari_sam2_ivos.viewer.movies import held_positions
from napari_sam2_ivos.viewer.prompt_reader import could_hold_prompts
from napari_sam2_ivos.viewer.registry import bare, controllers
from napari_sam2_ivos.viewer.tools import Tool
from napari_sam2_ivos.widgets.closing import WindowWatch, is_alive
from napari_sam2_ivos.widgets.connections import Connections, weakly
from napari_sam2_ivos.widgets.earlier_offer import EarlierOffer
from napari_sam2_ivos.widgets.export_panel import ExportPanel
from napari_sam2_ivos.widgets.image_panel import ImagePanel
from napari_sam2_ivos.widgets.key_list import KeyList
from napari_sam2_ivos.widgets.load_panel import LoadPanel
from napari_sam2_ivos.widgets.long_work import drive
from napari_sam2_ivos.widgets.message_bar import MessageBar
from napari_sam2_ivos.widgets.model_choice import segmenter_factory
from napari_sam2_ivos.widgets.model_panel import ModelPanel
from napari_sam2_ivos.widgets.object_panel import ObjectPanel
from napari_sam2_ivos.widgets.pieces import button, fold, hint, row, rule, stacked
from napari_sam2_ivos.widgets.prompt_panel import PromptPanel
from napari_sam2_ivos.widgets.questions import ask
from napari_sam2_ivos.widgets.review_panel import ReviewPanel
from napari_sam2_ivos.widgets.session_row import SessionRow
from napari_sam2_ivos.widgets.sessions import Sessions
from napari_sam2_ivos.widgets.theme import Colours, style_sheet
from napari_sam2_ivos.widgets.timeline_dock import TimelineDock
from napari_sam2_ivos.widgets.tracking_panel import TrackingPanel
from napari_sam2_ivos.widgets.view_panel import ViewPanel
from napari_sam2_ivos.widgets.welcome import Welcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.viewer.editing import Question
    from napari_sam2_ivos.viewer.progress import Progress
    from napari_sam2_ivos.widgets.sessions import Loader


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
        self._watch = WindowWatch(self.viewer)
        self._was_timeline_shown = False
        self._links = Connections()
        self._controller_links = Connections()
        self._build()
        self.sessions = Sessions(
            self.viewer, self.images, self.models, loader, weakly(self.show_warning)
        )
        self.keys = KeyBindings(self.viewer, self._actions())
        v = self.viewer
        for event in (v.layers.events.inserted, v.layers.events.removed):
            self._links.connect(event, self._on_layers)
        self._links.connect(v.layers.events.reordered, self._on_layers)
        self._links.connect(v.layers.events.renamed, self._on_layers)
        self._links.connect(v.dims.events.current_step, self._on_slider)
        self._links.connect(v.layers.selection.events.active, self._on_slider)
        self._links.connect(v.events.theme, self._on_theme)
        for close in (
            self._links.close,
            self._controller_links.close,
            self.keys.close,
            self.timeline.close,
            self.view.close_views,
        ):
            self.destroyed.connect(close)
        self._on_theme()
        self._on_image()

    # ---- building ----------------------------------------------------------

    def _build(self) -> None:
        self.images = ImagePanel(self.viewer)
        self.models = ModelPanel()
        self.objects = ObjectPanel(self.viewer)
        self.prompts = PromptPanel()
        self.tracking = TrackingPanel()
        self.review = ReviewPanel()
        self.view = ViewPanel(self.viewer)
        self.export = ExportPanel()
        self.load = LoadPanel(weakly(self.ensure_controller))
        self.session = SessionRow()
        self.earlier = EarlierOffer()
        self.timeline = TimelineDock(self.viewer)
        self.key_list = KeyList()
        self.messages = MessageBar()
        self.welcome = Welcome()
        self.note = hint()
        self.back = button("Bring it back", self._bring_back, name="main")
        self.model_fold = fold("Model", self.models)
        self.show_timeline = button(
            "Timeline",
            self._toggle_timeline,
            "All objects and frames at a glance, under the image",
        )
        self.show_timeline.setCheckable(True)
        self.review_fold = fold("Review", stacked(self.show_timeline, self.review))
        self.panels = (
            self.objects,
            self.prompts,
            self.tracking,
            self.review,
            self.view,
            self.export,
            self.session,
        )
        work = QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(6)
        column.addWidget(self.images)
        column.addWidget(self.session)
        column.addWidget(self.earlier)
        column.addWidget(self.note)
        column.addWidget(self.back)
        column.addWidget(self.model_fold)
        for panel in (self.objects, self.prompts, self.tracking):
            column.addWidget(rule())
            column.addWidget(panel, 1 if panel is self.objects else 0)
        column.addWidget(rule())
        column.addWidget(self.review_fold)
        column.addWidget(fold("View", self.view))
        column.addWidget(fold("Load", self.load))
        column.addWidget(fold("Save", self.export))
        column.addWidget(fold("Keys", self.key_list))
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
        self.objects.session_wanted.connect(self.ensure_controller)
        self.prompts.wanted.connect(self.use_tool)
        self.prompts.adopted.connect(self.use_layer)
        self.tracking.toggled.connect(self.toggle_tracking)
        self.tracking.pause_toggled.connect(self.toggle_pause)
        self.export.said.connect(self.show_message)
        self.export.failed.connect(self.show_error)
        self.session.open_wanted.connect(self.open_session)
        self.session.failed.connect(self.show_error)
        self.earlier.wanted.connect(self.open_session)
        self.view.said.connect(self.show_message)
        self.key_list.refused.connect(self.show_warning)
        self.welcome.sample_wanted.connect(self._open_sample)
        self._refresh_soon = qthrottled(self.refresh, timeout=60)
        self._refresh_rows_soon = qthrottled(
            self._refresh_rows, timeout=150, leading=False
        )
        self._is_timeline_next = False

    def reset_choices(self, event: Any = None) -> None:
        """List the image layers again; napari calls this."""
        self.images.reset_choices()

    # ---- what the user can do ------------------------------------------------

    def _actions(self) -> dict[str, Callable[[], None]]:
        return session_actions(lambda: self.controller) | {
            "new_object": self.new_object,
            **{tool.value: partial(self.use_tool, tool.value) for tool in Tool},
            "track": self.toggle_tracking,
            "pause": self.toggle_pause,
            "take_over": self.objects.take_over_all,
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
        elif c.schedule.is_tracking:
            c.cancel()
        else:
            request = self.tracking.request(c)
            c.track(request, recompute=self.tracking.again.isChecked())

    def toggle_pause(self) -> None:
        """Pause the tracking, or go on."""
        c = self.controller
        if c is not None and c.schedule.is_tracking:
            schedule = c.schedule
            (schedule.resume if schedule.is_paused else schedule.pause)()

    def _toggle_timeline(self) -> None:
        self._was_timeline_shown = True
        self.timeline.toggle(self.show_timeline.isChecked())

    def _bring_back(self) -> None:
        for controller in controllers(self.viewer):
            if controller.is_image_missing:
                controller.bring_back()
                self.images.choose(controller.image)

    def _open_sample(self) -> None:
        self.viewer.open_sample("napari-sam2-ivos", "synthetic")

    # ---- sessions --------------------------------------------------------------

    def open_session(self, path: Path, file: Path | None = None) -> None:
        """Go on with a session that was saved; ask for its movie if it is not found."""
        try:
            made = self.sessions.resume(path, file)
        except MovieError as error:
            self.show_error(str(error))
            file = None if file is not None else self.session.ask_movie(path)
            if file is not None:
                self.open_session(path, file)
            return
        except IvosError as error:
            self.show_error(str(error))
            return
        if made is not None:
            self.earlier.withdraw()
            self.images.choose(made.image)
            self._show_controller(made)
            n = len(made.session.tracks)
            self.show_message(f"{n} objects of '{path.name}' are as they were.")

    def ensure_controller(self) -> Controller | None:
        """Return the controller of the chosen image, made if there is none."""
        if self.images.layer is None:
            self.show_message("Open a movie first: drag a file onto the window.")
            return None
        try:
            made = self.sessions.ensure(self.controller)
        except IvosError as error:
            self.show_error(str(error))
            return None
        if made is not self.controller:
            self._show_controller(made)
        return made

    def _show_controller(self, controller: Controller | None) -> None:
        self._controller_links.close()
        self.controller = controller
        if controller is not None:
            links = self._controller_links
            links.connect(controller.changed, self._on_changed)
            links.connect(controller.said, self.show_message)
            links.connect(controller.failed, self.show_error)
            links.connect(controller.schedule.progressed, self._on_progress)
            if controller.autosave is not None:
                links.connect(controller.autosave.changed, self.session.refresh)
                links.connect(controller.autosave.failed, self.show_error)
            links.connect(controller.schedule.finished, self.show_message)
            # Controllers live as long as their viewer, which we keep: not through us.
            controller.editing.ask = weakly(self._ask)
            controller.editing.drive = weakly(self._drive)
        for panel in (*self.panels, self.timeline):
            panel.show_controller(controller)
        self.refresh()

    # ---- showing -----------------------------------------------------------

    def refresh(self) -> None:
        """Show things as they are."""
        if not is_alive(self):  # asked for just before the panel was closed
            return
        missing = any(c.is_image_missing for c in controllers(self.viewer))
        has_image = self.images.layer is not None
        self._show_page(1 if has_image or missing else 0)
        c = self.controller
        if c is not None and c.session.tracks:
            self.earlier.withdraw()
            self.images.lock(c.target.time_axis, c.others)
        else:
            self.images.lock(None)
        self.back.setVisible(missing)
        self.note.setText(self._note(c))
        self.note.setVisible(bool(self.note.text()))
        self.models.show_loaded("" if c is None else c.segmenter.model_name)
        self.model_fold.setText(f"Model: {self.models.summary}")
        self.prompts.show_foreign(self._foreign_layer(c))
        if c is not None:
            self.keys.follow((c.image, *c.layers.own()))
        n = self.review.n_places
        self.review_fold.setText(f"Review: {n} to look at" if n else "Review")
        self.show_timeline.setChecked(self.timeline.is_shown)
        for panel in self.panels:
            panel.refresh()
        self.timeline.refresh()

    def _show_page(self, index: int) -> None:
        """Show the welcome or the work; the other one takes no room meanwhile."""
        for i in range(self.stack.count()):
            policies = QSizePolicy.Policy
            policy = policies.Preferred if i == index else policies.Ignored
            self.stack.widget(i).setSizePolicy(policy, policy)
        self.stack.setCurrentIndex(index)

    def _refresh_rows(self) -> None:
        """Show what a run has done, by turns, so that drawing never takes long."""
        if is_alive(self):
            (self.timeline if self._is_timeline_next else self.objects).refresh()
            self._is_timeline_next = not self._is_timeline_next

    def _foreign_layer(self, c: Controller | None) -> Any | None:
        """Return the active layer if it could hold prompts but is not read."""
        layer = self.viewer.layers.selection.active
        if c is not None:
            return layer if c.layers.is_foreign(layer) else None
        return layer if could_hold_prompts(layer) and len(layer.data) else None

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

    def _ask(self, question: Question) -> str | None:
        return ask(self, question)

    def _drive(self, steps: Iterable[Any], n: int, words: str) -> None:
        drive(self, steps, n, words)

    def _on_layers(self, event: Any = None) -> None:
        self.images.reset_choices()
        self._refresh_soon()

    def _on_image(self) -> None:
        self._show_controller(self.sessions.find())
        self.earlier.withdraw()
        self._look_for_earlier()

    def _look_for_earlier(self) -> None:
        """Offer to go on with an earlier session, while there is none of the movie."""
        image, axis = self.images.layer, self.images.time_axis
        if self.controller is None and image is not None and axis is not None:
            held = held_positions(self.viewer, image, axis)
            self.earlier.look(image, axis, held)

    def _on_model(self) -> None:
        c = self.controller
        if c is not None:
            c.use_model(self.sessions.factory(c.image, c.movie))
        self.refresh()

    def _on_changed(self) -> None:
        self._refresh_soon()

    def _on_progress(self, progress: Progress) -> None:
        if not self._was_timeline_shown:
            self._was_timeline_shown = True  # once; then it is the user's choice
            self.timeline.toggle(True)
        self.tracking.show_progress(progress)
        self._refresh_rows_soon()
        c = self.controller
        if c is None or progress.frame is None or not self.tracking.follow.isChecked():
            return
        c.go_to(progress.frame)

    def _on_slider(self, event: Any = None) -> None:
        self.timeline.show_frame()
        self._refresh_soon()

    def _on_theme(self, event: Any = None) -> None:
        colours = Colours.of(self.viewer)
        self.setStyleSheet(style_sheet(colours))
        for panel in (self.prompts, self.objects, self.timeline):
            panel.show_theme(colours)
