"""Finding the movie of a session again, wherever its file has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import IvosError, MovieError
from napari_sam2_ivos.core.fingerprint import fingerprint_of
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.sessions.about import is_there
from napari_sam2_ivos.io.sessions.layout import SUFFIX
from napari_sam2_ivos.io.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam2_ivos.io.sessions.about import MovieNote

MOST_TRIED = 200
"""Files beside a session that are looked into, at most."""


def find_movie(note: MovieNote, folder: Path) -> tuple[Movie, Path]:
    """Return the movie of a session and its file.

    Looked for where it was, and in and around the folder that the session lies in:
    under its old name first, then under any name.

    Parameters
    ----------
    note : MovieNote
    folder : Path
        Of the session.

    Raises
    ------
    MovieError
        If it is in none of these places.
    """
    for path in _places(note, folder):
        try:
            movie = read_movie(note, path)
            if is_same(note, movie):
                return movie, path
        except IvosError:
            continue  # another kind of file, which happens to lie there
    where = f"'{note.path}'" if note.path is not None else "no file"
    raise MovieError(
        f"The movie '{note.name}' of '{folder.name}' was not found: it was in {where},"
        " and is not beside the session either. Say where it is now."
    )


def read_movie(note: MovieNote, path: Path) -> Movie:
    """Open a file as the movie of a session was read.

    Raises
    ------
    IvosError
        If it cannot be opened so.
    """
    source = open_source(path)
    return Movie(source.data, note.time_axis, source.rgb, note.held, source.name)


def is_same(note: MovieNote, movie: Movie) -> bool:
    """Whether a movie holds the pixels that a session was made on."""
    return movie.shape == note.shape and fingerprint_of(movie) == note.fingerprint


def _places(note: MovieNote, folder: Path) -> Iterator[Path]:
    home = folder.parent
    if note.path is not None:
        names = [note.path, home / note.path.name]
        yield from (path for path in names if is_there(path))
    others = [p for p in home.iterdir() if p.suffix != SUFFIX and p.name[0] != "."]
    ending = "" if note.path is None else note.path.suffix
    alike_first = sorted(others, key=lambda path: (path.suffix != ending, path.name))
    yield from (path for path in alike_first[:MOST_TRIED] if is_there(path))
