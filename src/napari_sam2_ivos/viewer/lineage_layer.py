"""A Tracks layer that shows where objects went and which came from which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Tracks

from napari_sam2_ivos.core.edits.cells import has_mask
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.viewer.layers import label_placement
from napari_sam2_ivos.viewer.palette import object_colormap

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.reading import Target

MAX_AXES = 4
"""Time and up to three of space: more a Tracks layer cannot have."""


class LineageLayer:
    """Made when it is asked for, and brought up to date when it is asked for again.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    target : Target
    """

    def __init__(self, viewer: Any, session: Session, target: Target) -> None:
        self.viewer = viewer
        self.session = session
        self.target = target
        self.layer: Tracks | None = None

    def show(self) -> None:
        """Show the centroids of all masks, joined to tracks and families.

        Raises
        ------
        PromptError
            If there is no mask, or napari can show no tracks on such an image.
        """
        image = self.target.image
        if self.target.time_axis != 0 or image.ndim > MAX_AXES:
            raise PromptError(
                f"napari shows tracks on images of up to {MAX_AXES} axes of which time"
                f" is the first; '{image.name}' is another kind. The lineage tree shows"
                " which object came from which."
            )
        data, classes = self._points()
        if not len(data):
            raise PromptError("No object has a mask yet. Click on one first.")
        if self.layer is None or self.layer not in self.viewer.layers:
            self._add(data)
        layer = self.layer
        assert layer is not None
        coloured_by, layer.color_by = layer.color_by, "track_id"
        layer.data = data  # takes features and graph away
        layer.features = {"class": classes}
        layer.graph = self._graph(set(data[:, 0].astype(int).tolist()))
        layer.color_by = coloured_by
        layer.metadata["classes"] = self._class_names()
        for name, value in label_placement(image, self.target.held).items():
            setattr(layer, name, value)
        layer.visible = True

    def _add(self, data: npt.NDArray[np.float64]) -> None:
        """Add the layer and leave the tool in the user's hand."""
        image, selection = self.target.image, self.viewer.layers.selection
        colours = object_colormap()
        self.layer = Tracks(
            data,
            name=f"{image.name} tracks",
            blending="translucent",
            colormaps_dict={"track_id": colours, "class": colours},
        )
        before = selection.active
        self.viewer.add_layer(self.layer)
        if before is not None:
            selection.active = before

    def _points(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return where each mask is, and the number of its object's class.

        Numbers, since napari cannot colour by words.

        Returns
        -------
        points : ndarray, (N, 1 + number of axes of the image)
            Track ID, frame, 0 for each axis that is held, y, x; by ID and frame.
        classes : ndarray, (N,)
            Index into the names of classes, 0 for none.
        """
        names, parts = self._class_names(), []
        for track_id, track in sorted(self.session.tracks.items()):
            frames = np.flatnonzero(has_mask(track))
            part = np.zeros((len(frames), 2 + self.target.image.ndim))
            part[:, 0] = track_id
            part[:, 1] = frames
            part[:, -3:-1] = track.centroid[frames]
            part[:, -1] = names.index(track.class_name)
            parts.append(part)
        points = np.concatenate([np.zeros((0, 2 + self.target.image.ndim)), *parts])
        return points[:, :-1], points[:, -1].astype(np.int64)

    def _class_names(self) -> list[str]:
        """Return no class and all that there are."""
        names = {track.class_name for track in self.session.tracks.values()}
        return ["", *sorted(names - {""})]

    def _graph(self, shown: set[int]) -> dict[int, list[int]]:
        """Return the mother of each daughter, where both can be seen."""
        return {
            track_id: [track.parent]
            for track_id, track in self.session.tracks.items()
            if track.parent in shown and track_id in shown
        }
