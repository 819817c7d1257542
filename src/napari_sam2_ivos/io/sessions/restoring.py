"""From a folder to a session that goes on where it stopped."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import IvosWarning, MovieError
from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.io.sessions.finding import is_same
from napari_sam2_ivos.io.sessions.json_files import Fields
from napari_sam2_ivos.io.sessions.planes import load_labels
from napari_sam2_ivos.io.sessions.saving import Saving
from napari_sam2_ivos.io.stores import create_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import Segmenter
    from napari_sam2_ivos.io.sessions.about import About, MovieNote
    from napari_sam2_ivos.io.sessions.saved import SavedSession


def restore(
    saved: SavedSession,
    movie: Movie,
    segmenter: Segmenter,
    on_frame: Callable[[int], None] | None = None,
) -> tuple[Session, Saving]:
    """Make the session that was saved; history of undo aside, all is as it was.

    Parameters
    ----------
    saved : SavedSession
    movie : Movie
        Of the same shape; see `check_movie`.
    segmenter : Segmenter
    on_frame : callable, (int) -> None, optional
        Called after each frame that was read; may raise to stop.

    Returns
    -------
    Session
    Saving
        Takes note of what changes from now on. Nothing is written before its `write`.
    """
    labels = create_store(movie.shape)
    for frame in load_labels(saved, labels):
        if on_frame is not None:
            on_frame(frame)
    session = Session(movie, segmenter, labels)
    session.tracks.update(saved.tracks)
    session.guards = guards_of(saved.about)
    saving = Saving(session, saved.folder, is_new=False, in_doubt=saved.in_doubt)
    if saved.mended:
        saving.note_objects("Mend what was not saved to the end", sorted(saved.mended))
    return session, saving


def guards_of(about: About) -> Guards:
    """Return which masks a session did not trust.

    Raises
    ------
    FormatError
        If it says what cannot be.
    """
    known = Fields(about.settings, "session.json, settings")
    step = known.number("max_step_px") if known.has("max_step_px") else None
    return Guards(max_step_px=step)


def check_movie(note: MovieNote, movie: Movie) -> None:
    """Make sure that a movie that the user names can be that of a session.

    Raises
    ------
    MovieError
        If it has other frames or another size. That its pixels are others is a
        warning: it may have been cleaned or cut to another range of grey values.
    """
    if movie.shape != note.shape:
        raise MovieError(
            f"'{movie.name}' has {_size(movie.shape)}, but the session was made on"
            f" '{note.name}' with {_size(note.shape)}. Choose that movie."
        )
    if not is_same(note, movie):
        warnings.warn(
            f"The pixels of '{movie.name}' are not those of '{note.name}', on which"
            " the session was made. Its masks are kept as they are.",
            IvosWarning,
            stacklevel=2,
        )


def _size(shape: tuple[int, int, int]) -> str:
    return f"{shape[0]} frames of {shape[1]} x {shape[2]} pixels"
