"""Points and Shapes layers become prompts of the session, whatever edits them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from napari.layers import Points, Shapes
from psygnal import Signal

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import FramePrompts
from napari_sam2_ivos.viewer.reading import Reading, read_layers
from napari_sam2_ivos.viewer.rectangles_layer import is_rectangles_layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.reading import Cell, Target


class PromptReader:
    """Follows prompt layers and tells the session what changed.

    Every edit reads the layers anew and compares with the reading before, so
    that adding, moving, deleting, pasting, undoing and typing into the
    features table all count, and nothing else does.

    Parameters
    ----------
    session : Session
    target : Target
    """

    edited = Signal(set)
    """Emitted with the frames whose prompts changed, after the session knows."""
    refused = Signal(str)
    """Emitted with the reason why something drawn is not used."""
    rejected = Signal()
    """Emitted when layers show prompts that the session would not take."""

    def __init__(self, session: Session, target: Target) -> None:
        self.session = session
        self.target = target
        self.layers: list[Any] = []
        self.reading = Reading()
        self._held_back = False

    def follow(self, layer: Any, *, read: bool = True) -> None:
        """Begin to read a Points or Shapes layer."""
        if layer in self.layers:
            return
        self.layers.append(layer)
        layer.events.data.connect(self._on_data)
        layer.events.features.connect(self._on_features)
        if read:
            self.update()

    def leave(self, layer: Any) -> None:
        """Stop reading a layer; the session keeps the prompts that came from it."""
        if layer not in self.layers:
            return
        self.layers.remove(layer)
        layer.events.data.disconnect(self._on_data)
        layer.events.features.disconnect(self._on_features)
        self.reading = read_layers(self.layers, self.target)

    @contextmanager
    def our_own_edit(self) -> Iterator[None]:
        """Take what happens to the layers inside as known to the session."""
        held_back, self._held_back = self._held_back, True
        try:
            yield
        finally:
            self._held_back = held_back
            self.reading = read_layers(self.layers, self.target)

    def update(self) -> None:
        """Read the layers and tell the session what is new."""
        before, self.reading = self.reading, read_layers(self.layers, self.target)
        cells = [
            cell
            for cell in before.prompts.keys() | self.reading.prompts.keys()
            if before.prompts.get(cell) != self.reading.prompts.get(cell)
        ]
        for problem in self.reading.problems:
            if problem not in before.problems:
                self.refused.emit(problem)
        if not cells:
            return
        nothing = FramePrompts()
        with self.session.action(_name(cells)):
            is_taken = [
                self._tell(
                    cell,
                    before.prompts.get(cell, nothing),
                    self.reading.prompts.get(cell, nothing),
                )
                for cell in sorted(cells)
            ]
        self.edited.emit({frame for _, frame in cells})
        if not all(is_taken):
            self.rejected.emit()

    def _tell(self, cell: Cell, old: FramePrompts, new: FramePrompts) -> bool:
        """Tell the session of a cell; return whether it takes it.

        A mask that no layer shows, because it was painted or accepted, is what
        clicks correct; where the last of them is deleted it is the answer again.
        """
        try:
            known = self.session.start(*cell)
            is_replaced = old.mask is not None or new.mask is not None or new.box
            mask = new.mask if is_replaced else known.basis
            prompts = FramePrompts(new.points, new.box, mask, known.refines)
            self.session.set_prompts(*cell, prompts)
        except PromptError as error:
            self.refused.emit(str(error))
            return False
        return True

    def _on_data(self, event: Any) -> None:
        if not self._held_back and str(event.action) in ("added", "removed", "changed"):
            self.update()

    def _on_features(self, event: Any = None) -> None:
        if not self._held_back:
            self.update()


def could_hold_prompts(layer: Any) -> bool:
    """Whether a layer is of a kind that prompts are read from, and not only to see."""
    return isinstance(layer, Points | Shapes) and not is_rectangles_layer(layer)


def _name(cells: list[Cell]) -> str:
    """Return what to call an edit of these cells."""
    if len(cells) > 1:
        return f"Prompt {len(cells)} objects"
    return "Prompt object {} on frame {}".format(*cells[0])
