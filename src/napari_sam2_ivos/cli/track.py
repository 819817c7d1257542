"""``sam2-ivos track``: prompts and a movie in, a label stack out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam2_ivos.cli.choosing import (
    Checkpoint,
    Config,
    DeviceName,
    InputSize,
    KeepFeatures,
    Look,
    LookAtName,
    ModelName,
    WindowSize,
    check_model,
    name_model,
)
from napari_sam2_ivos.cli.holding import held_axes
from napari_sam2_ivos.cli.outputs import Outputs
from napari_sam2_ivos.cli.saved import NewSession, check_new, saved_in
from napari_sam2_ivos.cli.screen import remark, say
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.engine.choice import AUTOMATIC

if TYPE_CHECKING:
    from napari_sam2_ivos.cli.running import Outcome
    from napari_sam2_ivos.core.results import Flag
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
    nearest = "nearest"


FrameRange = Annotated[
    str | None,
    typer.Option(
        metavar="START:STOP",
        help="Frames to track, STOP not included; all by default.",
    ),
]


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
        Path | None,
        typer.Option(
            help="Label stack to write: .tif, .npy or .zarr.", show_default=False
        ),
    ] = None,
    session: NewSession = None,
    model: ModelName = AUTOMATIC,
    checkpoint: Checkpoint = None,
    config: Config = None,
    device: DeviceName = None,
    input_size: InputSize = None,
    window_size: WindowSize = None,
    look_at: LookAtName = Look.automatic,
    keep_features: KeepFeatures = False,
    frames: FrameRange = None,
    direction: Annotated[
        Direction,
        typer.Option(
            help="Which way to track from the prompts; nearest: each frame from the"
            " nearer of the two around it."
        ),
    ] = Direction.forward,
    max_step: Annotated[
        float | None,
        typer.Option(
            metavar="PIXELS",
            help="Refuse a mask that jumps further than this from one frame to the"
            " next, and leave the frame empty.",
            min=0,
        ),
    ] = None,
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
        Path | None,
        typer.Option(help="Also write a row per object and frame: .csv, .parquet."),
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Also draw some frames into this PNG.")
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            help="Also write the bounding box of every object and frame into this CSV,"
            " or MOTChallenge .txt."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
) -> None:
    """Track prompted objects through a movie and save their labels."""
    from napari_sam2_ivos.api import load_segmenter
    from napari_sam2_ivos.core.guards import Guards
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.prompts import read_prompts
    from napari_sam2_ivos.io.sources import open_source

    check_model(model, checkpoint, config)
    if out is None and session is None:
        raise PromptError("Say where the result goes: --out, --session, or both.")
    outputs = Outputs(out, table, overlay, boxes)
    if session is not None:
        check_new(session)
    outputs.check((movie, prompts), overwrite=overwrite)
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
    segmenter = load_segmenter(
        opened,
        model=model,
        checkpoint=checkpoint,
        config=config,
        device=device,
        contrast=contrast,
        input_size=input_size,
        window_size=window_size,
        look_at=look_at.value,
        keep_features=keep_features,
    )
    try:
        name_model(model, checkpoint, device)
        labels = outputs.store(opened.shape, source)
        work = Session(opened, segmenter, labels)
        work.guards = Guards(max_step_px=max_step)
        with saved_in(session, work, movie, source):
            _track(work, source, given, span, direction, outputs)
    finally:
        segmenter.close()


def _track(
    session: Session,
    source: Source,
    given: Prompts,
    span: range,
    direction: Direction,
    outputs: Outputs,
) -> None:
    from napari_sam2_ivos.cli.running import run

    for track_id, by_frame in given.items():
        for frame, prompts in by_frame.items():
            session.set_prompts(track_id, frame, prompts)
    plan = session.plan(direction.value, span)
    if not plan.steps:
        outputs.discard()
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
        outputs.save(session, source)
    else:
        outputs.discard()
    report(outcome, len(plan.steps))
    outcome.end()


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


def report(outcome: Outcome, n_planned: int) -> None:
    """Say what came of a run, and where objects were not found."""
    say(
        f"{outcome.n_steps} of {n_planned} frames in {outcome.seconds:.1f} s"
        f" ({outcome.frames_per_second:.2g} frames/s)"
    )
    by_reason: dict[Flag, list[tuple[int, int]]] = {}
    for (flag, track_id), n in outcome.empty.most_common():
        by_reason.setdefault(flag, []).append((track_id, n))
    for flag, lost in by_reason.items():
        named = ", ".join(f"{i} ({n} frames)" for i, n in lost[:N_SHOWN])
        more = f" and {len(lost) - N_SHOWN} more" if len(lost) > N_SHOWN else ""
        remark(f"Some frames were left empty, object {flag}: {named}{more}.")
