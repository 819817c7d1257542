"""The demo in a window: movie, panel and prompts in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari
from qtpy.QtCore import QTimer

from napari_sam2_ivos.widgets.dock import IvosDock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.prompts import FramePrompts


def show(
    movie: Movie,
    prompts: Mapping[int, Mapping[int, FramePrompts]],
    *,
    block: bool = True,
) -> tuple[Any, IvosDock]:
    """Open napari with a movie, the panel and prompts; masks appear by themselves.

    Parameters
    ----------
    movie : Movie
    prompts : mapping of int to mapping of int to FramePrompts
        Track ID to frame to prompts.
    block : bool
        Return only when the window is closed.

    Returns
    -------
    napari.Viewer, IvosDock
    """
    viewer = napari.Viewer(title="napari-sam2-ivos")
    viewer.add_image(movie.data, name=movie.name, rgb=movie.rgb)
    frames = [frame for by_frame in prompts.values() for frame in by_frame]
    viewer.dims.set_point(movie.time_axis, min(frames, default=0))
    dock = IvosDock(viewer)
    viewer.window.add_dock_widget(dock, name="Segment and track", area="right")
    controller = dock.ensure_controller()
    if controller is not None:
        for track_id, by_frame in prompts.items():
            for frame, given in by_frame.items():
                controller.session.set_prompts(track_id, frame, given)
        controller.show_prompts()
        dock.show_message("Press Track (G) to follow the cells through the movie.")
    # The panel has taken room from the canvas: show the whole movie again.
    QTimer.singleShot(200, viewer.reset_view)
    if block:
        napari.run()
    return viewer, dock
