"""Shared by all tests. Imports no napari: the engine's tests run without it."""

from __future__ import annotations

from importlib.util import find_spec

# On a machine without napari only what needs no window is tested.
collect_ignore = (
    [] if find_spec("napari") else ["viewer", "widgets", "test_manifest.py"]
)
