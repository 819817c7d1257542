"""Synthetic time-lapses with ground truth, for tests, samples and training."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.testing.anatomy import draw, texture_tiles
from napari_sam2_ivos.testing.optics import MODALITIES
from napari_sam2_ivos.testing.population import Habits, Population

if TYPE_CHECKING:
    from collections.abc import Iterator

HELD_OUT_SEED = 90_000
HABITS = {
    "nuclei": Habits(roughness=0.03),
    "membranes": Habits(roughness=0.08, crowding=0.84, aspect=(1.0, 1.4)),
    "phase": Habits(roughness=0.16, aspect=(1.0, 2.6), diffusion=0.9),
    "spread": Habits(
        radius=20.0,
        roughness=0.14,
        aspect=(1.0, 2.8),
        crowding=1.0,
        processes=2.5,
        p_away=0.05,
    ),
    "dic": Habits(roughness=0.06, aspect=(1.0, 1.8)),
    "brightfield": Habits(roughness=0.06, aspect=(1.0, 1.5)),
    "rods": Habits(aspect=(2.2, 4.5), radius=10.0, crowding=1.15, speed=0.8),
    "textured": Habits(roughness=0.10, aspect=(1.0, 1.8)),
}


@dataclass(frozen=True, eq=False)
class SyntheticMovie:
    """A movie and the truth about it.

    Attributes
    ----------
    movie : ndarray, (T, Y, X) uint16
        Camera counts.
    labels : ndarray, (T, Y, X) uint16
        Track IDs, 0 is background. A cell that divides ends; its daughters have
        IDs of their own.
    parents : dict of int to int
        Track ID of the mother of each daughter.
    """

    movie: np.ndarray
    labels: np.ndarray
    parents: dict[int, int] = field(default_factory=dict)


def synthetic_movie(
    modality: str = "nuclei",
    n_frames: int = 20,
    shape: tuple[int, int] = (256, 256),
    n_objects: int = 8,
    seed: int = 0,
    *,
    habits: Habits | None = None,
    photons: float = 800.0,
    blur: float = 0.0,
    bleaching: float = 0.01,
    unevenness: float = 0.15,
    invert: bool = False,
    focus_drift: float = 0.0,
    debris: int = 0,
) -> SyntheticMovie:
    """Make a time-lapse of cells that move, touch, divide, come and go.

    Parameters
    ----------
    modality : {'nuclei', 'membranes', 'phase', 'spread', 'dic', 'brightfield', \
'rods', 'textured'}
    n_frames : int
    shape : tuple of int
        (Y, X) in pixels.
    n_objects : int
        Cells at the first frame.
    seed : int
        The same arguments give the same movie.
    habits : Habits, optional
        Size, shape and behaviour; by default those that suit the modality.
    photons : float
        At full brightness; fewer are noisier.
    blur : float
        Extra defocus in pixels.
    bleaching : float
        Share of the light lost per frame.
    unevenness : float
        Strength of a slowly drifting uneven background.
    invert : bool
        Dark objects where they would be bright, and the other way round.
    focus_drift : float
        Largest blur in pixels that the movie drifts into and out of.
    debris : int
        Specks lying around that are no objects.

    Returns
    -------
    SyntheticMovie

    Raises
    ------
    ValueError
        If there is no such modality.

    Examples
    --------
    >>> sample = synthetic_movie("nuclei", n_frames=3, shape=(64, 64), n_objects=2)
    >>> sample.movie.shape, sample.labels.dtype
    ((3, 64, 64), dtype('uint16'))
    """
    if modality not in MODALITIES:
        raise ValueError(f"No modality '{modality}'; choose one of {list(MODALITIES)}.")
    rng = np.random.default_rng(seed)
    population = Population(shape, n_objects, n_frames, habits or HABITS[modality], rng)
    tiles = texture_tiles(rng)
    backdrop = _backdrop(rng, shape)
    specks = _specks(rng, shape, debris) if debris else None
    phase = rng.uniform(0, np.pi) if focus_drift else 0.0
    movie = np.zeros((n_frames, *shape), np.uint16)
    labels = np.zeros((n_frames, *shape), np.uint16)
    for t in range(n_frames):
        if t:
            population.advance()
        seen_cells = [c for c in population.cells if not c.is_away(t)]
        anatomy = draw(seen_cells, shape, tiles, rods=modality == "rods")
        image = MODALITIES[modality](anatomy)
        if specks is not None:
            image = image + np.where(anatomy.labels > 0, 0, specks)
        defocus = focus_drift * abs(np.sin(phase + np.pi * t / max(1, n_frames)))
        if blur or defocus:
            image = ndimage.gaussian_filter(image, blur + defocus)
        if invert:
            image = 0.9 - image
        shift = (t * shape[0] // 300) % backdrop.shape[0]
        light = backdrop[shift : shift + shape[0], shift : shift + shape[1]]
        image = image * (1 - bleaching) ** t + unevenness * (light - 0.5)
        movie[t] = _expose(rng, image, photons)
        labels[t] = anatomy.labels
    seen = set(np.unique(labels).tolist())
    parents = {
        child: mother
        for child, mother in population.parents.items()
        if child in seen and mother in seen
    }
    return SyntheticMovie(movie, labels, parents)


def held_out_movies(
    n_each: int, n_frames: int = 20
) -> Iterator[tuple[str, SyntheticMovie]]:
    """Make the movies that models are measured on, `n_each` of every modality.

    Their seeds are never used in training.
    """
    for modality in HABITS:
        for number in range(n_each):
            yield (
                modality,
                synthetic_movie(
                    modality,
                    n_frames=n_frames,
                    n_objects=6 if modality == "spread" else 12,
                    seed=HELD_OUT_SEED + number,
                ),
            )


def _backdrop(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Smooth light field of twice the image's size, 0 to 1."""
    rows, columns = 2 * shape[0], 2 * shape[1]
    coarse = rng.uniform(0, 1, (7, 7)).astype(np.float32)
    at = np.meshgrid(np.linspace(1, 5, rows), np.linspace(1, 5, columns), indexing="ij")
    return np.asarray(ndimage.map_coordinates(coarse, at, order=3))


