"""From cells to maps of a frame: who is where, how deep inside, with what texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from napari_sam2_ivos.testing.population import Cell

TILE = 128
GRAINS = np.array([0.3, 0.5, 0.8], np.float32)  # weight of fine, medium, coarse


@dataclass(frozen=True)
class Anatomy:
    """What an optical model needs to know of a frame; all arrays (Y, X).

    Attributes
    ----------
    labels : ndarray, uint16
        Track IDs, 0 is background.
    depth : ndarray, float32
        Pixels below the outline, negative outside (down to -12).
    thickness : ndarray, float32
        0 at the outline and outside, 1 at the middle of a cell.
    brightness : ndarray, float32
        Of the cell, 0 outside.
    texture : ndarray, float32
        Zero mean, unit deviation, moving with the cell; 0 outside.
    """

    labels: np.ndarray
    depth: np.ndarray
    thickness: np.ndarray
    brightness: np.ndarray
    texture: np.ndarray


def texture_tiles(rng: np.random.Generator) -> np.ndarray:
    """Make periodic textures of fine, medium and coarse grain.

    Returns
    -------
    ndarray, (3, TILE, TILE) float32
    """
    tiles = []
    for grain in (1.0, 2.0, 4.0):
        noise = rng.standard_normal((TILE, TILE))
        tile = ndimage.gaussian_filter(noise, grain, mode="wrap")
        tiles.append(tile / tile.std())
    return np.stack(tiles).astype(np.float32)


def draw(
    cells: list[Cell], shape: tuple[int, int], tiles: np.ndarray, rods: bool
) -> Anatomy:
    """Draw all cells of a frame; where two meet, the nearer one has the pixel.

    Parameters
    ----------
    cells : list of Cell
    shape : tuple of int
        (Y, X).
    tiles : ndarray, (3, TILE, TILE) float32
    rods : bool
        Round-ended rods instead of wobbly ellipses.
    """
    depth = np.full(shape, -12.0, np.float32)
    inner = np.full(shape, 2.0, np.float32)
    labels = np.zeros(shape, np.uint16)
    thickness = np.zeros(shape, np.float32)
    brightness = np.zeros(shape, np.float32)
    texture = np.zeros(shape, np.float32)
    for cell in cells:
        window = _window(cell, shape)
        if window is None:
            continue
        ys, xs = window
        dy = np.arange(ys.start, ys.stop, dtype=np.float32) - cell.centre[0]
        dx = np.arange(xs.start, xs.stop, dtype=np.float32) - cell.centre[1]
        rho, half_width = (_rod if rods else _blob)(cell, dy[:, None], dx[None])
        here = (1 - rho) * half_width
        depth[window] = np.maximum(depth[window], here)
        mine = (rho < 1) & (rho < inner[window])
        if not mine.any():
            continue
        inner[window][mine] = rho[mine]
        labels[window][mine] = cell.track_id
        thickness[window][mine] = np.sqrt(1 - rho[mine] ** 2)
        brightness[window][mine] = cell.brightness
        texture[window][mine] = _cell_texture(cell, dy, dx, tiles)[mine]
    return Anatomy(labels, depth, thickness, brightness, texture)


def _window(cell: Cell, shape: tuple[int, int]) -> tuple[slice, slice] | None:
    longest = float(cell.processes[1].max(initial=0.0))
    reach = (1.35 + longest) * cell.radius * np.sqrt(cell.aspect) + 12
    starts = np.maximum(np.floor(cell.centre - reach), 0).astype(int)
    stops = np.minimum(np.ceil(cell.centre + reach) + 1, shape).astype(int)
    if np.any(starts >= stops):
        return None
    return slice(starts[0], stops[0]), slice(starts[1], stops[1])


def _turned(
    cell: Cell, dy: np.ndarray, dx: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along and across the cell."""
    cos, sin = np.float32(np.cos(cell.angle)), np.float32(np.sin(cell.angle))
    return cos * dx + sin * dy, cos * dy - sin * dx


def _blob(cell: Cell, dy: np.ndarray, dx: np.ndarray) -> tuple[np.ndarray, float]:
    """Relative distance from the centre (1 at the outline) and half the width."""
    stretch = np.float32(np.sqrt(cell.aspect))
    u, v = _turned(cell, dy, dx)
    u, v = u / stretch, v * stretch
    radius = np.sqrt(u * u + v * v)
    safe = np.maximum(radius, 1e-3)
    turn = (u + 1j * v) / safe
    outline = np.ones_like(radius)
    power = turn
    for cosine, sine in cell.wobble.T.astype(np.float32):
        power = power * turn
        outline += cosine * power.real + sine * power.imag
    for angle, length, width in cell.processes.T:
        along = turn.real * np.cos(angle) + turn.imag * np.sin(angle)
        outline += np.float32(length) * np.exp((along - 1) / np.float32(width**2))
    return radius / (cell.radius * np.maximum(outline, 0.3)), cell.radius / float(
        stretch
    )


def _rod(cell: Cell, dy: np.ndarray, dx: np.ndarray) -> tuple[np.ndarray, float]:
    # Area of a disc of `radius`, length = aspect * width.
    half = cell.radius * np.sqrt(np.pi / (4 * (cell.aspect - 1) + np.pi))
    u, v = _turned(cell, dy, dx)
    bend = cell.wobble[0, 0] * 0.8 / max(cell.radius, 1.0)
    v = v + np.float32(bend) * u * u / np.float32(cell.aspect)
    beyond = np.maximum(np.abs(u) - np.float32(half * (cell.aspect - 1)), 0)
    return np.sqrt(beyond**2 + v**2) / np.float32(half), float(half)


def _cell_texture(
    cell: Cell, dy: np.ndarray, dx: np.ndarray, tiles: np.ndarray
) -> np.ndarray:
    """Cut the cell's own piece of the tiles, turning with the cell."""
    u, v = _turned(cell, dy[:, None], dx[None])
    iy = (np.rint(v).astype(np.int32) + cell.seed) % TILE
    ix = (np.rint(u).astype(np.int32) + cell.seed // TILE) % TILE
    flat = tiles.reshape(len(tiles), -1)
    index = iy * TILE + ix
    mixed: np.ndarray = np.tensordot(GRAINS, flat[:, index], 1)
    return mixed
