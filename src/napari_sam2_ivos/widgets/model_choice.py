"""Which model on which device, and how it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam2_ivos.engine.choice import AUTOMATIC
from napari_sam2_ivos.viewer.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import Segmenter
    from napari_sam2_ivos.core.views import LookAt


@dataclass(frozen=True)
class ModelChoice:
    """What the user chose.

    Attributes
    ----------
    model : str
        Name in the catalogue, or "auto"; not used with a checkpoint.
    checkpoint, config : str or None
        Files of another model.
    device : str or None
        None for the fastest there is.
    input_size : int or None
        Side of what the model sees, pixels; None for what it was trained with.
    look_at : {"automatic", "windows", "whole-frame"}
        A window around each object, the whole frame, or what suits each object.
    """

    model: str = AUTOMATIC
    checkpoint: str | None = None
    config: str | None = None
    device: str | None = None
    input_size: int | None = None
    look_at: LookAt = "automatic"


def segmenter_factory(
    choice: ModelChoice, contrast: tuple[float, float] | None
) -> Callable[[Movie], Segmenter]:
    """Return what loads the chosen model for a movie; torch is imported then."""
    keep_features = settings().keep_features  # asked here: `load` is on a thread

    def load(movie: Movie) -> Segmenter:
        from napari_sam2_ivos.api import load_segmenter

        return load_segmenter(
            movie,
            model=choice.model,
            checkpoint=choice.checkpoint,
            config=choice.config,
            device=choice.device,
            contrast=contrast,
            input_size=choice.input_size,
            look_at=choice.look_at,
            keep_features=keep_features,
        )

    return load
