"""How a frame of the overlay video is drawn: fast, however many objects there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from napari_sam2_ivos.io.exports.measurements import Pixels
from napari_sam2_ivos.io.overlay import HALO, Colour, colour_of

if TYPE_CHECKING:
    from napari_sam2_ivos.core.intensity import IntensityMapping

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

LARGEST, SMALLEST = 1920, 960
"""Pixels along the longer side of the picture."""
LEAST = 16
"""Pixels along the shorter side, which encoders want."""
LINE = 2
"""Thickness of an outline; less would lose its colour, of which a video has half."""
PALER = 0.4
"""How much of white there is in the colour of letters, which are thin."""
WHITE: Colour = (255, 255, 255)


class Film:
    """Draws the frames of a movie, all in the same size.

    Parameters
    ----------
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    interval_s : float, optional
        Seconds between frames, to be written beside their number.
    """

    def __init__(
        self, plane_shape: tuple[int, int], interval_s: float | None = None
    ) -> None:
        longest = max(plane_shape)
        zoom = min(max(longest, SMALLEST), LARGEST) / longest
        self._plane_shape, self._interval_s = plane_shape, interval_s
        self.shape = _even(plane_shape[0] * zoom), _even(plane_shape[1] * zoom)
        self._rows, self._columns = (
            ((np.arange(n) + 0.5) * m / n).astype(int)
            for n, m in zip(self.shape, plane_shape, strict=True)
        )
        size = max(self.shape) / 68
        self._small, self._large = (
            ImageFont.load_default(s) for s in (size, 1.2 * size)
        )
        self._half = 0.4 * size + 2

    @property
    def remarks(self) -> list[str]:
        """What a user should know about the size."""
        if max(self._plane_shape) <= LARGEST:
            return []
        (height, width), (y, x) = self.shape, self._plane_shape
        return [f"The video has {height} x {width} pixels, the movie {y} x {x}."]

    def draw(
        self,
        plane: np.ndarray,
        mapping: IntensityMapping,
        labels: np.ndarray,
        frame: int,
    ) -> np.ndarray:
        """Draw a frame.

        Parameters
        ----------
        plane : ndarray, (Y, X) or (Y, X, 3)
            Of the movie.
        mapping : IntensityMapping
        labels : ndarray, (Y, X) unsigned int
        frame : int

        Returns
        -------
        ndarray, (h, w, 3) uint8
        """
        step = max(1, min(self._plane_shape) // (2 * min(self.shape)))
        brightness = (255 * mapping(plane[::step, ::step]) + 0.5).astype(np.uint8)
        picture = Image.fromarray(brightness).resize(
            self.shape[::-1], Image.Resampling.BILINEAR
        )
        shown = labels[self._rows[:, None], self._columns]
        inner, outer = _outlines(shown)
        pixels = Pixels.of_plane(shown)
        colours = np.zeros((int(shown.max()) + 1, 3), np.uint8)
        for track_id in pixels.ids.tolist():
            colours[track_id] = colour_of(track_id)
        drawn = np.array(picture)
        drawn[outer] = HALO
        drawn[inner] = colours[shown[inner]]
        picture = Image.fromarray(drawn)
        self._write_ids(picture, pixels)
        self._write(picture, (10.0, 8.0), self._title(frame), WHITE, self._large, "la")
        return np.asarray(picture)

    def _write_ids(self, picture: Image.Image, pixels: Pixels) -> None:
        height, width = self.shape
        for track_id, (y, x) in zip(pixels.ids.tolist(), _middles(pixels), strict=True):
            text = str(track_id)
            margin = self._small.getlength(text) / 2 + 2
            place = (
                min(max(x, margin), width - margin),
                min(max(y, self._half), height - self._half),
            )
            red, green, blue = (
                round(value + PALER * (255 - value)) for value in colour_of(track_id)
            )
            self._write(picture, place, text, (red, green, blue), self._small, "mm")

    def _write(
        self,
        picture: Image.Image,
        place: tuple[float, float],
        text: str,
        colour: Colour,
        font: Font,
        anchor: str,
    ) -> None:
        ImageDraw.Draw(picture).text(
            place, text, colour, font, anchor, stroke_width=2, stroke_fill=HALO
        )

    def _title(self, frame: int) -> str:
        title = f"frame {frame}"
        if self._interval_s:
            minutes, seconds = divmod(round(frame * self._interval_s), 60)
            title += f"   {minutes // 60}:{minutes % 60:02}:{seconds:02}"
        return title


def _even(size: float) -> int:
    """Return the nearest even number, which the encoder wants, not below the least."""
    return max(LEAST, 2 * round(size / 2))


def _outlines(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the outlines are, ``(h, w)`` bool, and the dark line around them."""
    padded = np.pad(labels, LINE)
    height, width = labels.shape
    differs = np.zeros(labels.shape, bool)
    for by in range(1, LINE + 1):
        for dy, dx in ((by, 0), (-by, 0), (0, by), (0, -by)):
            top, left = LINE + dy, LINE + dx
            differs |= padded[top : top + height, left : left + width] != labels
    inside = labels > 0
    return differs & inside, differs & ~inside


def _middles(pixels: Pixels) -> list[tuple[float, float]]:
    """Return a point inside each object, near its centroid, ``(y, x)``."""
    if not pixels.ids.size:
        return []
    ys, xs = (
        pixels.spread(pixels.sum(at) / pixels.sizes)
        for at in (pixels.rows, pixels.columns)
    )
    away = (pixels.rows - ys) ** 2 + (pixels.columns - xs) ** 2
    at = np.flatnonzero(away == pixels.spread(np.minimum.reduceat(away, pixels.first)))
    owner = np.repeat(np.arange(len(pixels.ids)), pixels.sizes)[at]
    at = at[np.unique(owner, return_index=True)[1]]
    return list(zip(pixels.rows[at].tolist(), pixels.columns[at].tolist(), strict=True))
