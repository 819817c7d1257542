"""Settings in a folder of the test, never those of whoever runs it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from napari import settings as napari_settings

from napari_sam2_ivos.viewer.key_choice import key_choice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def own_settings(folder: Path) -> Iterator[None]:
    """Have napari keep the settings of plugins in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(napari_settings, "_CFG_PATH", str(folder / "settings.yaml"))
        _forget()
        yield
    _forget()


def _forget() -> None:
    napari_settings._clear_plugin_settings_cache()
    key_choice.cache_clear()
