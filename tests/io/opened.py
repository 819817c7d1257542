"""Made-up stacks, and the check that an opened file is the movie that was written."""

from __future__ import annotations

import numpy as np

from napari_sam2_ivos.core.movie import Movie

DTYPES = ("uint8", "uint16", "int16", "uint32", "float32", "float64")


def stack(shape, dtype="uint16"):
    n = int(np.prod(shape))
    return (np.arange(n) % 251).reshape(shape).astype(dtype)


def as_movie(source):
    return Movie(source.data, source.time_axis, source.rgb, name=source.name)


def check(source, expected):
    movie = as_movie(source)
    assert movie.n_frames == len(expected)
    for frame in (0, len(expected) - 1):
        np.testing.assert_array_equal(movie.plane(frame), expected[frame])
