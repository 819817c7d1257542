"""The short public API: a movie in, a session out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.engine.loading import load_segmenter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.engine.loading import ModelSettings

__all__ = ["load_segmenter", "open_movie", "open_session"]


def open_movie(
    source: Any,
    *,
    time_axis: int | None = None,
    rgb: bool | None = None,
    held: Mapping[int, int] | None = None,
    name: str | None = None,
) -> Movie:
    """Open an array-like or a file as a movie.

    Parameters
    ----------
    source : array-like, path or Movie
        An array is taken as ``(T, Y, X)``, or ``(T, Y, X, 3)`` if `rgb`; a
        path may be a TIFF, zarr, ``.npy``, video, or a folder of frames.
    time_axis : int, optional
        Axis of time; the first, or the one the file names.
    rgb : bool, optional
        Whether the last axis is colour; False, or what the file says.
    held : mapping of int to int, optional
        Index at which other axes (Z, channel) are held; 0 by default.
    name : str, optional
        What to call the movie in messages.

    Raises
    ------
    MovieError, FormatError
        If it cannot be opened or is no movie.
    """
    if isinstance(source, Movie):
        return source
    if isinstance(source, str | os.PathLike):
        from napari_sam2_ivos.io.sources import open_source

        found = open_source(Path(source))
        return Movie(
            found.data,
            found.time_axis if time_axis is None else time_axis,
            found.rgb if rgb is None else rgb,
            held or {},
            found.name if name is None else name,
        )
    return Movie(source, time_axis or 0, bool(rgb), held or {}, name or "movie")


def open_session(
    movie: Any, *, labels: LabelStore | None = None, **settings: Unpack[ModelSettings]
) -> Session:
    """Begin a session on a movie.

    Parameters
    ----------
    movie : array-like, path or Movie
        See `open_movie`.
    labels : LabelStore, optional
        ``(T, Y, X)`` array that takes the labels; made by default, in memory
        or, for a long movie, in a temporary file.
    **settings
        See `ModelSettings`.

    Examples
    --------
    >>> session = open_session("cells.tif")
    >>> session.add_points(track_id=1, frame=0, points=[[120, 80]])
    >>> for result in session.propagate(direction="both"):
    ...     print(result.frame)
    >>> session.labels
    """
    from napari_sam2_ivos.io.stores import create_store

    movie = open_movie(movie)
    segmenter = load_segmenter(movie, **settings)
    if labels is None:
        labels = create_store(movie.shape)
    return Session(movie, segmenter, labels)
