"""The camera follows the current object from frame to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.viewer.axes import position, unit_factors

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller


class FollowObject:
    """Keeps the current object in the middle of the canvas; the zoom stays.

    Where it is not known, or not there, the camera stays where it is.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.is_on = False
        controller.viewer.dims.events.current_step.connect(self._on_step)

    def toggle(self, on: bool) -> None:
        """Begin to follow, or stop."""
        self.is_on = on
        self._on_step()

    def close(self) -> None:
        """Follow nothing any more."""
        self.controller.viewer.dims.events.current_step.disconnect(self._on_step)

    def _on_step(self, event: Any = None) -> None:
        c = self.controller
        track, frame = c.session.tracks.get(c.current or 0), c.frame
        dims = c.viewer.dims
        is_flat = dims.ndisplay == 2 and sorted(dims.displayed) == [
            dims.ndim - 2,
            dims.ndim - 1,
        ]
        if not self.is_on or track is None or c.is_image_missing or not is_flat:
            return
        if not 0 <= frame < c.movie.n_frames or np.isnan(track.centroid[frame]).any():
            return
        at = position(c.viewer, c.image)
        at[-2:] = track.centroid[frame]
        world = np.asarray(c.image.data_to_world(at), dtype=float)
        if dims.units is not None:
            world *= unit_factors(c.image.units, dims.units[-c.image.ndim :])
        shown = [world[axis - dims.ndim] for axis in dims.displayed]
        c.viewer.scene.camera.center = (0.0, *map(float, shown))
