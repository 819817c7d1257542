"""One fixed mapping of pixel values to what the model sees, for a whole movie."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import IvosWarning, MovieError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.core.movie import Movie

N_SAMPLED_FRAMES = 9

LARGE_PLANE = 4_000_000
"""Pixels of a plane above which only blocks of it are looked at."""

N_BLOCKS = 15
"""Blocks of a large plane along each side, all sampled frames together."""

BLOCK = 256
"""Rows and columns of a block."""

BRIGHT_IN_BLOCK = 99.5
"""Percentile of a block that counts as bright: an object of 20 pixels in it does, a
speck of dust does not."""


@dataclass(frozen=True)
class IntensityMapping:
    """Affine mapping of pixel values to 0..1, the same on every frame.

    Per-frame stretching makes a bleaching or emptying field flicker, and
    8-bit conversion squeezes 12-bit camera data to 16 grey levels.

    Parameters
    ----------
    low, high : float
        Values mapped to 0 and 1; what lies outside is clipped.
    is_grey : bool
        Whether colours become their mean, for a model that knows grey only.
    """

    low: float
    high: float
    is_grey: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high)):
            raise MovieError(
                f"Contrast limits {self.low} and {self.high} are not finite numbers."
            )

    @classmethod
    def of_movie(
        cls, movie: Movie, percentiles: tuple[float, float] = (0.1, 99.9)
    ) -> IntensityMapping:
        """Choose the mapping from percentiles over frames spread over the movie.

        Of planes of more than 4 million pixels, blocks are looked at: 15 x 15 of 256 x
        256 pixels spread over the plane, dealt out to the frames, so that each of nine
        frames has 25 of them and every object larger than the gaps is met on some.
        A few objects in so many pixels do not count, so that the mapping also reaches
        up to what is bright in the brightest block. Where all blocks are of one value,
        such as a background of exact zeros with few objects in it, the mapping goes
        from the lowest to the highest value of everything on these frames. 8-bit RGB is
        taken as it is (0 to 255).
        """
        if movie.rgb and np.dtype(movie.data.dtype) == np.uint8:
            return cls(0.0, 255.0)
        n = min(N_SAMPLED_FRAMES, movie.n_frames)
        frames = np.unique(np.linspace(0, movie.n_frames - 1, n).astype(int))
        samples, n_missing, n_pixels = [], 0, 0
        is_large = np.prod(movie.plane_shape, dtype=np.int64) > LARGE_PLANE
        sampled = _blocks(movie, frames) if is_large else _planes(movie, frames)
        for values in sampled:
            finite = values[np.isfinite(values)]
            n_missing += values.size - finite.size
            n_pixels += values.size
            samples.append(finite)
        pooled = np.concatenate(samples)
        if pooled.size == 0:
            raise MovieError(
                f"'{movie.name}' holds no finite pixel in the frames looked at. Check"
                " how it was exported."
            )
        if n_missing:
            warnings.warn(
                f"'{movie.name}' has NaN or infinite pixels"
                f" ({100 * n_missing / n_pixels:.2g} %); the model sees them as black.",
                IvosWarning,
                stacklevel=2,
            )
        low, high = np.percentile(pooled, percentiles)
        if is_large:
            bright = [np.percentile(v, BRIGHT_IN_BLOCK) for v in samples if v.size]
            high = max(high, *bright)
        if is_large and low == high:
            low, high = _extremes(movie, frames)
        return cls(float(low), float(high))

    def __call__(self, plane: np.ndarray) -> np.ndarray:
        """Map a plane.

        Parameters
        ----------
        plane : ndarray, (Y, X) or (Y, X, 3)

        Returns
        -------
        ndarray, (Y, X, 3) float32 in 0..1
            NaN and infinite pixels become 0; grey is repeated.
        """
        values = self.scaled(plane)
        if values.ndim == 3 and self.is_grey:
            values = values.mean(axis=-1)
        if values.ndim == 2:
            values = np.broadcast_to(values[..., None], (*values.shape, 3))
        return values

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Map values of any shape to 0..1 float32; NaN and infinite ones to 0."""
        scale = 1.0 / (self.high - self.low) if self.high > self.low else 0.0
        with np.errstate(over="ignore"):
            mapped = values.astype(np.float32)
        if values.dtype.kind == "f":
            finite = np.isfinite(mapped)
            if not finite.all():
                mapped[~finite] = self.low
        mapped -= np.float32(self.low)
        mapped *= np.float32(scale)
        return np.clip(mapped, 0.0, 1.0, out=mapped)


def _planes(movie: Movie, frames: np.ndarray) -> Iterator[np.ndarray]:
    """Yield some values of each plane, float64, as far apart as they may be."""
    for frame in frames.tolist():
        plane = movie.plane(frame)
        step = max(1, int(np.sqrt(plane.shape[0] * plane.shape[1] / 250_000)))
        yield np.asarray(plane[::step, ::step], dtype=np.float64).ravel()


def _blocks(movie: Movie, frames: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a quarter of the values of each block of planes that are large, float64."""
    sides = [min(n, BLOCK) for n in movie.plane_shape]
    tops, lefts = (
        np.unique(np.linspace(0, n - side, N_BLOCKS).astype(int)).tolist()
        for n, side in zip(movie.plane_shape, sides, strict=True)
    )
    # Each frame has blocks from all over the plane.
    turn = np.add.outer(3 * np.arange(len(tops)), np.arange(len(lefts))) % len(frames)
    for i, frame in enumerate(frames.tolist()):
        for y, x in np.argwhere(turn == i).tolist():
            top, left = tops[y], lefts[x]
            rows, columns = slice(top, top + sides[0]), slice(left, left + sides[1])
            block = movie.part(frame, rows, columns)
            yield np.asarray(block[::2, ::2], dtype=np.float64).ravel()


def _extremes(movie: Movie, frames: np.ndarray) -> tuple[float, float]:
    """Return the lowest and highest finite value on some frames, read in bands."""
    low, high = np.inf, -np.inf
    height, width = movie.plane_shape
    for frame in frames.tolist():
        for top in range(0, height, BLOCK):
            rows = slice(top, min(height, top + BLOCK))
            band = movie.part(frame, rows, slice(0, width))
            finite = band[np.isfinite(band)]
            if finite.size:
                low, high = min(low, finite.min()), max(high, finite.max())
    return float(low), float(high)
