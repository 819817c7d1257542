"""Everything that can be done to objects, beyond a click: the lines of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.viewer.reasons import Reasons
from napari_sam2_ivos.widgets.object_asking import ObjectAsking

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_sam2_ivos.viewer.controller import Controller


@dataclass(frozen=True)
class Entry:
    """A line of the menu.

    Parameters
    ----------
    text : str
    act : callable
    why_not : str
        Why it cannot be used now; empty if it can.
    tip : str
        What it does, where that is not obvious.
    key : str
        Its name in the table of keys, if a key does the same.
    """

    text: str
    act: Callable[[], object]
    why_not: str = ""
    tip: str = ""
    key: str = ""


class Entries:
    """What can be done to the current object and to those that are selected.

    Parameters
    ----------
    controller : Controller
    parent : QWidget
        What dialogs belong to.
    begin_name, show_tree : callable
        Let the user type a name into the list, and see the tree of families.
    """

    def __init__(
        self,
        controller: Controller,
        parent: QWidget,
        begin_name: Callable[[], None],
        show_tree: Callable[[], None],
    ) -> None:
        self._c = controller
        self._begin_name, self._show_tree = begin_name, show_tree
        self._edit = controller.editing
        self._why = Reasons(controller)
        self._id = controller.current or 0
        tracks = controller.session.tracks
        self._chosen = [i for i in controller.selected if i in tracks]
        self._ask = ObjectAsking(controller, parent, self._id)

    @property
    def heading(self) -> str:
        """What "it" and "here" mean."""
        if not self._id:
            return "No object is chosen"
        return f"Object {self._id}, frame {self._why.frame}"

    def groups(self) -> tuple[tuple[Entry, ...], ...]:
        """Return the lines, those that belong together in a group."""
        return (
            self._words(),
            self._mask(),
            self._identity(),
            self._life(),
            self._selected(),
            self._views(),
        )

    def _words(self) -> tuple[Entry, ...]:
        no_class = "" if self._chosen else self._why.no_object
        return (
            Entry("Name …", self._begin_name, self._why.no_object),
            Entry("Class …", partial(self._ask.for_class, self._chosen), no_class),
            Entry("Change ID …", self._ask.for_id, self._why.no_change),
        )

    def _mask(self) -> tuple[Entry, ...]:
        why = self._why
        return (
            Entry(
                "Accepted: open it again" if why.is_accepted else "Accept this frame",
                self._edit.accept,
                why.no_change_here or why.no_mask,
                "Its mask here is right: nothing changes it any more",
                key="accept",
            ),
            Entry(
                "Fill the gap here",
                partial(self._edit.fill_gap, self._id),
                why.no_change_here or why.no_gap,
                "Shapes between the masks before and after it",
            ),
        )

    def _identity(self) -> tuple[Entry, ...]:
        why, i = self._why, self._id
        return (
            Entry(
                "Split here",
                partial(self._edit.split, i),
                why.no_change_here or why.no_sides,
                "From this frame on it is another object",
            ),
            Entry(
                "Divide here",
                partial(self._edit.divide, i),
                why.no_change_here or why.no_division,
                "It ends here; the next two clicks begin its daughters",
                key="divide",
            ),
            *self._with_another(),
            Entry(
                "Mother …",
                self._ask.for_mother,
                why.no_change or why.no_other,
                "From which object it came by division",
            ),
        )

    def _with_another(self) -> tuple[Entry, ...]:
        """Return what takes two objects: at once if two are selected."""
        why, i = self._why, self._id
        others = [j for j in self._chosen if j != i]
        if len(others) == 1 and i in self._chosen:
            (other,) = others
            return (
                Entry(
                    f"Swap {i} and {other} from here on",
                    partial(self._edit.swap, i, other),
                    why.no_change_here or why.locked(others),
                ),
                Entry(
                    f"Merge {other} into {i}",
                    partial(self._edit.merge, i, other),
                    why.no_change or why.locked(others),
                ),
            )
        return (
            Entry(
                "Swap with …",
                self._ask.swap,
                why.no_change_here or why.no_other,
                "Two objects change places from this frame on",
            ),
            Entry(
                "Merge with …",
                self._ask.merge,
                why.no_change or why.no_other,
                "Another object becomes part of this one",
            ),
        )

    def _life(self) -> tuple[Entry, ...]:
        why = self._why
        return (
            Entry(
                "Delete from here on",
                partial(self._edit.delete_from_here, self._id),
                why.no_change_here or why.no_masks_on,
            ),
            Entry(
                "Delete some frames …",
                self._ask.delete_range,
                why.no_change or why.no_masks,
            ),
            Entry(
                "Keep some frames only …",
                self._ask.cut,
                why.no_change or why.no_masks,
            ),
        )

    def _selected(self) -> tuple[Entry, ...]:
        tracks, chosen = self._c.session.tracks, self._chosen
        some = f"{len(chosen)} objects" if len(chosen) > 1 else "object"
        none = "" if chosen else self._why.no_object
        is_hidden = bool(chosen) and set(chosen) <= self._edit.hidden
        is_locked = bool(chosen) and all(tracks[i].is_locked for i in chosen)
        return (
            Entry(
                f"{'Show' if is_hidden else 'Hide'} {some}",
                partial(self._edit.hide, chosen, not is_hidden),
                none,
                key="hide",
            ),
            Entry(
                f"{'Unlock' if is_locked else 'Lock'} {some}",
                partial(self._edit.set_locked, chosen, not is_locked),
                none,
                "Nothing changes a locked object",
            ),
            Entry(
                f"Delete {some}",
                partial(self._edit.delete, chosen),
                none or self._why.locked(chosen),
                key="delete_object",
            ),
        )

    def _views(self) -> tuple[Entry, ...]:
        return (
            Entry("Lineage tree", self._show_tree, tip="Which object came from which"),
            Entry(
                "Show tracks as a layer",
                self._show_tracks,
                self._why.nobody_has_masks,
                "The way of each object as it is now, with lines from mothers to"
                " daughters",
            ),
        )

    def _show_tracks(self) -> None:
        try:
            self._c.lineage.show()
        except IvosError as error:
            self._c.said.emit(str(error))
