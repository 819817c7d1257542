"""The timeline in the window of napari, under the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt

from napari_sam2_ivos.widgets.closing import is_alive
from napari_sam2_ivos.widgets.timeline import Timeline

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller
    from napari_sam2_ivos.widgets.theme import Colours

HEIGHT_PX = 170

CORNERS = (
    (Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea),
    (Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea),
)


class TimelineDock:
    """Shows and hides a timeline; napari destroys it when it is closed.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._timeline: Timeline | None = None
        self._dock: Any = None
        self._controller: Controller | None = None
        self._colours: Colours | None = None

    @property
    def is_shown(self) -> bool:
        """Whether it can be seen."""
        is_there = self._alive is not None and is_alive(self._dock)
        return is_there and bool(self._dock.isVisible())

    @property
    def _alive(self) -> Timeline | None:
        if self._timeline is None or not is_alive(self._timeline):
            return None
        return self._timeline

    def toggle(self, shown: bool) -> None:
        """Show it, or take it away."""
        if shown and self._alive is None:
            self._timeline = Timeline()
            self._dock = self._viewer.window.add_dock_widget(
                self._timeline, name="Timeline", area="bottom"
            )
            main = self._dock.parent()
            for corner, area in CORNERS:  # the panel beside it keeps its height
                main.setCorner(corner, area)
            main.resizeDocks([self._dock], [HEIGHT_PX], Qt.Orientation.Vertical)
            if self._colours is not None:
                self._timeline.show_theme(self._colours)
            self._timeline.show_controller(self._controller)
        elif self._alive is not None:
            self._dock.setVisible(shown)

    def show_controller(self, controller: Controller | None) -> None:
        """Show another session."""
        self._controller = controller
        if self._alive is not None:
            self._alive.show_controller(controller)

    def show_theme(self, colours: Colours) -> None:
        """Draw in the colours of a theme."""
        self._colours = colours
        if self._alive is not None:
            self._alive.show_theme(colours)

    def refresh(self) -> None:
        """Show things as they are."""
        if self.is_shown and self._alive is not None:
            self._alive.refresh()

    def show_frame(self) -> None:
        """Show which frame is on screen."""
        if self.is_shown and self._alive is not None:
            self._alive.show_frame()

    def close(self, *_: Any) -> None:
        """Take it out of the window; one that is being closed does so by itself."""
        if self.is_shown:
            self._viewer.window.remove_dock_widget(self._dock)
        self._timeline = None
