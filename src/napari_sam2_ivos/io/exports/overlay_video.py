"""A video of the result: every frame with outlines and track IDs, mp4 (H.264)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.io.atomic import cannot_save, replacing
from napari_sam2_ivos.io.exports.film import Film

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

FRAMES_PER_SECOND = 10
SHORTEST = 2
"""Seconds that even a short movie takes, so that it can be seen."""
CODEC = "libx264"
SETTINGS = {"preset": "fast", "crf": "18"}
"""Fast to write; at this rate thin coloured lines stay clean."""

BT601, LIMITED = 6, 1
"""How colours become YUV, as FFmpeg counts; unsaid, players guess by the size."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write all frames of the movie with the objects drawn on them.

    Every object has its own colour, the same in all frames and all pictures that
    this program makes. Brightness is mapped the same way on every frame. The picture
    is as large as the movie, up to 1920 pixels, and smaller movies are enlarged.

    Raises
    ------
    FormatError
        If there is no encoder for H.264.
    """
    if CODEC not in av.codecs_available:
        raise FormatError(
            f"'{path.name}' cannot be written: PyAV has no encoder '{CODEC}' here."
            " Install the one from PyPI with 'pip install --force-reinstall av'."
        )
    film = Film(annotated.plane_shape, annotated.interval_s)
    mapping = IntensityMapping.of_movie(annotated.movie)
    with replacing(path) as part:
        try:
            # A file of ours, so that a full disk is told like any other time.
            with part.open("wb") as file, av.open(file, "w", format="mp4") as video:
                stream = _stream(video, film, annotated.n_frames)
                for frame, labels in annotated.planes():
                    plane = annotated.movie.plane(frame)
                    picture = film.draw(plane, mapping, labels, frame)
                    shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
                    video.mux(stream.encode(shown))
                video.mux(stream.encode())
        except av.error.FFmpegError as error:
            raise cannot_save(path, error) from error
    return film.remarks


def _stream(video: Any, film: Film, n_frames: int) -> Any:
    rate = min(Fraction(FRAMES_PER_SECOND), Fraction(n_frames, SHORTEST))
    stream = video.add_stream(CODEC, rate=rate, options=SETTINGS)
    stream.height, stream.width = film.shape
    stream.pix_fmt = "yuv420p"  # what browsers, slides and phones can play
    context = stream.codec_context
    context.colorspace, context.color_range = BT601, LIMITED
    return stream
