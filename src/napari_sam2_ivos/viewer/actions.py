"""What keys and buttons do, by the names of the table of keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_sam2_ivos.viewer.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.viewer.controller import Controller


def session_actions(
    ensure: Callable[[], Controller | None], now: Callable[[], Controller | None]
) -> dict[str, Callable[[], None]]:
    """Return what can be done to a session, by name.

    Parameters
    ----------
    ensure : callable
        Returns the session of the chosen movie, begun if there is none; None if
        there cannot be one, after it was said why.
    now : callable
        Returns the session if there is one.
    """

    def on(
        find: Callable[[], Controller | None], act: Callable[[Controller], object]
    ) -> Callable[[], None]:
        def perform() -> None:
            controller = find()
            if controller is not None:
                act(controller)

        return perform

    actions: dict[str, Callable[[], None]] = {
        tool.value: on(ensure, partial(_use_tool, tool)) for tool in Tool
    }
    actions["new_object"] = on(ensure, lambda c: c.new_object())
    existing: dict[str, Callable[[Controller], object]] = {
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
    return actions | {name: on(now, act) for name, act in existing.items()}


def _use_tool(tool: Tool, c: Controller) -> None:
    c.use_tool(tool)


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
