"""What keys and buttons do, by the names of the table of keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.viewer.controller import Controller


def session_actions(
    now: Callable[[], Controller | None],
) -> dict[str, Callable[[], None]]:
    """Return what can be done to a session that there is, by name.

    Parameters
    ----------
    now : callable
        Returns the session if there is one.
    """

    def on(act: Callable[[Controller], object]) -> Callable[[], None]:
        def perform() -> None:
            controller = now()
            if controller is not None:
                act(controller)

        return perform

    acts: dict[str, Callable[[Controller], object]] = {
        "clear_frame": lambda c: c.clear_frame(),
        "delete_object": lambda c: c.editing.delete(c.selected),
        "undo": lambda c: c.editing.undo(),
        "redo": lambda c: c.editing.redo(),
        "accept": lambda c: c.editing.accept(),
        "candidate": lambda c: c.cycle_candidate(1),
        "divide": _divide,
        "hide": _hide,
        "isolate": lambda c: c.editing.isolate(not c.editing.is_isolated),
        "next_object": partial(_step_object, 1),
        "previous_object": partial(_step_object, -1),
        "next_prompt": partial(_step_prompt, True),
        "previous_prompt": partial(_step_prompt, False),
        "next_place": lambda c: c.review.next(True),
        "previous_place": lambda c: c.review.next(False),
        "looks_fine": lambda c: c.review.looks_fine(),
    }
    return {name: on(act) for name, act in acts.items()}


def _divide(c: Controller) -> None:
    if c.current is not None:
        c.editing.divide(c.current)


def _hide(c: Controller) -> None:
    if c.selected:
        is_shown = not set(c.selected) <= c.editing.hidden
        c.editing.hide(c.selected, is_shown)


def _step_object(step: int, c: Controller) -> None:
    ids = sorted(c.session.tracks)
    if not ids:
        return
    at = ids.index(c.current) + step if c.current in ids else 0
    c.select(ids[at % len(ids)])


def _step_prompt(later: bool, c: Controller) -> None:
    track = c.session.tracks.get(c.current or 0)
    if track is None:
        return
    frame = c.frame
    found = track.anchor_after(frame + 1) if later else track.anchor_before(frame - 1)
    if found is not None:
        c.go_to(found)
