"""``sam2-ivos track``: prompts and a movie in, a label stack out."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam2_ivos.cli.holding import held_axes
from napari_sam2_ivos.cli.screen import remark, say
from napari_sam2_ivos.core.errors import PromptError, StoreError

if TYPE_CHECKING:
    from napari_sam2_ivos.cli.running import Outcome
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.prompts import Prompts
    from napari_sam2_ivos.io.sources import Source

N_SHOWN = 8
"""Objects named in a note; the rest are counted."""


class Direction(StrEnum):
    """Which way to track."""

    forward = "forward"
    backward = "backward"
    both = "both"


def track(
    movie: Annotated[
        Path,
        typer.Argument(
            metavar="MOVIE",
            help="TIFF stack, zarr, .npy, video, or a folder of frames.",
            show_default=False,
        ),
    ],
    prompts: Annotated[
        Path,
        typer.Option(
            help="CSV with columns frame, track_id, kind, y, x, y2, x2, positive; or a"
            " label image or stack (.tif, .npy, .zarr), where every label is a mask.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="Label stack to write: .tif, .npy or .zarr."),
    ],
    model: Annotated[
        str, typer.Option(help="A name that 'sam2-ivos models' lists.")
    ] = "bundled",
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights of another SAM 2 or 2.1 model.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="Config that goes with --checkpoint.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="cpu, cuda or mps; the fastest there is by default."),
    ] = None,
    frames: Annotated[
        str | None,
        typer.Option(
            metavar="START:STOP",
            help="Frames to track, STOP not included; all by default.",
        ),
    ] = None,
    direction: Annotated[
        Direction, typer.Option(help="Which way to track from the prompts.")
    ] = Direction.forward,
    prompt_frame: Annotated[
        int, typer.Option(help="The frame that a single label image belongs to.")
    ] = 0,
    contrast: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Pixel values the model sees as black and white; by default chosen"
            " once for the whole movie.",
        ),
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AXIS=INDEX",
            help="Where to hold another axis, such as C=1; 0 by default.",
        ),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="Also write a CSV row per object and frame.")
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Also draw some frames into this PNG.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
) -> None:
    """Track prompted objects through a movie and save their labels."""
    from napari_sam2_ivos.api import open_session
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.io.prompts import read_prompts
    from napari_sam2_ivos.io.sources import open_source

    _check_outputs(out, table, overlay, inputs=(movie, prompts), overwrite=overwrite)
    source = open_source(movie)
    held = held_axes(hold or [], source)
    opened = Movie(source.data, source.time_axis, source.rgb, held, source.name)
    span = parse_frames(frames, opened.n_frames)
    given = read_prompts(
        prompts,
        plane_shape=opened.plane_shape,
        n_frames=opened.n_frames,
        prompt_frame=prompt_frame,
    )
    session = open_session(
        opened,
        model=model,
        checkpoint=checkpoint,
        config=config,
        device=device,
        contrast=contrast,
    )
    try:
        _track(session, source, given, span, direction, out, table, overlay)
    finally:
        session.segmenter.close()


def _track(
    session: Session,
    source: Source,
    given: Prompts,
    span: range,
    direction: Direction,
    out: Path,
    table: Path | None,
    overlay: Path | None,
) -> None:
    from napari_sam2_ivos.cli.running import run

    for track_id, by_frame in given.items():
        for frame, prompts in by_frame.items():
            session.set_prompts(track_id, frame, prompts)
    plan = session.plan(direction.value, span)
    if not plan.steps:
        raise PromptError(
            f"There is nothing to track {direction.value} on frames"
            f" {span.start}:{span.stop}: no prompt lies on the way. Try --direction"
            " both."
        )
    say(
        f"{len(session.tracks)} objects, {session.movie.n_frames} frames of"
        f" {session.movie.plane_shape[0]} x {session.movie.plane_shape[1]} pixels"
    )
    outcome = run(session, plan)
    if outcome.n_steps:
        _save(session, source, out, table, overlay)
    _report(outcome, len(plan.steps))
    if outcome.error is not None:
        raise outcome.error
    if outcome.signal is not None:
        raise typer.Exit(128 + outcome.signal)


def parse_frames(text: str | None, n_frames: int) -> range:
    """Read ``START:STOP``, where either may be left out.

    Raises
    ------
    PromptError
        If it is no range of frames of the movie.
    """
    start, colon, stop = (text or ":").partition(":")
    try:
        frames = range(int(start or 0), int(stop or n_frames))
    except ValueError:
        colon = ""
        frames = range(0)
    if not colon:
        raise PromptError(f"--frames {text} is not START:STOP, such as 0:{n_frames}.")
    if not 0 <= frames.start < frames.stop <= n_frames:
        raise PromptError(
            f"--frames {text} is no part of the movie, which has frames 0:{n_frames}."
        )
    return frames


def _check_outputs(
    out: Path,
    table: Path | None,
    overlay: Path | None,
    *,
    inputs: tuple[Path, ...],
    overwrite: bool,
) -> None:
    """Find out before the work, not after it, that it cannot be saved."""
    from napari_sam2_ivos.io.atomic import checked_target
    from napari_sam2_ivos.io.labels import check_suffix

    suffix = check_suffix(out)
    for path in (out, table, overlay):
        if path is None:
            continue
        target = checked_target(path)
        if any(target.resolve() == given.resolve() for given in inputs):
            raise StoreError(f"'{path}' is what is read. Choose another name for it.")
        if not target.exists():
            continue
        if path is out and suffix == ".zarr":
            from napari_sam2_ivos.io.labels_zarr import check_free

            check_free(target)
        if not overwrite:
            raise StoreError(
                f"'{path}' is there already. Choose another name, or add --overwrite."
            )


def _save(
    session: Session,
    source: Source,
    out: Path,
    table: Path | None,
    overlay: Path | None,
) -> None:
    from napari_sam2_ivos.io.labels import write_labels

    known: dict[str, Any] = {
        "scale": source.scale,
        "unit": source.unit,
        "interval_s": source.interval_s,
    }
    try:
        say(f"Labels:  {write_labels(out, session.labels, **known)}")
    except StoreError as error:
        spare = Path(tempfile.mkdtemp(prefix="sam2-ivos-")) / out.name
        write_labels(spare, session.labels, **known)
        raise StoreError(f"{error} The labels are in '{spare}' instead.") from error
    if table is not None:
        from napari_sam2_ivos.io.tables import write_table

        labels, movie, tracks = session.labels, session.movie, session.tracks
        say(f"Table:   {write_table(table, labels, movie, tracks, **known)}")
    if overlay is not None:
        from napari_sam2_ivos.io.overlay import write_overlay

        say(f"Picture: {write_overlay(overlay, session.movie, session.labels)}")


def _report(outcome: Outcome, n_planned: int) -> None:
    say(
        f"{outcome.n_steps} of {n_planned} frames in {outcome.seconds:.1f} s"
        f" ({outcome.frames_per_second:.2g} frames/s)"
    )
    lost = outcome.absent.most_common()
    if lost:
        named = ", ".join(f"{i} ({n} frames)" for i, n in lost[:N_SHOWN])
        more = f" and {len(lost) - N_SHOWN} more" if len(lost) > N_SHOWN else ""
        remark(f"The model did not see these objects on some frames: {named}{more}.")
