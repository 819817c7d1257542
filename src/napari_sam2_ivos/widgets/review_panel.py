"""Review: the list of places to look at, and going through it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMenu, QVBoxLayout, QWidget

from napari_sam2_ivos.core.review import Doubt
from napari_sam2_ivos.core.tracks import ANCHOR, COMPUTED
from napari_sam2_ivos.viewer.key_choice import keys_of
from napari_sam2_ivos.widgets.pieces import button, hint, row, section
from napari_sam2_ivos.widgets.place_list import PlaceList

if TYPE_CHECKING:
    from napari_sam2_ivos.core.review import Finding
    from napari_sam2_ivos.viewer.controller import Controller


class ReviewPanel(QWidget):
    """The list, and buttons to go through it."""

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self.heading = section("")
        self.kinds = button(
            "Kinds  ▾", self._open_menu, "Which kinds of doubt are listed"
        )
        self.list = PlaceList()
        self.list.picked.connect(self._pick)
        self.empty = hint()
        self.previous = button("‹ Previous", self._go_back)
        self.fine = button("Looks fine", self._looks_fine)
        self.following = button("Next ›", self._go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(self.heading, self.kinds, stretch=(0,)))
        layout.addWidget(self.empty)
        layout.addWidget(self.list)
        layout.addLayout(row(self.previous, self.fine, self.following))
        self.refresh()

    @property
    def n_places(self) -> int:
        """How many places are listed."""
        return 0 if self.controller is None else len(self.controller.review.findings())

    def show_controller(self, controller: Controller | None) -> None:
        """Show the places of another session."""
        self.controller = controller
        if controller is not None:
            self.list.places.color_of = controller.layers.color_of
        self.refresh()

    def refresh(self) -> None:
        """Show things as they are."""
        c = self.controller
        places = [] if c is None else c.review.findings()
        at = None if c is None else c.review.here
        self.list.show_places(places, at)
        n = len(places)
        word = "place" if n == 1 else "places"
        self.heading.setText(
            f"{n} {word} to look at" if at is None else f"Place {at + 1} of {n}"
        )
        n_off = 0 if c is None else len(c.review.left_out)
        self.kinds.setText(f"Kinds: {n_off} off  ▾" if n_off else "Kinds  ▾")
        for widget in (self.heading, self.kinds):
            widget.setVisible(bool(places) or n_off > 0)
        self.empty.setText("" if places else _why_empty(c))
        self.empty.setVisible(not places)
        self.list.setVisible(bool(places))
        for made, text, action in (
            (self.previous, "Go to the place before", "previous_place"),
            (
                self.fine,
                "Nothing is wrong here: clear it, go to the next",
                "looks_fine",
            ),
            (self.following, "Go to the next place", "next_place"),
        ):
            keys = " or ".join(keys_of(action))
            made.setToolTip(f"{text} ({keys})" if keys else text)
            made.setEnabled(bool(places))

    # ---- what the user can do ------------------------------------------------

    def _go_back(self) -> None:
        if self.controller is not None:
            self.controller.review.next(False)

    def _go_on(self) -> None:
        if self.controller is not None:
            self.controller.review.next(True)

    def _looks_fine(self) -> None:
        if self.controller is not None:
            self.controller.review.looks_fine()

    def _pick(self, finding: Finding) -> None:
        if self.controller is not None:
            self.controller.review.go_to(finding)

    def _open_menu(self) -> None:
        menu = self.kinds_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.kinds.mapToGlobal(self.kinds.rect().bottomLeft()))

    def kinds_menu(self) -> QMenu:
        """Return a menu of the kinds of doubt, each with how often there is one."""
        menu = QMenu(self.kinds)
        if self.controller is not None:
            review = self.controller.review
            counts = review.counts()
            for doubt in Doubt:
                action = menu.addAction(f"{str(doubt).capitalize()} ({counts[doubt]})")
                action.setCheckable(True)
                action.setChecked(doubt not in review.left_out)
                action.toggled.connect(partial(self._list, doubt))
        return menu

    def _list(self, doubt: Doubt, is_listed: bool) -> None:
        if self.controller is None:
            return
        review = self.controller.review
        left_out = review.left_out - {doubt} if is_listed else review.left_out | {doubt}
        review.leave_out(left_out)
        self.controller.changed.emit()


def _why_empty(controller: Controller | None) -> str:
    """Return what to say instead of the list."""
    tracks = {} if controller is None else controller.session.tracks
    followed = COMPUTED | ANCHOR
    if not any((t.state & followed == COMPUTED).any() for t in tracks.values()):
        return "Track first; places to look at appear here."
    n = 0 if controller is None else controller.review.counts().total()
    if n:
        return f"{n} places are of kinds that are switched off under Kinds."
    return "Nothing looks suspicious."
