"""Interactive video object segmentation of microscopy time-lapses with SAM 2.

Names are imported when they are first used: importing the package costs
neither torch nor napari.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_sam2_ivos.api import (
        open_movie,
        open_session,
    )
    from napari_sam2_ivos.core.errors import IvosError
    from napari_sam2_ivos.core.guards import Guards
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.results import FrameResult, ObjectMask
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.engine.loading import ModelSettings, load_segmenter

__version__ = "0.1.0"

__all__ = [
    "FrameResult",
    "Guards",
    "IvosError",
    "ModelSettings",
    "Movie",
    "ObjectMask",
    "Session",
    "__version__",
    "load_segmenter",
    "open_movie",
    "open_session",
]

_HOMES = {
    "FrameResult": "core.results",
    "Guards": "core.guards",
    "IvosError": "core.errors",
    "ModelSettings": "engine.loading",
    "Movie": "core.movie",
    "ObjectMask": "core.results",
    "Session": "core.session",
    "load_segmenter": "engine.loading",
    "open_movie": "api",
    "open_session": "api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
