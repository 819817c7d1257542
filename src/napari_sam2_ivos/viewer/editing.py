"""What the user does to objects, on the frame on screen; each can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from napari_sam2_ivos.core.edits import existing, identity, lives, notes
from napari_sam2_ivos.core.errors import CollisionError, IvosError
from napari_sam2_ivos.viewer.other_labels import label_planes, labels_here

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from napari_sam2_ivos.viewer.controller import Controller

P = ParamSpec("P")


@dataclass(frozen=True)
class Question:
    """Something that only the user can decide.

    Parameters
    ----------
    title, text : str
    choices : tuple of (str, str)
        What may be answered, and in words for a button.
    """

    title: str
    text: str
    choices: tuple[tuple[str, str], ...]


def _edit(
    act: Callable[Concatenate[Editing, P], None],
) -> Callable[Concatenate[Editing, P], None]:
    """Say what cannot be done, and show what was done."""

    def edit(self: Editing, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(self, *args, **kwargs)
        except IvosError as error:
            self._controller.said.emit(str(error))
        self._controller.after_edit()

    update_wrapper(edit, act)
    return edit


class Editing:
    """Edits of objects, masks and prompts of a session.

    What cannot be done is said by the controller, and nothing changes.

    Parameters
    ----------
    controller : Controller

    Attributes
    ----------
    ask : callable, (Question) -> str or None
        Asks the user; None if they would rather do nothing.
    drive : callable, (iterable, int, str) -> None
        Goes through something that takes long, of so many steps, and shows how far
        it is; it may stop before the end.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._session = controller.session
        self.ask: Callable[[Question], str | None] = lambda question: None
        self.drive: Callable[[Iterable[Any], int, str], None] = _run_through

    # ---- undo ------------------------------------------------------------

    @property
    def undo_name(self) -> str | None:
        """What would be taken back; None for nothing."""
        return self._session.history.undo_name

    @property
    def redo_name(self) -> str | None:
        """What would be done again; None for nothing."""
        return self._session.history.redo_name

    @_edit
    def undo(self) -> None:
        """Take back the last action; a run that is under way is stopped first."""
        self._controller.schedule.cancel()
        name = self._session.undo()
        said = f"Undone: {name}." if name else "There is nothing to undo."
        self._controller.said.emit(said)

    @_edit
    def redo(self) -> None:
        """Do again what was undone last."""
        self._controller.schedule.cancel()
        name = self._session.redo()
        said = f"Done again: {name}." if name else "There is nothing to do again."
        self._controller.said.emit(said)

    # ---- the mask on screen ------------------------------------------------

    @_edit
    def accept(self) -> None:
        """Accept the mask of the current object on screen, or take that back."""
        track_id, frame = self._controller.current, self._controller.frame
        if track_id is None:
            return
        if self._session.prompts(track_id, frame).is_locked:
            notes.reopen(self._session, track_id, frame)
        else:
            notes.accept(self._session, track_id, frame)

    @_edit
    def clear_frame(self, track_id: int, frame: int) -> None:
        """Take back the prompts of an object on a frame."""
        if track_id in self._session.tracks:
            self._session.remove_prompts(track_id, frame)

    @_edit
    def cycle_candidate(self, track_id: int, frame: int, step: int) -> None:
        """Take another one of the masks that a single click can mean."""
        self._session.choose_candidate(track_id, frame, step)

    # ---- objects -----------------------------------------------------------

    @_edit
    def delete(self, track_ids: Collection[int]) -> None:
        """Delete objects with their prompts and masks."""
        known = [i for i in track_ids if i in self._session.tracks]
        for track_id in known:
            self._session.unlocked(track_id)
        words = f"object {known[0]}" if len(known) == 1 else f"{len(known)} objects"
        with self._session.action(f"Delete {words}"):
            for track_id in known:
                self._session.remove_object(track_id)
        if self._controller.current in track_ids:
            left = max(self._session.tracks, default=self._session.next_track_id)
            self._controller.select(left)

    @_edit
    def rename(self, track_id: int, new_id: int, frames: range | None = None) -> None:
        """Give an object another ID, on all or on some frames."""
        if frames is None and new_id in self._session.tracks and new_id != track_id:
            answer = self.ask(
                Question(
                    f"There is an object {new_id}",
                    f"Object {track_id} can become part of object {new_id}, or the two"
                    " can swap their IDs.",
                    (("merge", "Make them one"), ("swap", "Swap their IDs")),
                )
            )
            if answer == "swap":
                identity.swap(self._session, track_id, new_id, 0)
            if answer != "merge":
                return
        self._reassign(track_id, new_id, frames)

    @_edit
    def merge(self, into: int, other: int) -> None:
        """Make two objects one, which keeps the first ID."""
        self._reassign(other, into, None)

    @_edit
    def split(self, track_id: int) -> None:
        """Make a new object of one from the frame on screen on."""
        new = identity.split(self._session, track_id, self._controller.frame)
        self._controller.select(new)

    @_edit
    def swap(self, a: int, b: int) -> None:
        """Let two objects change places from the frame on screen on."""
        identity.swap(self._session, a, b, self._controller.frame)

    @_edit
    def delete_from_here(self, track_id: int) -> None:
        """Let an object end before the frame on screen."""
        frames = range(self._controller.frame, self._session.movie.n_frames)
        lives.delete_frames(self._session, track_id, frames)

    @_edit
    def delete_range(self, track_id: int, first: int, last: int) -> None:
        """Take an object off some frames, the last included."""
        lives.delete_frames(self._session, track_id, range(first, last + 1))

    @_edit
    def cut(self, track_id: int, first: int, last: int) -> None:
        """Let an object exist on some frames only, the last included."""
        lives.cut(self._session, track_id, range(first, last + 1))

    @_edit
    def fill_gap(self, track_id: int) -> None:
        """Fill the gap of an object that the frame on screen lies in."""
        frames = lives.fill_gap(self._session, track_id, self._controller.frame)
        self._controller.said.emit(
            f"Filled frames {frames.start} to {frames.stop - 1} of object {track_id}"
            " with shapes in between; paint or click where they are wrong."
        )

    @_edit
    def divide(self, track_id: int) -> None:
        """Let an object end here, and the next two clicks begin its daughters."""
        daughters = lives.divide(self._session, track_id, self._controller.frame)
        self._controller.begin_objects(daughters)
        self._controller.said.emit(
            f"Object {track_id} ends here. Click on one daughter, then on the other."
        )

    @_edit
    def set_parent(self, child: int, parent: int | None) -> None:
        """Say which object another one came from."""
        lives.set_parent(self._session, child, parent)

    @_edit
    def set_name(self, track_id: int, text: str) -> None:
        """Call an object something."""
        notes.set_name(self._session, track_id, text)

    @_edit
    def set_class(self, track_ids: Collection[int], text: str) -> None:
        """Say what kind of thing objects are."""
        notes.set_class(self._session, track_ids, text)

    @_edit
    def set_locked(self, track_ids: Collection[int], is_locked: bool) -> None:
        """Protect objects from every change, or let them be changed again."""
        notes.set_locked(self._session, track_ids, is_locked)

    # ---- what is shown ----------------------------------------------------

    @property
    def hidden(self) -> frozenset[int]:
        """Objects that are not shown."""
        return self._controller.layers.visibility.hidden

    def hide(self, track_ids: Collection[int], hidden: bool) -> None:
        """Hide objects, or show them again."""
        self._controller.layers.visibility.hide(track_ids, hidden)
        self._controller.layers.restyle()
        self._controller.changed.emit()

    @property
    def is_isolated(self) -> bool:
        """Whether the current object is shown alone."""
        labels = self._controller.layers.labels
        return labels is not None and bool(labels.show_selected_label)

    def isolate(self, alone: bool) -> None:
        """Show the current object alone, or all again."""
        labels = self._controller.layers.labels
        if labels is not None:
            labels.show_selected_label = alone
            self._controller.changed.emit()

    # ---- segmentations that there are already --------------------------------

    @_edit
    def take_over(self, layer: Any, selected_only: bool = False) -> None:
        """Make objects of the labels that another Labels layer has on screen."""
        c, frame = self._controller, self._controller.frame
        c.layers.ensure()
        plane = labels_here(c.viewer, layer, c.target)
        labels = {int(layer.selected_label)} if selected_only else None
        try:
            made = existing.take_over(self._session, frame, plane, labels)
        except CollisionError as error:
            choices = (("renumber", "Take them over under new IDs"),)
            if self.ask(Question("IDs are taken", str(error), choices)) is None:
                return
            made = existing.take_over(
                self._session, frame, plane, labels, renumber=True
            )
        c.select_many(made)
        c.said.emit(
            f"{len(made)} object{'s' if len(made) != 1 else ''} taken over from"
            f" '{layer.name}'. Press Track to follow them."
        )

    @_edit
    def load_stack(self, layer: Any) -> None:
        """Make objects of a whole label stack in another Labels layer."""
        c = self._controller
        c.layers.ensure()
        planes = label_planes(layer, c.target)
        steps = existing.adopt_stack(self._session, planes)
        self.drive(steps, c.movie.n_frames, f"Loading '{layer.name}'")
        if not self._session.tracks:
            return  # stopped on the way, or nothing in it
        layer.visible = False
        c.said.emit(
            f"{len(self._session.tracks)} objects loaded from '{layer.name}'. Correct"
            " any frame: the others stay as they are."
        )

    # ---- inside ----------------------------------------------------------

    def _reassign(self, source: int, target: int, frames: range | None) -> None:
        """Give an object another ID, and ask whose mask stays where both have one."""
        try:
            identity.reassign(self._session, source, target, frames)
        except CollisionError as error:
            choices = (
                ("target", f"That of {target}"),
                ("source", f"That of {source}"),
                ("both", "Both together"),
            )
            keep: Any = self.ask(Question("Whose mask stays?", str(error), choices))
            if keep is None:
                return
            identity.reassign(self._session, source, target, frames, keep)
        if source not in self._session.tracks:
            self._controller.select(target)


def _run_through(steps: Iterable[Any], n: int, words: str) -> None:
    for _ in steps:
        pass
