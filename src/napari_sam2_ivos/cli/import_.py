"""``sam2-ivos import``: a session out of what another program has segmented."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from napari_sam2_ivos.cli.holding import held_axes
from napari_sam2_ivos.cli.running import counting
from napari_sam2_ivos.cli.saved import check_new, saved_in
from napari_sam2_ivos.cli.screen import remark, say


class Use(StrEnum):
    """What becomes of the masks."""

    masks = "masks"
    prompts = "prompts"


def import_(
    segmentation: Annotated[
        Path,
        typer.Argument(
            metavar="SEGMENTATION",
            help="Label stack, folder of label images, Cell Tracking Challenge folder,"
            " COCO JSON, or folder of X-AnyLabeling JSON.",
            show_default=False,
        ),
    ],
    movie: Annotated[
        Path,
        typer.Option(help="The movie that it was made on.", show_default=False),
    ],
    session: Annotated[
        Path,
        typer.Option(metavar="NAME.ivos", help="Session to begin.", show_default=False),
    ],
    use: Annotated[
        Use,
        typer.Option(
            "--as",
            help="masks: they stay as they are until something is corrected; prompts:"
            " every mask is a prompt, and 'sam2-ivos resume' tracks what lies between.",
        ),
    ] = Use.masks,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AXIS=INDEX",
            help="Where to hold another axis of the movie, such as C=1; 0 by default.",
        ),
    ] = None,
) -> None:
    """Begin a session with the masks of another program, to be corrected."""
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.no_segmenter import NoSegmenter
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.imports.adopting import adopt
    from napari_sam2_ivos.io.imports.reading import read_segmentation
    from napari_sam2_ivos.io.sources import open_source
    from napari_sam2_ivos.io.stores import create_store

    check_new(session)
    source = open_source(movie)
    held = held_axes(hold or [], source)
    opened = Movie(source.data, source.time_axis, source.rgb, held, source.name)
    found = read_segmentation(
        segmentation, plane_shape=opened.plane_shape, n_frames=opened.n_frames
    )
    work = Session(opened, NoSegmenter(), create_store(opened.shape))
    with saved_in(session, work, movie, source), counting("Reading") as count:
        as_prompts = use is Use.prompts
        for frame in adopt(work, found, segmentation.name, as_prompts=as_prompts):
            count(frame + 1, opened.n_frames)
    for sentence in found.remarks:
        remark(sentence)
    say(f"{len(work.tracks)} objects")
