"""The layer that shows a guess: outlines over one frame, which nobody can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels

from napari_sam2_ivos.viewer.label_view import ExpandedStore, OnePlane
from napari_sam2_ivos.viewer.layers import label_placement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from napari_sam2_ivos.core.regions import Window
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.reading import Target

OPACITY = 0.8


class GlanceLayer:
    """A Labels layer with something on one frame at most.

    It is added with the session's other layers and not when there is something
    to show, since napari selects every layer that is added, which would take
    the tool out of the user's hand. Hidden by the user, it stays so.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    target : Target
    """

    def __init__(self, viewer: Any, session: Session, target: Target) -> None:
        self.viewer = viewer
        self.target = target
        self.layer: Labels | None = None
        self._store = OnePlane(session.movie.shape, session.labels.dtype)
        self._shown: set[int] = set()

    @property
    def is_visible(self) -> bool:
        """Whether the user wants to see it."""
        return self.layer is not None and bool(self.layer.visible)

    def ensure(self, labels: Any) -> None:
        """Add the layer if it is missing, just over the Labels layer."""
        if self.layer is not None:
            return
        image, selection = self.target.image, self.viewer.layers.selection
        self.layer = Labels(
            ExpandedStore(self._store, self.target.time_axis, image.ndim - 2),
            name=f"{image.name} preview (not tracked)",
            opacity=OPACITY,
            colormap=labels.colormap,
            **label_placement(image, self.target.held),
        )
        self.layer.editable = False
        before = selection.active
        self.viewer.layers.insert(self.viewer.layers.index(labels) + 1, self.layer)
        if before is not None:
            selection.active = before

    def recolour(self, colormap: Any) -> None:
        """Use the colours of the objects."""
        if self.layer is not None and self.layer.colormap is not colormap:
            self.layer.colormap = colormap

    def let_go(self) -> None:
        """Take note that the layer is gone."""
        self.layer = None

    def show(self, frame: int, parts: Sequence[tuple[Window, np.ndarray]]) -> None:
        """Show labels in parts of a frame, in place of what was shown before.

        Parameters
        ----------
        frame : int
        parts : sequence of ((rows, columns), ndarray of (h, w) unsigned int)
        """
        self._store.frame, self._store.parts = frame, list(parts)
        self._shown = {i for _, part in parts for i in np.unique(part).tolist()} - {0}
        self._refresh()

    def drop(self, track_ids: Collection[int]) -> None:
        """Take objects off."""
        for _, part in self._store.parts:
            part[np.isin(part, list(track_ids))] = 0
        self._shown -= set(track_ids)
        self._refresh()

    def shown_on(self, frame: int) -> list[int]:
        """Return the objects that can be seen on a frame."""
        is_seen = frame == self._store.frame and self.is_visible
        return sorted(self._shown) if is_seen else []

    def _refresh(self) -> None:
        if self.layer is not None:
            self.layer.refresh(extent=False, thumbnail=False, highlight=False)
