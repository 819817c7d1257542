"""Short annotated clips for training: warped stills and synthetic movies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from skimage import io

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Clip:
    """A few frames with the track ID of each pixel.

    Attributes
    ----------
    frames : torch.Tensor, (T, S, S) float32
        Intensities, about 0 to 1.
    labels : torch.Tensor, (T, S, S) int64
        Track IDs, 0 is background.
    """

    frames: torch.Tensor
    labels: torch.Tensor


def smooth_noise(
    rng: np.random.Generator, n: int, size: int, cells: int
) -> torch.Tensor:
    """Draw smooth random fields.

    Returns
    -------
    torch.Tensor, (n, size, size) float32
        About zero mean and unit deviation, varying over ``size / cells`` pixels.
    """
    coarse = torch.from_numpy(
        rng.standard_normal((1, n, cells + 3, cells + 3), dtype=np.float32)
    )
    return F.interpolate(coarse, (size, size), mode="bicubic", align_corners=True)[0]


def random_affine(rng: np.random.Generator, zoom: tuple[float, float]) -> torch.Tensor:
    """Draw a map from output to source pixels: zoom, squash, turn and flip.

    Parameters
    ----------
    zoom : tuple of float
        Range of output pixels per source pixel.

    Returns
    -------
    torch.Tensor, (2, 2) float32
        Times an output offset (y, x) gives a source offset (y, x).
    """
    scale = np.exp(rng.uniform(*np.log(zoom)))
    squash = np.exp(rng.uniform(-0.5, 0.5)) if rng.random() < 0.7 else 1.0
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.diag([1 / (scale * squash), squash / scale])
    flip = np.diag([rng.choice([-1.0, 1.0]), 1.0])
    # The squash acts on the output axes, as resizing a wide movie to a square does.
    return torch.from_numpy((turn @ flip @ stretch).astype(np.float32))


def warp(
    images: torch.Tensor, labels: torch.Tensor, where: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sample images (with 2 x 2 supersampling) and labels (nearest).

    Parameters
    ----------
    images, labels : torch.Tensor, (T, H, W) float32
    where : torch.Tensor, (T, 2 S, 2 S, 2) float32
        Source (y, x) of each output half pixel.

    Returns
    -------
    frames : torch.Tensor, (T, S, S) float32
    labels : torch.Tensor, (T, S, S) int64
    """
    size = torch.tensor(images.shape[-2:], dtype=torch.float32)
    grid = ((where + 0.5) / size * 2 - 1).flip(-1)
    frames = F.grid_sample(
        images[:, None], grid, padding_mode="reflection", align_corners=False
    )
    picked = F.grid_sample(
        labels[:, None], grid[:, ::2, ::2], mode="nearest", align_corners=False
    )
    return F.avg_pool2d(frames, 2)[:, 0], picked[:, 0].long()


def lattice(size: int) -> torch.Tensor:
    """Offsets (y, x) of half pixels from the centre of a square of `size` pixels."""
    axis = (torch.arange(2 * size) + 0.5) / 2 - size / 2
    return torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)


