"""What a movie is known by, wherever its file has gone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_sam2_ivos.core.movie import Movie

N_FRAMES = 8
"""Frames that are looked at, spread over the movie."""

SIDE = 128
"""Rows and columns of the part in the middle of each that is looked at."""


def fingerprint_of(movie: Movie) -> str:
    """Return a SHA-256 of the shape of a movie and of some of its pixels.

    It is the same for every file that holds the same pixels, whatever its format,
    byte order and name. A few parts of a few frames are read.

    Raises
    ------
    MovieError
        If a frame cannot be read.
    """
    digest = hashlib.sha256(repr((movie.shape, movie.rgb)).encode())
    frames = np.linspace(0, movie.n_frames - 1, min(N_FRAMES, movie.n_frames))
    rows, columns = (_middle(n) for n in movie.plane_shape)
    for frame in frames.round().astype(int).tolist():
        part = np.ascontiguousarray(movie.part(frame, rows, columns))
        native = part.astype(part.dtype.newbyteorder("<"))
        digest.update(native.dtype.str.encode())
        digest.update(native.tobytes())
    return digest.hexdigest()


def _middle(n: int) -> slice:
    start = max(0, (n - SIDE) // 2)
    return slice(start, min(n, start + SIDE))
