"""Painting on the Labels layer becomes mask prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from psygnal import Signal

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.viewer.axes import current_frame
from napari_sam2_ivos.viewer.remembered import RememberedPlane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam2_ivos.core.regions import Window
    from napari_sam2_ivos.core.session import Session


class _Part(NamedTuple):
    """A part of the plane before and after it was painted in, ``(h, w)`` each."""

    window: Window
    before: np.ndarray
    after: np.ndarray


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
        self._known = RememberedPlane(session)
        self._expected: tuple[set[int], list[Window]] | None = None
        self._is_our_own = False
        layer.events.paint.connect(self._on_paint)
        layer.events.set_data.connect(self._on_set_data)
        layer.events.labels_update.connect(self._on_labels_update)
        self._look()

    def close(self) -> None:
        """Stop looking."""
        self.layer.events.paint.disconnect(self._on_paint)
        self.layer.events.set_data.disconnect(self._on_set_data)
        self.layer.events.labels_update.disconnect(self._on_labels_update)

    def refresh(self) -> None:
        """Have the layer show what the program wrote, which is nobody's painting."""
        self._is_our_own = True
        try:
            self.layer.refresh(extent=False, thumbnail=False, highlight=False)
        finally:
            self._is_our_own = False

    def on_written(self, frame: int, windows: Iterable[Window]) -> None:
        """Take note that the program, not the user, wrote parts of a plane."""
        if frame == self._known.frame:
            self._known.update(windows)

    def _look(self) -> None:
        """Remember the plane on screen."""
        self._known.look(current_frame(self.viewer, self.layer, self.time_axis))

    def _on_set_data(self, event: Any = None) -> None:
        """See a new frame, or an undo, which napari tells in no other way."""
        frame = current_frame(self.viewer, self.layer, self.time_axis)
        if frame != self._known.frame:
            self._look()
        elif not self._is_our_own and frame >= 0:
            self._compare((), self._known.changed())

    def _on_paint(self, event: Any) -> None:
        if self.layer.n_edit_dimensions > 2:
            self.layer.n_edit_dimensions = 2
            self.refused.emit(
                "Painting through several frames at once is not a prompt; the brush is"
                " back to one frame. Press Ctrl-Z to take the stroke back."
            )
        stroke = _ids_in(event.value), [_window_of(atom) for atom in event.value]
        if any(not _is_written(atom, self.layer) for atom in event.value):
            self._expected = stroke  # the polygon tool tells first and paints then
        else:
            self._compare(*stroke)

    def _on_labels_update(self, event: Any = None) -> None:
        if self._expected is not None:
            stroke, self._expected = self._expected, None
            self._compare(*stroke)

    def _compare(self, also: Iterable[int], windows: Iterable[Window]) -> None:
        """Take as painted what is not as it was, in some parts of the plane.

        Parameters
        ----------
        also : iterable of int
            Labels that were painted or painted over, changed or not.
        windows : iterable of (slice, slice)
        """
        frame = self._known.frame
        if frame < 0:
            return
        parts, touched = [], set(also) & self.session.tracks.keys()
        for window, _ in self.session.gather(list(windows)):
            before = self._known.part(window)
            after = self.session.part(frame, *window).copy()
            changed = before != after
            touched |= set(before[changed].tolist()) | set(after[changed].tolist())
            touched |= {i for i in also if (after == i).any()}
            parts.append(_Part(window, before, after))
        touched.discard(0)
        if not touched:
            return
        kept = self._protected(frame, parts, touched)
        self._known.update(part.window for part in parts)
        cells = []
        name = f"Paint object {min(touched)} on frame {frame}"
        if len(touched) > 1:
            name = f"Paint {len(touched)} objects on frame {frame}"
        with self.session.action(name):
            for part in parts:
                self.session.history.note_part(frame, *part)
            for track_id in sorted(touched - kept):
                mask = self._mask(track_id, frame, [part.window for part in parts])
                try:
                    now = self.session.start(track_id, frame)
                    self.session.set_prompts(track_id, frame, now.with_mask(mask))
                except PromptError as error:
                    self.refused.emit(str(error))
                    continue
                cells.append((track_id, frame))
        if cells:
            self.painted.emit(cells)

    def _mask(self, track_id: int, frame: int, painted: Sequence[Window]) -> Mask:
        """Return the pixels of an object after some windows were painted in."""
        track = self.session.tracks.get(track_id)
        own = [] if track is None else [track.window_on(frame)]
        mask = Mask(0, 0, np.zeros((0, 0), bool))
        for region, _ in self.session.gather([*own, *painted]):
            rows, columns = region
            pixels = self.session.part(frame, *region) == track_id
            mask |= Mask.from_plane(pixels, rows.start, columns.start)
        return mask

    def _protected(
        self, frame: int, parts: Sequence[_Part], touched: set[int]
    ) -> set[int]:
        """Put the pixels back that nobody may change; return whose they are."""
        kept = {}
        for track_id in sorted(touched & self.session.tracks.keys()):
            why = self._why_kept(track_id, frame)
            if why:
                kept[track_id] = why
                for _, before, after in parts:
                    wrong = (before == track_id) != (after == track_id)
                    np.copyto(after, before, where=wrong)
        if kept:
            for window, _, after in parts:
                self.session.labels[(frame, *window)] = after
            self.refresh()
            for why in kept.values():
                self.refused.emit(why)
        return set(kept)

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


def _window_of(atom: Any) -> Window:
    """Return the part of the plane that one change of a paint event lies in."""
    key = getattr(atom, "slice_key", None)
    if key is not None:
        rows, columns = key[-2:]
    else:  # pixels one by one
        rows, columns = (
            slice(int(at.min()), int(at.max()) + 1)
            for at in map(np.asarray, atom[0][-2:])
        )
    return rows, columns


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
