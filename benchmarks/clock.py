"""Seconds of work, in turns so that a slow moment of the machine hits all alike."""

from __future__ import annotations

import time
from functools import partial
from statistics import mean, median
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STEADY = 8
"""First frame on which an object attends to as many memories as it ever does."""

MIN_STEADY_FRAMES = 3
"""With fewer frames from `STEADY` on, all but the first two count."""


def seconds_of(work: Callable[[], object], device: str) -> float:
    """Return how long `work` takes until its results are there."""
    start = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def seconds_per_frame(
    runs: Mapping[str, Iterator[object]], n_frames: int, device: str
) -> dict[str, float]:
    """Take turns with several runs frame by frame.

    Parameters
    ----------
    runs : mapping of str to iterator
        Each gives one item per frame.
    n_frames, device
        Of all runs.

    Returns
    -------
    dict of str to float
        The median over the frames from `STEADY` on. In a shorter run the mean over
        those from 2 on: frame 0 is prompted, and on frame 1 ours makes the memory of
        it that upstream has made before frame 0.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(n_frames):
        for name, run in runs.items():
            seconds[name].append(seconds_of(partial(next, run), device))
    if _is_steady(n_frames):
        return {name: median(all_[STEADY:]) for name, all_ in seconds.items()}
    return {name: mean(all_[2:]) for name, all_ in seconds.items()}


def which_frames(n_frames: int) -> str:
    """Return in words what `seconds_per_frame` is over."""
    if _is_steady(n_frames):
        return f"median of frames {STEADY} to {n_frames - 1}"
    return f"mean of frames 2 to {n_frames - 1}"


def _is_steady(n_frames: int) -> bool:
    return n_frames >= STEADY + MIN_STEADY_FRAMES
