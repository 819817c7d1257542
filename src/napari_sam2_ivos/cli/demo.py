"""``sam2-ivos demo``: the whole job on a movie whose truth is known."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_sam2_ivos.cli.screen import remark, say
from napari_sam2_ivos.core.errors import EngineError

if TYPE_CHECKING:
    import numpy as np

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.prompts import Prompts

N_OBJECTS = 8


def demo(
    out: Annotated[Path, typer.Option(help="Folder for what the demo makes.")] = Path(
        "demo-output"
    ),
    model: Annotated[
        str, typer.Option(help="A name that 'sam2-ivos models' lists.")
    ] = "bundled",
    device: Annotated[
        str | None,
        typer.Option(help="cpu, cuda or mps; the fastest there is by default."),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Open no window, even with a display.")
    ] = False,
) -> None:
    """Track cells of a sample movie, and open it in napari if there is a display."""
    from napari_sam2_ivos.api import open_session
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.testing.movies import synthetic_movie

    sample = synthetic_movie("nuclei", n_frames=20, n_objects=N_OBJECTS, seed=0)
    prompts = one_click_each(sample.labels[0])
    session = open_session(
        Movie(sample.movie, name="sample movie"), model=model, device=device
    )
    try:
        _track(session, prompts, sample.labels, out)
    finally:
        session.segmenter.close()
    if not headless and has_display():
        _show()


def _track(session: Session, prompts: Prompts, truth: np.ndarray, out: Path) -> None:
    from napari_sam2_ivos.cli.running import run
    from napari_sam2_ivos.io.labels import write_labels
    from napari_sam2_ivos.io.overlay import write_overlay
    from napari_sam2_ivos.io.prompts_csv import write_prompts
    from napari_sam2_ivos.io.tables import write_table

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
    if outcome.error is not None:
        raise outcome.error
    if outcome.signal is not None:
        raise typer.Exit(128 + outcome.signal)
    if not any(session.labels[frame].any() for frame in range(movie.n_frames)):
        raise EngineError("The model found none of the objects on any frame.")
    say("Written:")
    say(f"  movie    {write_labels(out / 'movie.tif', movie.data)}")
    say(f"  prompts  {write_prompts(out / 'prompts.csv', prompts)}")
    say(f"  labels   {write_labels(out / 'labels.tif', session.labels)}")
    say(f"  picture  {write_overlay(out / 'overlay.png', movie, session.labels)}")
    table = write_table(out / "tracks.csv", session.labels, movie, session.tracks)
    say(f"  table    {table}")
    say(
        f"{outcome.n_steps} frames in {outcome.seconds:.1f} s"
        f" ({outcome.frames_per_second:.2g} frames/s)"
    )
    iou = mean_iou(session.labels, truth, list(prompts))
    say(f"Mean IoU with the truth: {iou:.2f} (1 is perfect)")


def one_click_each(labels: np.ndarray) -> Prompts:
    """Prompt every object of a ``(Y, X)`` label plane, the last one with a box.

    The click is at the point deepest inside, as a person's would be.
    """
    import numpy as np
    from scipy import ndimage

    from napari_sam2_ivos.core.prompts import Box, FramePrompts, Point

    ids = [int(i) for i in np.unique(labels) if i]
    prompts: Prompts = {}
    for track_id in ids:
        mask = labels == track_id
        if track_id == ids[-1]:
            (rows, columns) = np.nonzero(mask)
            box = Box(
                float(rows.min()),
                float(columns.min()),
                float(rows.max()),
                float(columns.max()),
            )
            prompts[track_id] = {0: FramePrompts(box=box)}
        else:
            depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
            y, x = np.unravel_index(int(depth.argmax()), depth.shape)
            prompts[track_id] = {0: FramePrompts((Point(float(y), float(x)),))}
    return prompts


def mean_iou(labels: Any, truth: np.ndarray, track_ids: list[int]) -> float:
    """Mean IoU over the objects and the frames where either of the two has them."""
    import numpy as np

    from napari_sam2_ivos.testing.metrics import jaccard

    ious = np.concatenate(list(jaccard(labels, truth, track_ids).values()))
    known = ious[~np.isnan(ious)]
    return float(known.mean()) if known.size else 0.0


def has_display() -> bool:
    """Whether a window could be opened here."""
    if find_spec("napari") is None:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show() -> None:
    """Open napari; by name, since the command line does not know the window."""
    try:
        window = import_module("napari_sam2_ivos.widgets.demo")
    except ImportError as error:
        remark(f"napari could not be opened: {error}.")
        return
    say("Opening napari with the sample movie; close its window to end the demo.")
    window.show()
