"""Sessions on the command line: which one, and that it is saved as one goes."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_sam2_ivos.cli.screen import say
from napari_sam2_ivos.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.sources import Source

SessionPath = Annotated[
    Path,
    typer.Argument(
        metavar="SESSION",
        help="Folder of a saved session, NAME.ivos.",
        show_default=False,
    ),
]
MoviePath = Annotated[
    Path | None,
    typer.Option(
        help="Where the movie is now; by default it is looked for where it was and"
        " beside the session."
    ),
]
NewSession = Annotated[
    Path | None,
    typer.Option(
        metavar="NAME.ivos",
        help="Also save a session that napari opens: prompts, objects, labels. Every"
        " frame is in it as soon as it is tracked.",
    ),
]


def check_new(path: Path) -> None:
    """Raise `StoreError` if a session cannot be begun at a place."""
    if path.exists():
        raise StoreError(
            f"'{path}' is there already. Go on with it by 'sam2-ivos resume', or choose"
            " another name."
        )


@contextmanager
def saved_in(
    path: Path | None, session: Session, movie: Path, source: Source
) -> Iterator[None]:
    """Save a new session as it is worked on; nowhere if there is no path."""
    if path is None:
        yield
        return
    from napari_sam2_ivos.io.sessions.about import About, MovieNote
    from napari_sam2_ivos.io.sessions.folder import SessionFolder
    from napari_sam2_ivos.io.sessions.saving import Saving
    from napari_sam2_ivos.saved_sessions import made_with, saved_as_one_goes

    about = About(
        MovieNote.of(session.movie, movie),
        **source.calibration,
        model=made_with(session),
        settings={"max_step_px": session.guards.max_step_px},
    )
    with saved_as_one_goes(Saving(session, SessionFolder.create(path, about))):
        yield
    say(f"Session: {path}")


def movie_of(path: Path | None, session: Path) -> Movie | None:
    """Open the movie that the user names for a session; None if he names none."""
    if path is None:
        return None
    from napari_sam2_ivos.io.sessions.finding import read_movie
    from napari_sam2_ivos.io.sessions.opening import read_about

    return read_movie(read_about(session).movie, path)