def _specks(
    rng: np.random.Generator, shape: tuple[int, int], number: int
) -> np.ndarray:
    """Small dark or bright grains, each with a ring of the other tone."""
    field_of_dots = np.zeros(shape, np.float32)
    rows, columns = (rng.integers(0, side, number) for side in shape)
    field_of_dots[rows, columns] = rng.normal(-0.7, 0.8, number)
    image = np.zeros(shape, np.float32)
    for sigma, weight in ((1.0, 1.0), (2.0, 1.5)):
        part = np.where(rng.random(shape) < 0.5, field_of_dots, 0)
        blurred = ndimage.gaussian_filter(part, sigma)
        around = ndimage.gaussian_filter(part, 2 * sigma)
        image += weight * (blurred - 1.5 * around)
    return image


def _expose(rng: np.random.Generator, image: np.ndarray, photons: float) -> np.ndarray:
    """Camera counts of an image: shot noise, read noise, gain and offset."""
    light = photons * np.maximum(image, 0.005)
    shot = np.sqrt(light) * rng.standard_normal(image.shape, dtype=np.float32)
    read = 2.0 * rng.standard_normal(image.shape, dtype=np.float32)
    counts = 200 + 8 * (light + shot + read)
    return np.asarray(np.clip(counts, 0, 65535).astype(np.uint16))


def harder(habits: Habits, rng: np.random.Generator) -> Habits:
    """Vary habits widely around those of a modality, for training and tests.

    Parameters
    ----------
    habits : Habits
    rng : np.random.Generator

    Returns
    -------
    Habits
    """
    return replace(
        habits,
        radius=habits.radius * float(np.exp(rng.uniform(-0.6, 0.6))),
        roughness=habits.roughness * float(rng.uniform(0.5, 1.8)),
        speed=float(rng.gamma(1.5, 1.2)),
        diffusion=float(rng.gamma(1.5, 0.6)),
        crowding=habits.crowding * float(rng.uniform(0.85, 1.2)),
        p_division=0.3,
        p_birth=0.3,
        processes=habits.processes * float(rng.uniform(0.4, 1.6)),
        p_away=0.1,
    )
