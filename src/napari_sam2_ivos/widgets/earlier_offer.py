"""An offer: to go on with an earlier session of the movie that is chosen."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import ref

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QVBoxLayout

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.io.sessions.about import MovieNote
from napari_sam2_ivos.io.sessions.layout import OBJECTS
from napari_sam2_ivos.io.sessions.places import earlier_sessions, saved_at
from napari_sam2_ivos.viewer.autosave import path_of
from napari_sam2_ivos.viewer.movies import movie_of
from napari_sam2_ivos.widgets.background import QtBackground
from napari_sam2_ivos.widgets.closing import is_alive
from napari_sam2_ivos.widgets.pieces import button, hint, row

if TYPE_CHECKING:
    from collections.abc import Mapping


class EarlierOffer(QFrame):
    """Looks for sessions of a movie on a thread, and offers the one saved last."""

    wanted = Signal(Path)
    """Emitted with the session to go on with."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("offer")
        self.path: Path | None = None
        self.words = hint()
        self.go_on = button("Go on", self._go_on, "Open it as it was", name="main")
        self.anew = button(
            "Start anew",
            self.decline,
            "The earlier session stays as it is",
            name="plain",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.words)
        layout.addLayout(row(self.go_on, self.anew))
        self._background = QtBackground()
        self._looked_at: dict[int, Any] = {}
        self._declined: set[Path] = set()
        self.hide()

    def look(self, image: Any, time_axis: int | None, held: Mapping[int, int]) -> None:
        """Look for sessions of the movie in a layer, once for each layer."""
        known = self._looked_at.get(id(image), lambda: None)
        if image is None or time_axis is None or known() is image:
            return
        self._looked_at[id(image)] = ref(image)
        try:
            movie = movie_of(image, time_axis, held)
        except IvosError:
            return  # it cannot be a movie, and there is no session of it
        file, found = path_of(image), list[Path]()

        def search() -> None:
            sessions = earlier_sessions(MovieNote.of(movie, file))
            found.extend(path for path, _ in sessions)

        def end(error: Exception | None) -> None:
            if error is None and found and is_alive(self):
                self.offer(found[0])

        self._background.start(search, end)

    def offer(self, path: Path) -> None:
        """Offer a session."""
        if path in self._declined:
            return
        self.path = path
        n = len(list((path / OBJECTS).glob("*.json")))
        when = datetime.fromtimestamp(saved_at(path))
        self.words.setText(
            f"You have worked on this movie before: {path.name}, {n}"
            f" object{'s' if n != 1 else ''}, saved {_day(when)} at {when:%H:%M}."
        )
        self.setVisible(True)

    def withdraw(self) -> None:
        """Take the offer back."""
        self.path = None
        self.hide()

    def decline(self) -> None:
        """Take the offer back for good."""
        if self.path is not None:
            self._declined.add(self.path)
        self.withdraw()

    def _go_on(self) -> None:
        path = self.path
        if path is not None:
            self.withdraw()
            self.wanted.emit(path)


def _day(when: datetime) -> str:
    days = (datetime.now().date() - when.date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"on {when:%d %B %Y}")
