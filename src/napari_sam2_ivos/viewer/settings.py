"""What the user chose on the plugin's page in napari's Preferences.

The page and the file behind it are napari's (`configurations` in napari.yaml).
What is changed there counts at once, with every letter that is typed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari.settings import get_plugin_settings
from psygnal import SignalInstance

from napari_sam2_ivos.core.errors import IvosWarning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam2_ivos.core.views import LookAt

PLUGIN = "napari-sam2-ivos"

changed = SignalInstance((), name="changed")
"""Emitted when anything on the page was changed."""


@dataclass(frozen=True)
class Settings:
    """The page, as it is now.

    Attributes
    ----------
    model : str
        With which the panel begins: a name in the catalogue, or "auto".
    device : str or None
        "cpu", "cuda" or "mps"; None for the fastest there is.
    look_at : {"automatic", "windows", "whole-frame"}
        What the model of a panel looks at to begin with.
    keep_features : bool
        Whether what the model sees of a frame is kept in the user's cache folder.
    keys : mapping of str to str
        Keys of an action, as typed; an action that is not there has its own keys
        (`keys.KEYS`).
    """

    model: str = "auto"
    device: str | None = None
    look_at: LookAt = "automatic"
    keep_features: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)


def settings() -> Settings:
    """Return the settings; the defaults, with a warning, if napari has none of ours.

    It has none while the plugin is disabled, which does not keep a script from
    opening the panel.
    """
    try:
        page = get_plugin_settings(PLUGIN)
    except KeyError:
        warnings.warn(
            f"The settings of '{PLUGIN}' cannot be read, because napari does not know"
            " the plugin or it is disabled (Plugins > Install/Uninstall Plugins). The"
            " usual settings are used.",
            IvosWarning,
            stacklevel=2,
        )
        return Settings()
    _follow(page)
    model = page.model
    return Settings(
        model=model.name,
        device=None if model.device == "auto" else model.device,
        look_at=model.look_at,
        keep_features=model.keep_features,
        keys=page.keys.model_dump(),
    )


_followed: list[Any] = []


def _follow(page: Any) -> None:
    """Listen to a page; napari makes a new one when plugins come or go."""
    if any(page is known for known in _followed):
        return
    _followed[:] = [page]
    page.events.changed.connect(_on_changed)


def _on_changed(event: Any) -> None:
    changed.emit()
