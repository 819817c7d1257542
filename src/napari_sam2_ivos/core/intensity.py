"""One fixed mapping of pixel values to what the model sees, for a whole movie."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import IvosWarning, MovieError

if TYPE_CHECKING:
    from napari_sam2_ivos.core.movie import Movie

N_SAMPLED_FRAMES = 9


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

        8-bit RGB is taken as it is (0 to 255).
        """
        if movie.rgb and np.dtype(movie.data.dtype) == np.uint8:
            return cls(0.0, 255.0)
        n = min(N_SAMPLED_FRAMES, movie.n_frames)
        frames = np.unique(np.linspace(0, movie.n_frames - 1, n).astype(int))
        samples, n_missing, n_pixels = [], 0, 0
        for frame in frames:
            plane = movie.plane(int(frame))
            step = max(1, int(np.sqrt(plane.shape[0] * plane.shape[1] / 250_000)))
            values = np.asarray(plane[::step, ::step], dtype=np.float64).ravel()
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
        mapped = values.astype(np.float32)
        mapped -= np.float32(self.low)
        mapped *= np.float32(scale)
        if values.dtype.kind == "f":
            finite = np.isfinite(mapped)
            if not finite.all():
                mapped[~finite] = 0.0
        return np.clip(mapped, 0.0, 1.0, out=mapped)