class StillClips:
    """Clips out of annotated stills, moved by plausible drift and deformation.

    Parameters
    ----------
    folder : Path
        Holds ``train_NN.png`` and ``train_NN_ids.png``.
    pattern : str, default: "train_*_ids.png"
    """

    def __init__(self, folder: Path, pattern: str = "train_*_ids.png") -> None:
        self.pairs: list[list[tuple[torch.Tensor, torch.Tensor]]] = []
        for path in sorted(folder.glob(pattern)):
            labels = io.imread(path).astype(np.float32)
            image = io.imread(path.with_name(path.name.replace("_ids", "")))
            image = image.astype(np.float32) / 255
            full = (torch.from_numpy(image), torch.from_numpy(labels))
            half = (F.avg_pool2d(full[0][None], 2)[0], full[1][::2, ::2][:511, :512])
            self.pairs.append([full, half])

    def __call__(self, rng: np.random.Generator, n_frames: int, size: int) -> Clip:
        """Make a clip of `n_frames` frames of `size` x `size` pixels."""
        levels = self.pairs[rng.integers(len(self.pairs))]
        turn = random_affine(rng, zoom=(0.25, 1.0))
        offsets = lattice(size) @ turn.T
        half = int(turn.abs().max() > 1.6)
        image, labels = levels[half]
        where = self._motion(rng, n_frames, size) @ turn.T + offsets
        extent = offsets.abs().amax((0, 1)).numpy()
        shape = np.array(levels[0][0].shape)
        room = np.maximum(shape / 2 - extent, 0.05 * shape)
        centre = shape / 2 + rng.uniform(-room, room)
        where = where + torch.from_numpy(centre.astype(np.float32))
        if half:
            where = where / 2 - 0.25
        frames, ids = warp(
            image.expand(n_frames, -1, -1), labels.expand(n_frames, -1, -1), where
        )
        return Clip(frames, ids)

    def _motion(
        self, rng: np.random.Generator, n_frames: int, size: int
    ) -> torch.Tensor:
        """Displacements (y, x) in output pixels, (T, 2 S, 2 S, 2), zero at first."""
        drift = rng.normal(0, rng.choice([0.3, 1.5, 4.0]), (1, 1, 1, 2))
        cells = int(rng.integers(2, 10))
        wobble = rng.uniform(0.3, 2.5)
        total = torch.zeros(n_frames, 2 * size, 2 * size, 2)
        trend = smooth_noise(rng, 2, 2 * size, cells)
        for t in range(1, n_frames):
            fresh = smooth_noise(rng, 2, 2 * size, cells)
            step = wobble * (0.7 * trend + 0.7 * fresh)
            total[t] = total[t - 1] + step.permute(1, 2, 0)
        jitter = torch.from_numpy(drift * np.arange(n_frames)[:, None, None, None])
        return total + jitter.float()


class MovieClips:
    """Clips out of movies with known tracks, kept in memory.

    Parameters
    ----------
    folder : Path
        Holds ``*.npz`` with ``frames`` (T, Y, X) uint8 and ``labels`` (T, Y, X).
    share, n_shares : int
        Each of `n_shares` workers takes its share of the movies.
    """

    def __init__(self, folder: Path, share: int = 0, n_shares: int = 1) -> None:
        self.movies = []
        for path in sorted(folder.glob("*.npz"))[share::n_shares]:
            with np.load(path) as data:
                self.movies.append((data["frames"], data["labels"]))

    def __call__(self, rng: np.random.Generator, n_frames: int, size: int) -> Clip:
        """Make a clip of `n_frames` frames of `size` x `size` pixels."""
        frames, labels = self.movies[rng.integers(len(self.movies))]
        stride = int(
            rng.integers(1, 1 + max(1, (len(frames) - 1) // (n_frames - 1 or 1)))
        )
        stride = min(stride, 3)
        start = rng.integers(len(frames) - (n_frames - 1) * stride)
        pick = slice(start, start + (n_frames - 1) * stride + 1, stride)
        frames, labels = frames[pick], labels[pick]
        if rng.random() < 0.5:
            frames, labels = frames[::-1], labels[::-1]
        turn = random_affine(rng, zoom=(0.6, 1.8))
        offsets = lattice(size) @ turn.T
        shape = np.array(frames.shape[-2:])
        room = np.maximum(shape / 2 - 0.7 * offsets.abs().amax((0, 1)).numpy(), 0)
        centre = (shape - 1) / 2 + rng.uniform(-room, room)
        where = offsets + torch.from_numpy(centre.astype(np.float32))
        return Clip(
            *warp(
                torch.from_numpy(frames.astype(np.float32)) / 255,
                torch.from_numpy(labels.astype(np.float32)),
                where.expand(len(frames), -1, -1, -1),
            )
        )
