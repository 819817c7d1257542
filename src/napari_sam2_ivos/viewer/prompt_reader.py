"""Points and Shapes layers become prompts of the session, whatever edits them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import FramePrompts
from napari_sam2_ivos.viewer.reading import Reading, read_layers

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
        frames: set[int] = set()
        for cell in before.prompts.keys() | self.reading.prompts.keys():
            new = self.reading.prompts.get(cell, FramePrompts())
            if new != before.prompts.get(cell, FramePrompts()):
                self._tell(cell, new)
                frames.add(cell[1])
        for problem in self.reading.problems:
            if problem not in before.problems:
                self.refused.emit(problem)
        if frames:
            self.edited.emit(frames)

    def _tell(self, cell: Cell, new: FramePrompts) -> None:
        refines = self.session.prompts(*cell).refines
        try:
            self.session.set_prompts(*cell, replace(new, refines=refines))
        except PromptError as error:
            self.refused.emit(str(error))

    def _on_data(self, event: Any) -> None:
        if not self._held_back and str(event.action) in ("added", "removed", "changed"):
            self.update()

    def _on_features(self, event: Any = None) -> None:
        if not self._held_back:
            self.update()
