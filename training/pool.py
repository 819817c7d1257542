"""Make a pool of synthetic movies to train on."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_sam2_ivos.testing.movies import HABITS, harder, synthetic_movie

logger = logging.getLogger("pool")
MORE_OF = ("spread", "spread", "phase")  # the hardest, and the real data's


def random_movie(rng: np.random.Generator, n_frames: int) -> dict[str, np.ndarray]:
    """Make a movie of any modality, size of objects, motion, noise and polarity.

    Returns
    -------
    dict
        ``frames`` (T, Y, X) uint8, stretched by percentiles of the whole movie as
        inference does; ``labels`` (T, Y, X) uint8.
    """
    modality = str(rng.choice([*HABITS, *MORE_OF]))
    easy = rng.random() < 0.5  # as most movies are; the others are at the limit
    habits = HABITS[modality] if easy else harder(HABITS[modality], rng)
    if rng.random() < 0.35:
        habits = replace(habits, p_division=0.7)
    room = 256 * 256 / (np.pi * habits.radius**2)
    sample = synthetic_movie(
        modality,
        n_frames=n_frames,
        n_objects=int(np.clip(room * rng.uniform(0.08, 0.55), 3, 60)),
        seed=int(rng.integers(2**31)),
        habits=habits,
        photons=float(10 ** rng.uniform(2.6 if easy else 1.8, 3.7)),
        blur=float(rng.uniform(0.5, 2.0)) if rng.random() < 0.3 - 0.2 * easy else 0.0,
        bleaching=float(rng.uniform(0, 0.04)),
        unevenness=float(rng.uniform(0, 0.35)),
        invert=bool(rng.random() < 0.15),
        focus_drift=float(rng.uniform(0, 2)) if rng.random() < 0.2 else 0.0,
        debris=int(rng.integers(5, 120)) if rng.random() < 0.4 else 0,
    )
    low, high = np.percentile(sample.movie[::3, ::2, ::2], (0.1, 99.9))
    stretched = np.clip((sample.movie - low) / (high - low), 0, 1)
    return {
        "frames": (255 * stretched).astype(np.uint8),
        "labels": sample.labels.astype(np.uint8),
    }


def main() -> None:
    """Write the pool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--movies", type=int, default=200)
    parser.add_argument("--frames", type=int, default=8)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.first, args.first + args.movies):
        movie = random_movie(np.random.default_rng([7, number]), args.frames)
        np.savez(args.out / f"{number:05d}.npz", **movie)
    logger.info("%d movies in %s", args.movies, args.out)


if __name__ == "__main__":
    main()
