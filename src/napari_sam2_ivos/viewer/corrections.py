"""Painting on the Labels layer becomes mask prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.viewer.axes import current_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam2_ivos.core.session import Session


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
        after, kept = self._protected(frame, before, after, touched)
        self._known = after
        cells = []
        name = f"Paint object {min(touched)} on frame {frame}"
        if len(touched) > 1:
            name = f"Paint {len(touched)} objects on frame {frame}"
        with self.session.action(name):
            whole = tuple(slice(0, n) for n in after.shape)
            self.session.history.note_part(frame, whole, before, after)
            for track_id in sorted(touched - kept):
                mask = Mask.from_plane(after == track_id)
                try:
                    now = self.session.start(track_id, frame)
                    self.session.set_prompts(track_id, frame, now.with_mask(mask))
                except PromptError as error:
                    self.refused.emit(str(error))
                    continue
                cells.append((track_id, frame))
        if cells:
            self.painted.emit(cells)

    def _protected(
        self, frame: int, before: np.ndarray, after: np.ndarray, touched: set[int]
    ) -> tuple[np.ndarray, set[int]]:
        """Return the painted plane with the pixels back that nobody may change.

        And the objects that they belong to.
        """
        kept = {}
        for track_id in sorted(touched & self.session.tracks.keys()):
            why = self._why_kept(track_id, frame)
            if why:
                wrong = (before == track_id) != (after == track_id)
                after = np.where(wrong, before, after)
                kept[track_id] = why
        if kept:
            self.session.labels[frame] = after
            self._known = after  # before the layer tells of itself
            self.layer.refresh(extent=False, thumbnail=False, highlight=False)
            for why in kept.values():
                self.refused.emit(why)
        return after, set(kept)

    def _why_kept(self, track_id: int, frame: int) -> str:
        """Return why an object may not be painted on a frame; empty if it may."""
        try:
            self.session.check_may_prompt(track_id, frame)
        except PromptError as error:
            return str(error)
        is_accepted = self.session.prompts(track_id, frame).is_locked
        if is_accepted and track_id != self.layer.selected_label:
            return f"Object {track_id} is accepted on this frame: its pixels were kept."
        return ""


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
