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
    from napari_sam2_ivos.io.exports.formats import export
    from napari_sam2_ivos.io.sessions.annotated import read_annotated
    from napari_sam2_ivos.saved_sessions import open_saved

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
    "export",
    "load_segmenter",
    "open_movie",
    "open_saved",
    "open_session",
    "read_annotated",
]

_HOMES = {
    "FrameResult": "core.results",
    "Guards": "core.guards",
    "IvosError": "core.errors",
    "ModelSettings": "engine.loading",
    "Movie": "core.movie",
    "ObjectMask": "core.results",
    "Session": "core.session",
    "export": "io.exports.formats",
    "load_segmenter": "engine.loading",
    "open_movie": "api",
    "open_saved": "saved_sessions",
    "open_session": "api",
    "read_annotated": "io.sessions.annotated",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
