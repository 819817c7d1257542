"""Lazy arrays index as numpy does, and read no more than they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import basic_indices

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.io.lazy_array import FrameArray, GuardedArray

DATA = np.arange(5 * 4 * 6).reshape(5, 4, 6).astype(np.uint16)


def lazy(reads=None):
    def read(frame):
        if reads is not None:
            reads.append(frame)
        return DATA[frame]

    return FrameArray(5, (4, 6), DATA.dtype, read)


@given(index=basic_indices(DATA.shape, allow_newaxis=False))
@settings(max_examples=200, deadline=None)
def test_indexing(index):
    np.testing.assert_array_equal(lazy()[index], DATA[index])


@given(index=st.one_of(st.integers(-5, 4), st.slices(5)))
def test_only_what_is_asked_for_is_read(index):
    reads = []
    lazy(reads)[index]
    assert reads == np.atleast_1d(np.arange(5)[index]).tolist()


def test_what_napari_and_numpy_ask_for():
    array = lazy()
    assert (array.ndim, array.size, len(array)) == (3, 120, 5)
    assert array.nbytes == 240
    np.testing.assert_array_equal(np.asarray(array), DATA)
    assert np.asarray(array, dtype=float).dtype == float


def test_out_of_range():
    with pytest.raises(IndexError):
        lazy()[5]


def test_a_failure_names_the_file(tmp_path):
    class Broken:
        shape, dtype = (3, 4, 5), np.dtype(np.uint8)

        def __getitem__(self, index):
            raise OSError("input/output error")

    with pytest.raises(MovieError, match=r"'m\.tif' cannot be read: input/output"):
        GuardedArray(Broken(), tmp_path / "m.tif")[0]
