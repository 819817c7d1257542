"""Where sessions lie: beside their movie, or in a folder of the user's own."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.sessions.layout import SESSION, SUFFIX
from napari_sam2_ivos.io.sessions.opening import read_about

if TYPE_CHECKING:
    from napari_sam2_ivos.io.sessions.about import About, MovieNote

SESSIONS_DIR_VARIABLE = "NAPARI_SAM2_IVOS_SESSIONS"
"""Environment variable naming a folder for sessions whose movie has no place."""


def own_folder() -> Path:
    """Return the folder for sessions that cannot lie beside their movie."""
    named = os.environ.get(SESSIONS_DIR_VARIABLE)
    if named:
        return Path(named).expanduser()
    return user_data_path("napari-sam2-ivos", appauthor=False) / "sessions"


def place_for(name: str, movie: Path | None) -> Path:
    """Return a folder that is not there yet, for a new session.

    Parameters
    ----------
    name : str
        Of the movie.
    movie : Path or None
        Its file. Without one, or where its folder may not be written, the session
        lies in `own_folder`.
    """
    stem = re.sub(r"[^\w .+-]", "_", Path(name).name).strip(" .") or "movie"
    home = own_folder()
    if movie is not None:
        stem = movie.name.removesuffix("".join(movie.suffixes[-2:])) or movie.stem
        if os.access(movie.parent, os.W_OK):
            home = movie.parent
    names = (f"{stem}{'' if i == 1 else f'-{i}'}{SUFFIX}" for i in count(1))
    return next(home / name for name in names if not (home / name).exists())


def earlier_sessions(note: MovieNote) -> list[tuple[Path, About]]:
    """Return the sessions of a movie that are found, the one saved last first.

    Those beside the movie and in `own_folder` are looked at; they are known by the
    movie's fingerprint.
    """
    homes = {own_folder()} | ({note.path.parent} if note.path else set())
    found = []
    for path in (path for home in homes for path in home.glob(f"*{SUFFIX}")):
        try:
            about = read_about(path)
        except FormatError:
            continue  # damaged or newer: opening it tells
        if about.movie.fingerprint == note.fingerprint:
            found.append((path, about))
    return sorted(found, key=lambda one: -saved_at(one[0]))


def saved_at(path: Path) -> float:
    """Return when a session was saved last, seconds since 1970."""
    parts = (path / SESSION, path / "actions", path / "frames")
    return max((part.stat().st_mtime for part in parts if part.exists()), default=0.0)
