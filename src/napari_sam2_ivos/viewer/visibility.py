"""Which objects are hidden, and in which colours the others are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points
from napari.utils.colormaps import DirectLabelColormap

from napari_sam2_ivos.viewer.layers import TRACK_ID
from napari_sam2_ivos.viewer.palette import object_colormap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam2_ivos.core.session import Session

_NOTHING = np.zeros(4, np.float32)


class Visibility:
    """Hides objects, masks and prompts alike; nothing of the session changes.

    Parameters
    ----------
    session : Session

    Attributes
    ----------
    hidden : frozenset of int
        Track IDs that are not shown.
    colormap : napari label colormap
        The colours of objects, hidden or not: ours, or what the user chose.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.hidden: frozenset[int] = frozenset()
        self.colormap: Any = object_colormap()
        self._shown: Any = None
        self._state: tuple[frozenset[int], int] = (frozenset(), 0)

    def hide(self, track_ids: Iterable[int], hidden: bool = True) -> None:
        """Hide objects, or show them again; `apply` then shows it."""
        ids = frozenset(track_ids)
        self.hidden = self.hidden | ids if hidden else self.hidden - ids

    def apply(self, labels: Any) -> None:
        """Colour a Labels layer."""
        is_ours = labels.colormap is self._shown
        if not is_ours:
            self.colormap = labels.colormap  # the user's, or the first one
        state = self.hidden, max(self.session.tracks, default=0)
        if is_ours and state == self._state:
            return
        self._state = state
        self._shown = self._without_hidden(state[1]) if self.hidden else self.colormap
        if labels.colormap is not self._shown:
            labels.colormap = self._shown

    def _without_hidden(self, last: int) -> Any:
        """Return the colours of objects up to an ID, with those hidden transparent."""
        shown = [i for i in range(1, last + 1) if i not in self.hidden]
        colours: dict[int | None, Any] = {i: self.colormap.map(i) for i in shown}
        colours |= dict.fromkeys((None, 0, *self.hidden), _NOTHING)
        return DirectLabelColormap(color_dict=colours)

    def apply_to_prompts(self, layer: Any) -> None:
        """Show the rows of a prompt layer whose objects are shown."""
        if not len(layer.data):
            return
        is_shown = ~layer.features[TRACK_ID].isin(self.hidden).to_numpy()
        if isinstance(layer, Points):
            layer.shown = is_shown
        elif not is_shown.all():
            colours = np.array(layer.edge_color)
            colours[:, 3] = is_shown
            layer.edge_color = colours
