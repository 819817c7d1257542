"""Movies in which small cells lie in large images, and some in which they do not.

`python -m benchmarks.window_scenes` prints what is in each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from benchmarks.discs import Discs
from napari_sam2_ivos.api import open_movie
from napari_sam2_ivos.io.labels import read_labels
from napari_sam2_ivos.testing.anatomy import draw, texture_tiles
from napari_sam2_ivos.testing.movies import synthetic_movie
from napari_sam2_ivos.testing.optics import nuclei
from napari_sam2_ivos.testing.population import Habits, Population
from napari_sam2_ivos.testing.trials import objects_to_follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_sam2_ivos.testing.population import Cell

N_FRAMES = 20
NOBODY_COMES_OR_GOES: dict[str, Any] = {"p_division": 0.0, "p_birth": 0.0}


@dataclass(frozen=True, eq=False)
class Scene:
    """A movie, the truth about it, and how its objects are begun on frame 0.

    Attributes
    ----------
    movie : ndarray, (T, Y, X)
    truth : ndarray, (T, Y, X) uint16
        Track IDs, 0 is background.
    track_ids : list of int
        Objects to follow, all of them on frame 0.
    prompt : {'click', 'mask'}
        What each is begun with; with a mask, frame 0 is not counted.
    """

    movie: np.ndarray
    truth: np.ndarray
    track_ids: list[int]
    prompt: str = "click"

    def first(self, n_objects: int | None, n_frames: int | None) -> Scene:
        """Return the first frames, and the first objects to follow; all for None."""
        return Scene(
            self.movie[:n_frames],
            self.truth[:n_frames],
            self.track_ids[:n_objects],
            self.prompt,
        )


def small_cells(n_frames: int = N_FRAMES) -> Scene:
    """50 nuclei of 20 to 40 pixels in 2048 x 2048."""
    habits = Habits(radius=13.8, aspect=(1.0, 1.4), **NOBODY_COMES_OR_GOES)
    return _synthetic(n_frames, 2048, 50, habits, seed=19)


def large_cells(n_frames: int = N_FRAMES) -> Scene:
    """8 nuclei of 80 to 140 pixels in 512 x 512."""
    habits = Habits(radius=52.0, aspect=(1.0, 1.4), **NOBODY_COMES_OR_GOES)
    return _synthetic(n_frames, 512, 8, habits, seed=192)


def look_alikes(
    n_frames: int = N_FRAMES, side: int = 1024, n_clumps: int = 5, n_each: int = 12
) -> Scene:
    """Clumps of nuclei of 24 pixels in contact, all equally bright, crawling about.

    Parameters
    ----------
    n_frames : int
    side : int
        Height and width of the movie in pixels.
    n_clumps, n_each : int
        Track IDs go through one clump after the other.
    """
    rng = np.random.default_rng(7)
    clumps = Clumps(side, n_clumps, n_each, n_frames, rng)
    tiles = texture_tiles(rng)
    movie = np.zeros((n_frames, side, side), np.uint16)
    truth = np.zeros((n_frames, side, side), np.uint16)
    for t in range(n_frames):
        if t:
            clumps.advance()
        anatomy = draw(clumps.cells, (side, side), tiles, rods=False)
        movie[t] = _camera(rng, nuclei(anatomy))
        truth[t] = anatomy.labels
    return Scene(movie, truth, objects_to_follow(truth))


def real_movie(movie: Path, reference: Path, n_frames: int = 10) -> Scene:
    """Open a movie and its reference labels, begun with the masks of frame 0."""
    opened = open_movie(movie)
    planes = np.stack([opened.plane(t) for t in range(n_frames)])
    truth = np.asarray(read_labels(reference)[:n_frames]).astype(np.uint16)
    return Scene(planes, truth, objects_to_follow(truth), prompt="mask")


class SmallDiscs(Discs):
    """Discs of 30 pixels, however far apart."""

    diameter = 30

    def __init__(self, n_frames: int, side: int, n_discs: int) -> None:
        super().__init__(n_frames, side, n_discs)
        self._radius = self.diameter / 2


class Clumps(Population):
    """Cells that stay in clumps while they crawl past each other.

    Parameters
    ----------
    side, n_clumps, n_each, n_frames : int
    rng : np.random.Generator
    """

    HABITS = Habits(
        radius=12.0,
        aspect=(1.0, 1.3),
        roughness=0.03,
        speed=1.5,
        diffusion=0.8,
        crowding=0.85,
        **NOBODY_COMES_OR_GOES,
    )
    PULL = 0.06
    """Share of the way to the middle of its clump that a cell goes per frame."""

    def __init__(
        self,
        side: int,
        n_clumps: int,
        n_each: int,
        n_frames: int,
        rng: np.random.Generator,
    ) -> None:
        self._n_each = n_each
        grid = int(np.ceil(np.sqrt(n_clumps)))
        places = rng.permutation(grid * grid)[:n_clumps]
        spots = np.stack([places // grid, places % grid], -1) + 0.5
        spots += rng.uniform(-0.2, 0.2, spots.shape)
        self._middles = spots * side / grid
        super().__init__((side, side), n_clumps * n_each, n_frames, self.HABITS, rng)

    def _middle(self, track_id: int) -> np.ndarray:
        return np.asarray(self._middles[(track_id - 1) // self._n_each])

    def _free_place(self) -> np.ndarray:
        reach = self.HABITS.radius * np.sqrt(self._n_each)
        offset = self.rng.uniform(-reach, reach, 2)
        return self._middle(len(self.cells) + 1) + offset

    def _new_cell(self, centre: np.ndarray) -> Cell:
        cell = super()._new_cell(centre)
        radius = self.HABITS.radius * (cell.radius / self.HABITS.radius) ** 0.5
        return replace(cell, radius=radius, brightness=1.0)

    def _moved(self, cell: Cell) -> Cell:
        moved = super()._moved(cell)
        pull = self.PULL * (self._middle(cell.track_id) - moved.centre)
        return replace(
            moved, centre=moved.centre + pull, radius=cell.radius, brightness=1.0
        )


def contacts(plane: np.ndarray) -> dict[int, int]:
    """Count the neighbours that each object of a ``(Y, X)`` label plane touches."""
    pairs = set()
    for a, b in ((plane[1:], plane[:-1]), (plane[:, 1:], plane[:, :-1])):
        meet = (a > 0) & (b > 0) & (a != b)
        pairs |= set(zip(a[meet].tolist(), b[meet].tolist(), strict=True))
    met: dict[int, set[int]] = {int(i): set() for i in np.unique(plane) if i}
    for one, other in pairs:
        met[one].add(other)
        met[other].add(one)
    return {i: len(others) for i, others in met.items()}


def _synthetic(
    n_frames: int, side: int, n_objects: int, habits: Habits, seed: int
) -> Scene:
    made = synthetic_movie(
        "nuclei", n_frames, (side, side), n_objects, seed=seed, habits=habits
    )
    return Scene(made.movie, made.labels, objects_to_follow(made.labels))


def _camera(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Counts of a camera that sees 800 photons at full brightness."""
    light = 800 * image
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    counts = 200 + 8 * (light + np.sqrt(light + 4) * noise)
    return np.clip(counts, 0, 65535).astype(np.uint16)


def _describe(make: Callable[[], Scene]) -> str:
    scene = make()
    areas = [
        np.count_nonzero(plane == i) for plane in scene.truth for i in scene.track_ids
    ]
    widths = np.sqrt(4 / np.pi * np.array([a for a in areas if a]))
    touched = [n for plane in scene.truth for n in contacts(plane).values()]
    middles = [
        ndimage.center_of_mass(plane > 0, plane, scene.track_ids)
        for plane in scene.truth
    ]
    steps = np.linalg.norm(np.diff(middles, axis=0), axis=-1)
    return (
        f"{scene.movie.shape}, {len(scene.track_ids)} objects of"
        f" {widths.min():.0f} to {widths.max():.0f} px (median"
        f" {np.median(widths):.0f}); {np.nanmedian(steps):.1f} px a frame;"
        f" {np.mean(touched):.1f} contacts per cell"
    )


def main() -> None:
    """Say what is in the scenes that are made here."""
    wide = partial(look_alikes, side=2048)
    scenes = {"small": small_cells, "large": large_cells, "alike": look_alikes}
    for name, make in {**scenes, "alike, wide": wide}.items():
        print(f"{name}: {_describe(make)}", flush=True)


if __name__ == "__main__":
    main()
