"""Loading a model for a movie, with everything that its masks depend on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.engine.choice import AUTOMATIC

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Unpack

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.views import LookAt
    from napari_sam2_ivos.engine.segmenter import Sam2Segmenter


class ModelSettings(TypedDict, total=False):
    """How a model is chosen and run; what is left out has a good default.

    Attributes
    ----------
    model : str
        Name in the catalogue (``sam2-ivos models`` lists them), or "auto": the
        best that is installed and fits the device, the bundled one on a CPU. The
        segmenter's `model_name` tells which it is.
    checkpoint, config : path or None
        Files of any other SAM 2 or 2.1 model.
    device : str or None
        "cpu", "cuda" or "mps"; the fastest there is by default.
    contrast : (float, float) or None
        Pixel values shown to the model as black and white, the same on every
        frame; percentiles over the movie by default.
    input_size : int or None
        Side of the square that a whole frame is resized to for the model, pixels, a
        multiple of 32; as the model was trained by default. Smaller is faster and
        sees less (README).
    window_size : int or None
        The same for windows; by default 448, or 256 for the bundled model, but no more
        than for whole frames.
    look_at : {"automatic", "windows", "whole-frame"}
        What the model looks at: a window around each object, which follows it, the
        whole frame, or ("automatic", the default) what suits the size of each object.
    compiled : bool
        Compile the image encoder, which takes a minute at the first frame and a C++
        compiler; False by default.
    keep_features : bool
        Keep what the encoder makes of each frame in files of the user's cache
        folder, so that the next opening of the movie finds it; False by default.
    exclusive_memory : bool
        Whether objects that are tracked together may not overlap in each
        other's memory; all then look at the whole frame. False by default, so that no
        object depends on another.
    """

    model: str
    checkpoint: str | Path | None
    config: str | Path | None
    device: str | None
    contrast: tuple[float, float] | None
    input_size: int | None
    window_size: int | None
    compiled: bool
    keep_features: bool
    look_at: LookAt
    exclusive_memory: bool


def load_segmenter(movie: Movie, **settings: Unpack[ModelSettings]) -> Sam2Segmenter:
    """Load a model for a movie; takes seconds the first time.

    Parameters
    ----------
    movie : Movie
    **settings
        See `ModelSettings`.

    Raises
    ------
    ModelError
        If the model is not installed, damaged, or does not fit its config.
    """
    from napari_sam2_ivos.engine.checkpoint import load_model
    from napari_sam2_ivos.engine.device import choose_device
    from napari_sam2_ivos.engine.feature_files import FeatureFiles
    from napari_sam2_ivos.engine.segmenter import Sam2Segmenter

    contrast = settings.get("contrast")
    if contrast is None:
        mapping = IntensityMapping.of_movie(movie)
    else:
        mapping = IntensityMapping(*contrast)
    model = load_model(
        choose_device(settings.get("device")),
        settings.get("model", AUTOMATIC),
        settings.get("checkpoint"),
        settings.get("config"),
        input_size=settings.get("input_size"),
        window_size=settings.get("window_size"),
        compiled=settings.get("compiled", False),
    )
    if model.name == "bundled":
        # It was trained on grey movies, and two colours halve its mean J.
        mapping = replace(mapping, is_grey=True)
    exclusive = settings.get("exclusive_memory", False)
    return Sam2Segmenter(
        model,
        movie,
        mapping,
        files=FeatureFiles(model.net) if settings.get("keep_features") else None,
        exclusive_memory=exclusive,
        look_at=settings.get("look_at", "whole-frame" if exclusive else "automatic"),
    )
