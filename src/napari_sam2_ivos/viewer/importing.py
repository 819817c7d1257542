"""Masks and prompts out of files into the session of a movie in the viewer."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Literal

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.io.imports.adopting import adopt
from napari_sam2_ivos.io.imports.reading import read_segmentation
from napari_sam2_ivos.io.prompts import read_prompts

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.viewer.controller import Controller


def load_masks(c: Controller, path: Path, use: Literal["masks", "prompts"]) -> None:
    """Begin with what another program has segmented.

    Parameters
    ----------
    c : Controller
        Of a session without objects.
    path : Path
        See `io.imports.reading.read_segmentation`.
    use : {"masks", "prompts"}
        Whether masks stay as they are until something is corrected, or each is a prompt
        and what lies between them is to be tracked.
    """
    session, movie = c.session, c.movie
    try:
        found = read_segmentation(
            path, plane_shape=movie.plane_shape, n_frames=movie.n_frames
        )
        as_prompts = use == "prompts"
        steps = adopt(session, found, path.name, as_prompts=as_prompts)
        with closing(steps):  # stopped on the way, nothing of it stays
            c.editing.drive(steps, movie.n_frames, f"Loading '{path.name}'")
    except IvosError as error:
        c.failed.emit(str(error))
        return
    _show(c)
    n = len(session.tracks)
    what = "Correct any frame: the others stay as they are."
    if as_prompts:
        what = "Press Track to fill the frames between."
    said = f"{n} objects loaded from '{path.name}'. {what}"
    nothing = f"Nothing was loaded from '{path.name}'."
    c.said.emit(" ".join([said if n else nothing, *found.remarks]))


def load_prompts(c: Controller, path: Path) -> None:
    """Add the prompts of a table, or of a label image, to those there are."""
    session, movie = c.session, c.movie
    try:
        given = read_prompts(
            path,
            plane_shape=movie.plane_shape,
            n_frames=movie.n_frames,
            prompt_frame=min(max(c.frame, 0), movie.n_frames - 1),
        )
        with session.action(f"Load '{path.name}'"):
            for track_id, by_frame in given.items():
                for frame, prompts in by_frame.items():
                    session.set_prompts(track_id, frame, prompts)
    except IvosError as error:
        c.failed.emit(str(error))
        return
    _show(c)
    c.said.emit(f"Prompts of {len(given)} objects loaded from '{path.name}'.")


def _show(c: Controller) -> None:
    c.show_prompts()
    c.after_edit()
