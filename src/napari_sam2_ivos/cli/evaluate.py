"""``sam2-ivos evaluate``: how good a model, or a label stack, is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam2_ivos.cli.choosing import (
    Checkpoint,
    Config,
    DeviceName,
    InputSize,
    Look,
    LookAtName,
    ModelName,
    WindowSize,
    check_model,
    name_model,
)
from napari_sam2_ivos.cli.screen import say
from napari_sam2_ivos.cli.track import parse_frames
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.engine.choice import AUTOMATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from napari_sam2_ivos.cli.scores import Row
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.session import Session


class Prompt(StrEnum):
    """What each object is begun with."""

    click = "click"
    box = "box"
    mask = "mask"


@dataclass(frozen=True, eq=False)
class Data:
    """A movie, its truth, and the mother of each daughter as far as known."""

    name: str
    movie: Movie
    truth: np.ndarray
    parents: dict[int, int]


def evaluate(
    movie: Annotated[
        Path | None,
        typer.Argument(
            metavar="MOVIE",
            help="A movie; synthetic ones of all kinds by default.",
            show_default=False,
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Label stack of MOVIE that is right.", show_default=False),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Compare this label stack with --truth instead of running a model.",
            show_default=False,
        ),
    ] = None,
    prompts: Annotated[
        list[Prompt],
        typer.Option(help="How each object is begun; may be given several times."),
    ] = [Prompt.click],  # noqa: B006 - typer takes it as the default
    rounds: Annotated[
        int,
        typer.Option(
            min=0,
            max=100,
            help="Also let a simulated user correct the movie this many times: up to"
            " three clicks on the worst frame of each object.",
        ),
    ] = 0,
    later_objects: Annotated[
        bool,
        typer.Option(
            "--later-objects",
            help="Also follow objects that come after the first frame.",
        ),
    ] = False,
    frames: Annotated[
        str | None,
        typer.Option(metavar="START:STOP", help="Frames to look at; all by default."),
    ] = None,
    synthetic: Annotated[
        int,
        typer.Option(min=1, help="Without MOVIE: how many movies of each kind."),
    ] = 1,
    model: ModelName = AUTOMATIC,
    checkpoint: Checkpoint = None,
    config: Config = None,
    device: DeviceName = None,
    input_size: InputSize = None,
    window_size: WindowSize = None,
    look_at: LookAtName = Look.automatic,
    json: Annotated[
        Path | None,
        typer.Option(help="Also write every value, by object and frame, to this file."),
    ] = None,
) -> None:
    """Measure a model on movies whose truth is known, or a label stack."""
    from napari_sam2_ivos.api import open_session
    from napari_sam2_ivos.cli.scores import show, write_json

    about: dict[str, str | int] = {}
    if labels is not None:
        if movie is not None or truth is None:
            raise PromptError(
                "To compare label stacks give --labels and --truth, and no MOVIE."
            )
        rows = [_compare(labels, truth, frames, later_objects=later_objects)]
    else:
        check_model(model, checkpoint, config)
        data = _open(movie, truth, frames, synthetic)
        name_model(model, checkpoint, device)

        def begin(of: Movie) -> Session:
            return open_session(
                of,
                model=model,
                checkpoint=checkpoint,
                config=config,
                device=device,
                input_size=input_size,
                window_size=window_size,
                look_at=look_at.value,
            )

        rows = []
        for one in data:
            rows += _try(one, begin, prompts, rounds, later_objects=later_objects)
        about = {"model": str(checkpoint or model), "look_at": look_at.value}
        sizes = {"input_size": input_size, "window_size": window_size}
        about |= {name: side for name, side in sizes.items() if side is not None}
    show(rows)
    if json is not None:
        write_json(json, rows, about)
        say(f"Every value: {json}")


def _compare(
    labels: Path, truth: Path, frames: str | None, *, later_objects: bool
) -> Row:
    from napari_sam2_ivos.testing.evaluation import evaluate_labels
    from napari_sam2_ivos.testing.trials import Trial, objects_to_follow

    found, right = _read(labels, frames), _read(truth, frames)
    if found.shape != right.shape:
        raise PromptError(
            f"'{labels.name}' has shape {found.shape}, but '{truth.name}' has"
            f" {right.shape}."
        )
    ids = _objects(objects_to_follow(right, later_ones=later_objects), truth.name)
    return labels.name, Trial("-", 0, evaluate_labels(found, right, ids))


def _try(
    data: Data,
    begin: Callable[[Movie], Session],
    prompts: list[Prompt],
    rounds: int,
    *,
    later_objects: bool,
) -> Iterator[Row]:
    """Run all trials on a movie, each in a session of its own."""
    from napari_sam2_ivos.testing.trials import (
        objects_to_follow,
        try_corrections,
        try_prompt,
    )

    ids = objects_to_follow(data.truth, later_ones=later_objects)
    given = data.truth, _objects(ids, data.name)
    for kind in dict.fromkeys(prompts):
        session = begin(data.movie)
        track = _tracking(session, f"{data.name}, {kind}")
        yield data.name, try_prompt(session, *given, kind, data.parents, track)
        session.segmenter.close()
    if rounds:
        session = begin(data.movie)
        track = _tracking(session, f"{data.name}, corrections")
        for trial in try_corrections(session, *given, rounds, data.parents, track):
            yield data.name, trial
        session.segmenter.close()


def _tracking(session: Session, title: str) -> Callable[[], None]:
    """Return what tracks with a progress bar, and ends the command when stopped."""
    from napari_sam2_ivos.cli.running import run

    def track() -> None:
        outcome = run(session, session.plan("forward"), title)
        outcome.end()

    return track


def _objects(ids: list[int], name: str) -> list[int]:
    if not ids:
        raise PromptError(
            f"'{name}' has no object on its first frame that is large enough to be"
            " begun. Choose other --frames, or --later-objects."
        )
    return ids


def _open(
    movie: Path | None, truth: Path | None, frames: str | None, n_synthetic: int
) -> list[Data]:
    import numpy as np

    from napari_sam2_ivos.api import open_movie
    from napari_sam2_ivos.core.movie import Movie

    if movie is None:
        if truth is not None or frames is not None:
            raise PromptError("--truth and --frames go with a MOVIE. Name one.")
        from napari_sam2_ivos.testing.movies import held_out_movies

        return [
            Data(kind, Movie(m.movie, name=kind), m.labels, m.parents)
            for kind, m in held_out_movies(n_synthetic)
        ]
    if truth is None:
        raise PromptError(
            f"To measure on '{movie.name}' give its true label stack (--truth)."
        )
    opened = open_movie(movie)
    right = _read(truth, None)
    if right.shape != opened.shape:
        raise PromptError(
            f"'{truth.name}' has shape {right.shape}, but '{movie.name}' has"
            f" {opened.shape}."
        )
    if frames is not None:
        span = parse_frames(frames, opened.n_frames)
        planes = np.stack([opened.plane(frame) for frame in span])
        opened = Movie(planes, rgb=opened.rgb, name=opened.name)
        right = right[span.start : span.stop]
    return [Data(movie.name, opened, right, {})]


def _read(path: Path, frames: str | None) -> np.ndarray:
    import numpy as np

    from napari_sam2_ivos.io.labels import read_labels

    stack = np.asarray(read_labels(path))
    stack = stack.reshape(-1, *stack.shape[-2:])
    span = parse_frames(frames, len(stack))
    return stack[span.start : span.stop]
