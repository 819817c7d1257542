"""The short public API: a movie in, a session out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.engine.choice import AUTOMATIC

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.core.views import LookAt
    from napari_sam2_ivos.engine.segmenter import Sam2Segmenter


def open_movie(
    source: Any,
    *,
    time_axis: int | None = None,
    rgb: bool | None = None,
    held: Mapping[int, int] | None = None,
    name: str | None = None,
) -> Movie:
    """Open an array-like or a file as a movie.

    Parameters
    ----------
    source : array-like, path or Movie
        An array is taken as ``(T, Y, X)``, or ``(T, Y, X, 3)`` if `rgb`; a
        path may be a TIFF, zarr, ``.npy``, video, or a folder of frames.
    time_axis : int, optional
        Axis of time; the first, or the one the file names.
    rgb : bool, optional
        Whether the last axis is colour; False, or what the file says.
    held : mapping of int to int, optional
        Index at which other axes (Z, channel) are held; 0 by default.
    name : str, optional
        What to call the movie in messages.

    Raises
    ------
    MovieError, FormatError
        If it cannot be opened or is no movie.
    """
    if isinstance(source, Movie):
        return source
    if isinstance(source, str | os.PathLike):
        from napari_sam2_ivos.io.sources import open_source

        found = open_source(Path(source))
        return Movie(
            found.data,
            found.time_axis if time_axis is None else time_axis,
            found.rgb if rgb is None else rgb,
            held or {},
            found.name if name is None else name,
        )
    return Movie(source, time_axis or 0, bool(rgb), held or {}, name or "movie")


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


def open_session(
    movie: Any, *, labels: LabelStore | None = None, **settings: Unpack[ModelSettings]
) -> Session:
    """Begin a session on a movie.

    Parameters
    ----------
    movie : array-like, path or Movie
        See `open_movie`.
    labels : LabelStore, optional
        ``(T, Y, X)`` array that takes the labels; made by default, in memory
        or, for a long movie, in a temporary file.
    **settings
        See `ModelSettings`.

    Examples
    --------
    >>> session = open_session("cells.tif")
    >>> session.add_points(track_id=1, frame=0, points=[[120, 80]])
    >>> for result in session.propagate(direction="both"):
    ...     print(result.frame)
    >>> session.labels
    """
    from napari_sam2_ivos.io.stores import create_store

    movie = open_movie(movie)
    segmenter = load_segmenter(movie, **settings)
    if labels is None:
        labels = create_store(movie.shape)
    return Session(movie, segmenter, labels)
