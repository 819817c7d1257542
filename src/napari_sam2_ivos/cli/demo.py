"""``sam2-ivos demo``: the whole job on a movie whose truth is known."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam2_ivos.cli.choosing import (
    DeviceName,
    Look,
    LookAtName,
    ModelName,
    name_model,
)
from napari_sam2_ivos.cli.screen import remark, say
from napari_sam2_ivos.core.errors import EngineError, PromptError
from napari_sam2_ivos.engine.choice import AUTOMATIC

if TYPE_CHECKING:
    import numpy as np

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.prompts import Prompts


def demo(
    movie: Annotated[
        Path | None,
        typer.Argument(help="A movie of yours; a synthetic one by default."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            help="Label stack of MOVIE: its objects on frame 0 are prompted, and the"
            " result is compared with it."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for what the demo makes.")] = Path(
        "demo-output"
    ),
    model: ModelName = AUTOMATIC,
    device: DeviceName = None,
    look_at: LookAtName = Look.automatic,
    headless: Annotated[
        bool, typer.Option("--headless", help="Open no window, even with a display.")
    ] = False,
) -> None:
    """Track cells of a sample movie, and open it in napari if there is a display."""
    from napari_sam2_ivos.api import open_session
    from napari_sam2_ivos.io.labels import write_labels
    from napari_sam2_ivos.testing.sample_job import one_prompt_each

    shown, labels = _open(movie, truth)
    prompts = one_prompt_each(labels[0])
    session = open_session(shown, model=model, device=device, look_at=look_at.value)
    try:
        name_model(model, None, device)
        _track(session, prompts, labels, out)
    finally:
        session.segmenter.close()
    if movie is None:  # so that `track` can do the same job again
        say(f"  movie    {write_labels(out / 'movie.tif', shown.data)}")
    if not headless and has_display():
        _show(shown, prompts)


def _open(movie: Path | None, truth: Path | None) -> tuple[Movie, np.ndarray]:
    """Return the movie and its ``(T, Y, X)`` truth."""
    import numpy as np

    from napari_sam2_ivos.api import open_movie
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.io.labels import read_labels
    from napari_sam2_ivos.testing.sample_job import sample_movie

    if movie is None:
        sample = sample_movie()
        return Movie(sample.movie, name="sample movie"), sample.labels
    if truth is None:
        raise PromptError(
            f"To track '{movie.name}' the demo needs to know its objects: give a label"
            " stack with --truth, or use 'sam2-ivos track' with your own prompts."
        )
    opened, labels = open_movie(movie), np.asarray(read_labels(truth))
    if labels.shape != opened.shape:
        raise PromptError(
            f"'{truth.name}' has shape {labels.shape}, but '{movie.name}' has"
            f" {opened.shape}."
        )
    return opened, labels


def _track(session: Session, prompts: Prompts, truth: np.ndarray, out: Path) -> None:
    from napari_sam2_ivos.cli.running import run
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie
    from napari_sam2_ivos.io.exports.formats import export
    from napari_sam2_ivos.io.labels import write_labels
    from napari_sam2_ivos.io.overlay import write_overlay
    from napari_sam2_ivos.io.prompts_csv import write_prompts

    for track_id, by_frame in prompts.items():
        for frame, given in by_frame.items():
            session.set_prompts(track_id, frame, given)
    movie: Any = session.movie
    say(
        f"{len(prompts)} objects, one click or box each on frame 0 of"
        f" {movie.n_frames}; frames of {movie.plane_shape[0]} x"
        f" {movie.plane_shape[1]} pixels"
    )
    outcome = run(session, session.plan("forward"))
    outcome.end()
    if not any(session.labels[frame].any() for frame in range(movie.n_frames)):
        raise EngineError("The model found none of the objects on any frame.")
    say("Written:")
    say(f"  prompts  {write_prompts(out / 'prompts.csv', prompts)}")
    say(f"  labels   {write_labels(out / 'labels.tif', session.labels)}")
    say(f"  picture  {write_overlay(out / 'overlay.png', movie, session.labels)}")
    annotated = AnnotatedMovie(movie, session.labels, session.tracks)
    export("table", out / "tracks.csv", annotated)
    say(f"  table    {out / 'tracks.csv'}")
    say(
        f"{outcome.n_steps} frames in {outcome.seconds:.1f} s"
        f" ({outcome.frames_per_second:.2g} frames/s)"
    )
    iou = mean_iou(session.labels, truth, list(prompts))
    say(f"Mean IoU with the truth, until a cell divides or leaves: {iou:.2f} of 1")


def mean_iou(labels: Any, truth: np.ndarray, track_ids: list[int]) -> float:
    """Mean IoU over the objects, each on the frames where it truly is there.

    What a track does after its cell divided or left is not counted: the truth
    has other IDs then.
    """
    import numpy as np

    from napari_sam2_ivos.testing.metrics import jaccard

    ious = [
        values[(truth == track_id).any(axis=(1, 2))]
        for track_id, values in jaccard(labels, truth, track_ids).items()
    ]
    counted = np.concatenate(ious)
    return float(counted.mean()) if counted.size else 0.0


def has_display() -> bool:
    """Whether a window could be opened here."""
    if find_spec("napari") is None:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show(movie: Movie, prompts: Prompts) -> None:
    """Open napari; by name, since the command line does not know the window."""
    try:
        window = import_module("napari_sam2_ivos.widgets.demo")
    except ImportError as error:
        remark(f"napari could not be opened: {error}.")
        return
    say("Opening napari with the movie; close its window to end the demo.")
    window.show(movie, prompts)
