"""``sam2-ivos resume``: a saved session goes on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam2_ivos.cli.choosing import DeviceName  # noqa: TC001 - typer reads it
from napari_sam2_ivos.cli.running import run
from napari_sam2_ivos.cli.saved import MoviePath, SessionPath  # noqa: TC001
from napari_sam2_ivos.cli.screen import say
from napari_sam2_ivos.cli.track import Direction, FrameRange, parse_frames, report

if TYPE_CHECKING:
    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.session import Session


def resume(
    session: SessionPath,
    movie: MoviePath = None,
    device: DeviceName = None,
    frames: FrameRange = None,
    direction: Annotated[
        Direction, typer.Option(help="Which way to track from the prompts.")
    ] = Direction.both,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Compute anew what was computed before, each frame as it was, and"
            " nothing else.",
        ),
    ] = False,
) -> None:
    """Track what is not up to date in a saved session, with its own model."""
    from napari_sam2_ivos.saved_sessions import open_saved

    chosen = {} if device is None else {"device": device}
    with open_saved(session, movie, **chosen) as opened:  # type: ignore[arg-type]
        span = parse_frames(frames, opened.movie.n_frames)
        plan = _plan(opened, direction, span, again=again)
        if not plan.steps:
            say("Everything is up to date.")
            return
        say(f"{len(opened.tracks)} objects, {len(plan.steps)} frames to compute")
        outcome = run(opened, plan)
        report(outcome, len(plan.steps))
    say(f"Session: {session}")
    outcome.end()


def _plan(session: Session, direction: Direction, span: range, *, again: bool) -> Plan:
    if not again:
        return session.plan(direction.value, span)
    session.mark_stale(span)
    return session.plan_again()
