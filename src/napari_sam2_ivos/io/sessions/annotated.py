"""A session as what exports are made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie
from napari_sam2_ivos.io.sessions.finding import find_movie
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.io.sessions.planes import mend_in_doubt, readable_labels
from napari_sam2_ivos.io.sessions.restoring import check_movie

if TYPE_CHECKING:
    import os
    from collections.abc import Callable


def read_annotated(
    path: str | os.PathLike[str],
    movie: Movie | None = None,
    *,
    needs_movie: bool = True,
    on_frame: Callable[[int], None] | None = None,
) -> AnnotatedMovie:
    """Open a session on disk to be exported; it is only read, and lazily.

    Parameters
    ----------
    path : path-like
        The session's folder.
    movie : Movie, optional
        Its movie; looked for by default.
    needs_movie : bool
        Whether pixels of the movie are asked for. If not, and it is not found, a black
        one stands for it: labels can be handed on without their movie.
    on_frame : callable, (int) -> None, optional
        See `AnnotatedMovie`.

    Raises
    ------
    FormatError
        If the folder is no session, or one of a newer program.
    MovieError
        If the movie is needed and not found, or is another one; or if a label plane
        is damaged.
    """
    path = Path(path).expanduser()
    saved = open_folder(path, to_write=False)
    mend_in_doubt(saved)
    about, file = saved.about, saved.about.movie.path
    if movie is not None:
        check_movie(about.movie, movie)
    else:
        try:
            movie, file = find_movie(about.movie, path)
        except MovieError:
            if needs_movie:
                raise
            black = np.broadcast_to(np.uint8(0), about.movie.shape)
            movie = Movie(black, name=about.movie.name)
    return AnnotatedMovie(
        movie,
        readable_labels(saved),
        saved.tracks,
        **about.calibration,
        path=file,
        model=str(about.model.get("model", "")),
        on_frame=on_frame,
    )
