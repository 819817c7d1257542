"""Painting on the Labels layer becomes mask prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import FramePrompts, Mask
from napari_sam2_ivos.viewer.axes import current_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.reading import Cell


class CorrectionReader:
    """Compares the plane on screen with what it was; the user made the difference.

    Looking at pixels rather than at tools means that brush, eraser, bucket,
    polygon, and undo of any of them all count. Every object whose pixels
    changed gets its new mask as a prompt of that frame, painted over or not.

    Parameters
    ----------
    viewer : ViewerModel
    layer : napari.layers.Labels
    session : Session
    time_axis : int
    """

    painted = Signal(list)
    """Emitted with the cells (track ID, frame) that were corrected."""
    refused = Signal(str)

    def __init__(
        self, viewer: Any, layer: Any, session: Session, time_axis: int
    ) -> None:
        self.viewer = viewer
        self.layer = layer
        self.session = session
        self.time_axis = time_axis
        self._frame = -1
        self._known = np.zeros((0, 0))
        self._expected: set[int] | None = None
        self._before: dict[Cell, tuple[Mask, FramePrompts]] = {}
        layer.events.paint.connect(self._on_paint)
        layer.events.set_data.connect(self._on_set_data)
        layer.events.labels_update.connect(self._on_labels_update)
        self._look()

    def close(self) -> None:
        """Stop looking."""
        self.layer.events.paint.disconnect(self._on_paint)
        self.layer.events.set_data.disconnect(self._on_set_data)
        self.layer.events.labels_update.disconnect(self._on_labels_update)

    def _look(self) -> None:
        """Remember the plane on screen."""
        self._frame = current_frame(self.viewer, self.layer, self.time_axis)
        if 0 <= self._frame < self.session.movie.n_frames:
            self._known = np.array(self.session.labels[self._frame])
        else:
            self._frame = -1

    def on_written(self, frame: int) -> None:
        """Take note that the program, not the user, wrote a plane."""
        if frame == self._frame:
            self._known = np.array(self.session.labels[frame])

    def _on_set_data(self, event: Any = None) -> None:
        """See a new frame, or an undo, which napari tells in no other way."""
        frame = current_frame(self.viewer, self.layer, self.time_axis)
        if frame == self._frame:
            self._compare(())
        else:
            self._look()

    def _on_paint(self, event: Any) -> None:
        if self.layer.n_edit_dimensions > 2:
            self.layer.n_edit_dimensions = 2
            self.refused.emit(
                "Painting through several frames at once is not a prompt; the brush is"
                " back to one frame. Press Ctrl-Z to take the stroke back."
            )
        ids = _ids_in(event.value)
        if any(not _is_written(atom, self.layer) for atom in event.value):
            self._expected = ids  # the polygon tool tells first and paints then
        else:
            self._compare(ids)

    def _on_labels_update(self, event: Any = None) -> None:
        if self._expected is not None:
            ids, self._expected = self._expected, None
            self._compare(ids)

    def _compare(self, also: Iterable[int]) -> None:
        if self._frame < 0:
            return
        frame, before = self._frame, self._known
        after = np.array(self.session.labels[frame])
        changed = before != after
        touched = set(before[changed].tolist()) | set(after[changed].tolist())
        touched |= {i for i in also if i in self.session.tracks or (after == i).any()}
        touched.discard(0)
        if not touched:
            return
        self._known = after
        cells = []
        for track_id in sorted(touched):
            old = Mask.from_plane(before == track_id)
            try:
                self._tell((track_id, frame), old, Mask.from_plane(after == track_id))
            except PromptError as error:
                self.refused.emit(str(error))
                continue
            cells.append((track_id, frame))
        if cells:
            self.painted.emit(cells)

    def _tell(self, cell: Cell, old: Mask, new: Mask) -> None:
        """Prompt with the new mask; a stroke taken back brings back what was."""
        origin, prompts = self._before.get(cell, (None, None))
        if origin == new and prompts is not None:
            del self._before[cell]
            self.session.set_prompts(*cell, prompts)
            return
        now = self.session.prompts(*cell)
        if now.mask is None or cell not in self._before:
            self._before[cell] = (old, now)
        self.session.set_prompts(*cell, now.with_mask(new))


def _ids_in(atoms: Any) -> set[int]:
    """Return the labels that a paint event says it put or took."""
    found: set[int] = set()
    for atom in atoms:
        for name in ("old_values", "new_value"):
            values = getattr(atom, name, None)
            if values is not None:
                found |= set(np.unique(values).astype(int).tolist())
    return found


def _is_written(atom: Any, layer: Any) -> bool:
    """Return whether the pixels of a paint event are in the layer already."""
    value = getattr(atom, "new_value", None)
    if value is None:
        return True
    region = np.asarray(layer.data[atom.slice_key])
    painted = region if atom.mask is None else region[atom.mask]
    return bool((painted == value).any())
