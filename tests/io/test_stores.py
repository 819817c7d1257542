"""The working copy of the labels is in memory, or a zarr that cleans up."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.io import stores
from napari_sam2_ivos.io.stores import create_store


def use(store):
    assert store.shape == (4, 30, 40)
    assert store.dtype == np.uint16
    assert not np.asarray(store[2]).any()
    plane = np.arange(1200, dtype=np.uint16).reshape(30, 40)
    store[2] = plane
    np.testing.assert_array_equal(store[2], plane)
    assert not np.asarray(store[3]).any()


def test_small_is_in_memory():
    store = create_store((4, 30, 40))
    assert isinstance(store, np.ndarray)
    use(store)


def test_large_is_a_temporary_zarr(monkeypatch):
    monkeypatch.setattr(stores, "LARGEST_IN_MEMORY", 100)
    store = create_store((4, 30, 40))
    folder = Path(str(store.store.root))
    assert folder.exists()
    use(store)
    assert store.chunks == (1, 30, 40)
    del store
    gc.collect()
    assert not folder.exists()


def test_an_object_on_a_large_frame_is_written_into_few_files(tmp_path):
    store = create_store((3, 2100, 2100), path=tmp_path / "work.zarr")
    store[1, 500:530, 600:640] = 7
    chunks = [f for f in (tmp_path / "work.zarr" / "c").rglob("*") if f.is_file()]
    assert len(chunks) == 2, "across one border of chunks"
    assert (np.asarray(store[1]) == 7).sum() == 30 * 40


def test_a_place_of_choice(tmp_path):
    store = create_store((4, 30, 40), path=tmp_path / "work.zarr")
    use(store)
    assert (tmp_path / "work.zarr").is_dir()


def test_a_place_that_is_taken(tmp_path):
    (tmp_path / "work.zarr").mkdir()
    with pytest.raises(StoreError, match="there already"):
        create_store((4, 30, 40), path=tmp_path / "work.zarr")


def test_uint16_only():
    with pytest.raises(StoreError, match="uint8"):
        create_store((4, 30, 40), np.uint8)
