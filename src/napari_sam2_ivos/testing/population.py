"""Synthetic cells that move, touch, grow, divide, come and go."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Cell:
    """One cell at one frame.

    Attributes
    ----------
    track_id : int
    centre : ndarray, (2,) float
        (y, x) in pixels; may lie outside the image.
    radius : float
        Of the disc of equal area, in pixels.
    aspect : float
        Length over width, at least 1.
    angle : float
        Of the long axis against the x axis, in radians.
    wobble : ndarray, (2, K) float
        Cosine and sine amplitudes of the outline's harmonics 2 to K + 1.
    velocity : ndarray, (2,) float
        (y, x) in pixels per frame.
    brightness : float
        About 1.
    seed : int
        Of the cell's texture.
    divides_at : int
        Frame at which two daughters take its place, or -1.
    processes : ndarray, (3, P) float
        Angle (radians), length (share of the radius) and width (radians) of each
        thin process that the cell stretches out.
    away : (int, int)
        First frame at which it is out of focus and not seen, and the frame at which
        it returns; (-1, -1) if it stays.
    """

    track_id: int
    centre: np.ndarray
    radius: float
    aspect: float
    angle: float
    wobble: np.ndarray
    velocity: np.ndarray
    brightness: float
    seed: int
    divides_at: int = -1
    processes: np.ndarray = field(default_factory=lambda: np.zeros((3, 0)))
    away: tuple[int, int] = (-1, -1)

    def is_away(self, frame: int) -> bool:
        """Whether the cell is out of sight at a frame."""
        return self.away[0] <= frame < self.away[1]


@dataclass(frozen=True)
class Habits:
    """How cells look and behave; lengths in pixels, times in frames.

    Attributes
    ----------
    radius : float
        Typical radius.
    aspect : tuple of float
        Range of length over width.
    roughness : float
        Amplitude of the outline's harmonics, as a share of the radius.
    speed : float
        Directed motion per frame.
    diffusion : float
        Deviation of the Brownian step per frame.
    p_division : float
        Chance of a cell to divide during the movie.
    p_birth : float
        Chance of a new cell to appear during the movie, per cell at the start.
    crowding : float
        Smallest distance of neighbours, over the sum of their half-widths.
    processes : float
        Mean number of thin processes of a cell.
    p_away : float
        Chance of a cell to be out of sight for a few frames and to return.
    """

    radius: float = 14.0
    aspect: tuple[float, float] = (1.0, 1.6)
    roughness: float = 0.05
    speed: float = 1.0
    diffusion: float = 0.7
    p_division: float = 0.15
    p_birth: float = 0.15
    crowding: float = 0.9
    processes: float = 0.0
    p_away: float = 0.0


class Population:
    """Cells of a movie, advanced frame by frame.

    Parameters
    ----------
    shape : tuple of int
        (Y, X) of the image.
    n_cells : int
        At the first frame.
    n_frames : int
    habits : Habits
    rng : np.random.Generator

    Attributes
    ----------
    cells : list of Cell
        Those alive at the current frame.
    parents : dict of int to int
        Mother's track ID of each daughter.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        n_cells: int,
        n_frames: int,
        habits: Habits,
        rng: np.random.Generator,
    ) -> None:
        self.shape = np.array(shape, float)
        self.n_frames = n_frames
        self.habits = habits
        self.rng = rng
        self.parents: dict[int, int] = {}
        self.cells: list[Cell] = []
        self.frame = 0
        self._last_id = 0
        for _ in range(n_cells):
            self.cells.append(self._new_cell(self._free_place()))
        self._push_apart(20)
        n_births = rng.binomial(n_cells, habits.p_birth)
        self._births = rng.integers(1, max(2, n_frames), n_births)

    def advance(self) -> None:
        """Go to the next frame."""
        self.frame += 1
        alive = []
        for cell in self.cells:
            if cell.divides_at == self.frame:
                alive += self._daughters(cell)
            else:
                alive.append(self._moved(cell))
        for _ in range(int((self._births == self.frame).sum())):
            alive.append(self._new_cell(self._edge_place()))
        margin = 3 * self.habits.radius
        inside = [
            np.all((c.centre > -margin) & (c.centre < self.shape + margin))
            for c in alive
        ]
        self.cells = [c for c, keep in zip(alive, inside, strict=True) if keep]
        self._push_apart(3)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _free_place(self) -> np.ndarray:
        """Take the roomiest of a few random places."""
        tries = self.rng.uniform(0, 1, (8, 2)) * self.shape
        if not self.cells:
            return np.asarray(tries[0])
        others = np.array([c.centre for c in self.cells])
        gaps = np.linalg.norm(tries[:, None] - others, axis=-1).min(1)
        return np.asarray(tries[int(self.rng.choice(np.argsort(gaps)[-3:]))])

    def _edge_place(self) -> np.ndarray:
        place = self.rng.uniform(0, 1, 2)
        axis = int(self.rng.integers(2))
        place[axis] = float(self.rng.integers(2))
        return np.asarray(place * self.shape)

    def _new_cell(self, centre: np.ndarray) -> Cell:
        rng, habits = self.rng, self.habits
        heading = rng.uniform(0, 2 * np.pi)
        wobble = rng.normal(0, habits.roughness, (2, 4)) / np.sqrt([1, 1.5, 2, 3])
        divides_at = -1
        if rng.random() < habits.p_division and self.n_frames > 3:
            divides_at = int(rng.integers(self.frame + 2, self.n_frames + 2))
        return Cell(
            track_id=self._next_id(),
            centre=centre,
            radius=habits.radius * float(np.exp(rng.normal(0, 0.18))),
            aspect=float(rng.uniform(*habits.aspect)),
            angle=heading + float(rng.normal(0, 0.4)),
            wobble=wobble,
            velocity=habits.speed * rng.gamma(2.0, 0.5) * _unit(heading),
            brightness=float(np.exp(rng.normal(0, 0.2))),
            seed=int(rng.integers(2**31)),
            divides_at=divides_at,
            **self._rarities(),
        )

    def _rarities(self) -> dict[str, Any]:
        """Draw what most cells do not have; no random number is spent on those."""
        rng, habits = self.rng, self.habits
        drawn: dict[str, Any] = {}
        if habits.processes:
            n = min(int(rng.poisson(habits.processes)), 6)
            lengths = rng.gamma(2.0, 0.45, n)
            drawn["processes"] = np.stack(
                [rng.uniform(0, 2 * np.pi, n), lengths, rng.uniform(0.12, 0.4, n)]
            )
        if habits.p_away and rng.random() < habits.p_away and self.n_frames > 4:
            first = self.frame + int(rng.integers(1, self.n_frames - 2))
            drawn["away"] = first, first + int(rng.integers(1, 4))
        return drawn

    def _moved(self, cell: Cell) -> Cell:
        rng, habits = self.rng, self.habits
        turn = rng.normal(0, 0.25)
        cos, sin = np.cos(turn), np.sin(turn)
        velocity = np.array([[cos, -sin], [sin, cos]]) @ cell.velocity
        fresh = rng.normal(0, habits.roughness, cell.wobble.shape)
        radius, aspect = cell.radius * 1.004, cell.aspect
        to_division = cell.divides_at - self.frame
        if 0 < to_division <= 2:  # round up before mitosis
            aspect = 1 + 0.5 * (aspect - 1)
            radius *= 0.95
        processes = cell.processes
        if processes.size:  # they wander, and are drawn in or stretched out
            processes = processes * np.exp(
                rng.normal(0, [[0.02], [0.08], [0.03]], processes.shape)
            )
            if 0 < to_division <= 2:
                processes = processes * [[1], [0.4], [1]]
        return replace(
            cell,
            processes=processes,
            centre=cell.centre + velocity + rng.normal(0, habits.diffusion, 2),
            velocity=velocity,
            angle=cell.angle + turn * 0.5 + float(rng.normal(0, 0.03)),
            wobble=0.95 * cell.wobble + 0.3 * fresh / np.sqrt([1, 1.5, 2, 3]),
            radius=radius,
            aspect=aspect,
            brightness=cell.brightness * float(np.exp(rng.normal(0, 0.015))),
        )

    def _daughters(self, mother: Cell) -> list[Cell]:
        axis = _unit(mother.angle)
        length = mother.radius * np.sqrt(mother.aspect)
        daughters = []
        for side in (-1.0, 1.0):
            daughter = replace(
                self._new_cell(mother.centre + 0.62 * side * length * axis),
                radius=mother.radius / np.sqrt(2.0),
                aspect=max(1.0, mother.aspect * 0.8),
                angle=mother.angle,
                velocity=mother.velocity
                + side * axis * self.rng.uniform(0.05, 0.12) * mother.radius,
                brightness=mother.brightness * float(np.exp(self.rng.normal(0, 0.05))),
                divides_at=-1,
            )
            self.parents[daughter.track_id] = mother.track_id
            daughters.append(daughter)
        return daughters

    def _push_apart(self, n_rounds: int) -> None:
        """Keep neighbours from overlapping, by a soft push."""
        if len(self.cells) < 2:
            return
        centres = np.array([c.centre for c in self.cells])
        radii = np.array([c.radius for c in self.cells])
        reach = self.habits.crowding * (radii[:, None] + radii)
        np.fill_diagonal(reach, 0)
        for _ in range(n_rounds):
            gap = centres[:, None] - centres
            distance = np.maximum(np.linalg.norm(gap, axis=-1), 1e-6)
            overlap = np.maximum(reach - distance, 0)
            centres += (0.25 * (overlap / distance)[..., None] * gap).sum(1)
        self.cells = [
            replace(c, centre=p) for c, p in zip(self.cells, centres, strict=True)
        ]


def _unit(angle: float) -> np.ndarray:
    return np.array([np.sin(angle), np.cos(angle)])
