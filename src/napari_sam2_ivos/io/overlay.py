"""A picture of the result: some frames with outlines and track IDs."""

from __future__ import annotations

import colorsys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage.measure import find_contours

from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.prompts_labels import masks_of

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore

Colour = tuple[int, int, int]

N_FRAMES = 6
PANEL_AREA = 480 * 480
"""Pixels of one frame in the picture, about."""
MOST_ENLARGED = 4.0
GAP = 8
OVERSAMPLING = 2
DIMMEST = 0.5
HALO: Colour = (0, 0, 0)
BACKGROUND: Colour = (24, 24, 27)


def write_overlay(
    path: str | os.PathLike[str],
    movie: Movie,
    labels: LabelStore,
    frames: Sequence[int] | None = None,
    *,
    contrast: IntensityMapping | None = None,
) -> Path:
    """Draw frames side by side, each object outlined in its own colour.

    Parameters
    ----------
    path : path-like
        A ``.png`` file.
    movie : Movie
    labels : array-like, (T, Y, X)
    frames : sequence of int, optional
        Six spread over the frames with labels by default.
    contrast : IntensityMapping, optional
        One chosen from the movie by default.
    """
    if frames is None:
        every = range(movie.n_frames)
        labelled = [f for f in every if np.asarray(labels[f]).any()] or every
        picks = np.linspace(0, len(labelled) - 1, min(N_FRAMES, len(labelled)))
        frames = [labelled[int(i)] for i in picks.round()]
    mapping = contrast or IntensityMapping.of_movie(movie)
    # Of large planes every second pixel, or fewer, still makes a smooth picture.
    zoom = OVERSAMPLING * (PANEL_AREA / np.prod(movie.plane_shape, dtype=float)) ** 0.5
    step = max(1, int(0.5 / zoom))
    panels = [
        draw_frame(
            mapping(movie.plane(f)[::step, ::step]), np.asarray(labels[f]), f"frame {f}"
        )
        for f in frames
    ]
    with replacing(path) as part:
        _montage(panels).save(part, format="PNG")
    return Path(path).expanduser()


def colour_of(track_id: int) -> Colour:
    """Colour of a track ID: always the same, and far from its neighbours'."""
    hue = (track_id * 0.61803398875 + 0.13) % 1.0
    saturation = (0.75, 0.55, 0.9)[track_id % 3]
    colour = np.array(colorsys.hsv_to_rgb(hue, saturation, 1.0))
    brightness = float(colour @ (0.299, 0.587, 0.114))
    if brightness < DIMMEST:  # blue and violet are hard to read on dark cells
        colour += (1 - colour) * (DIMMEST - brightness) / (1 - brightness)
    red, green, blue = (255 * colour).round().astype(int).tolist()
    return red, green, blue


def draw_frame(plane: np.ndarray, labels: np.ndarray, title: str = "") -> Image.Image:
    """Draw one frame.

    Parameters
    ----------
    plane : ndarray, (h, w, 3) float in 0..1
        Of the same view as the labels, with fewer pixels perhaps.
    labels : ndarray, (Y, X) unsigned int
    title : str
        Written into the upper left corner.
    """
    height, width = labels.shape
    zoom = min(MOST_ENLARGED, (PANEL_AREA / (height * width)) ** 0.5)
    panel = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    zoom *= OVERSAMPLING
    size = (OVERSAMPLING * panel[0], OVERSAMPLING * panel[1])
    grey = Image.fromarray((255 * plane + 0.5).astype(np.uint8))
    picture = grey.resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    masks = masks_of(labels)
    for thickness, halo in ((5, True), (2.5, False)):
        for track_id, mask in masks.items():
            colour = HALO if halo else colour_of(track_id)
            for contour in _outline(mask.pixels):
                points = contour[:, ::-1] + (mask.left - 0.5, mask.top - 0.5)
                line = [tuple(p) for p in (points * zoom).tolist()]
                draw.line(
                    line, colour, round(thickness * OVERSAMPLING / 1.5), joint="curve"
                )
    font = ImageFont.load_default(11 * OVERSAMPLING)
    for track_id, mask in masks.items():
        y, x = _middle(mask.pixels)
        place = (
            _inside((mask.left + x + 0.5) * zoom, size[0], len(str(track_id))),
            _inside((mask.top + y + 0.5) * zoom, size[1]),
        )
        _write(draw, place, str(track_id), font, colour_of(track_id), anchor="mm")
    if title:
        font = ImageFont.load_default(14 * OVERSAMPLING)
        place = (8.0 * OVERSAMPLING, 6.0 * OVERSAMPLING)
        _write(draw, place, title, font, (255, 255, 255), anchor="la")
    return picture.resize(panel, Image.Resampling.BOX)


def _outline(pixels: np.ndarray) -> list[np.ndarray]:
    """Closed lines ``(N, 2)`` around every part and hole, one pixel further in."""
    padded = np.pad(pixels, 1).astype(float)
    return list(find_contours(padded, 0.5))  # type: ignore[no-untyped-call]


def _middle(pixels: np.ndarray) -> tuple[float, float]:
    """A point inside a mask, near its centre, ``(y, x)``."""
    inside = np.argwhere(pixels)
    centre = inside.mean(axis=0)
    nearest = inside[((inside - centre) ** 2).sum(axis=1).argmin()]
    return float(nearest[0]), float(nearest[1])


def _inside(position: float, size: int, n_letters: int = 2) -> float:
    """Move the middle of a word so that all of it is in the picture."""
    margin = (4 + 3 * n_letters) * OVERSAMPLING
    return min(max(position, margin), max(margin, size - margin))


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour: Colour,
    anchor: str,
) -> None:
    draw.text(
        place,
        text,
        colour,
        font,
        anchor=anchor,
        stroke_width=2 * OVERSAMPLING,
        stroke_fill=HALO,
    )


def _montage(panels: Sequence[Image.Image]) -> Image.Image:
    """Put panels of one size into rows, wider than high."""
    width, height = panels[0].size
    columns = min(len(panels), 2 if width > 1.6 * height else 3)
    rows = -(-len(panels) // columns)
    size = (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP)
    picture = Image.new("RGB", size, BACKGROUND)
    for i, panel in enumerate(panels):
        row, column = divmod(i, columns)
        picture.paste(panel, (GAP + column * (width + GAP), GAP + row * (height + GAP)))
    return picture
