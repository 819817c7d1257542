"""Shared by all tests. Imports no napari: the engine's tests run without it."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

# On a machine without napari only what needs no window is tested.
collect_ignore = (
    [] if find_spec("napari") else ["viewer", "widgets", "test_manifest.py"]
)


@pytest.fixture(scope="session", autouse=True)
def _features_of_our_own(tmp_path_factory):
    """Keep the tests out of the user's folder of encoded frames."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("features")
        patch.setenv("NAPARI_SAM2_IVOS_FEATURES", str(folder))
        yield


@pytest.fixture(autouse=True)
def _sessions_of_our_own(tmp_path_factory, monkeypatch):
    """Keep every test out of the user's sessions, and out of those of others."""
    folder = tmp_path_factory.mktemp("sessions")
    monkeypatch.setenv("NAPARI_SAM2_IVOS_SESSIONS", str(folder))
