"""How well labels agree with the truth: the Jaccard index J of DAVIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks.

    Parameters
    ----------
    a, b : ndarray, (Y, X) bool

    Returns
    -------
    float
        1 if both are empty, as DAVIS counts it.

    Examples
    --------
    >>> iou(np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool)) == 1 / 3
    True
    """
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 1.0


def jaccard(
    labels: np.ndarray, truth: np.ndarray, track_ids: Iterable[int] | None = None
) -> dict[int, np.ndarray]:
    """IoU of each object on each frame.

    Parameters
    ----------
    labels, truth : ndarray, (T, Y, X) integer
        Track IDs; the same object has the same ID in both.
    track_ids : iterable of int, optional
        Objects to look at; by default all of the truth.

    Returns
    -------
    dict of int to ndarray, (T,) float
        NaN on frames where the object is in neither, which says nothing about the
        quality of a mask.

    Raises
    ------
    ValueError
        If the stacks differ in shape.
    """
    if labels.shape != truth.shape:
        raise ValueError(f"Shapes differ: {labels.shape} and {truth.shape}.")
    if track_ids is None:
        track_ids = (int(i) for i in np.unique(truth) if i)
    wanted = list(track_ids)
    size = 1 + max([int(labels.max()), int(truth.max()), *wanted], default=0)
    scores = {i: np.full(len(truth), np.nan) for i in wanted}
    for t, (guess, true) in enumerate(zip(labels, truth, strict=True)):
        both = np.bincount(true[true == guess].ravel(), minlength=size)
        n_guess = np.bincount(guess.ravel(), minlength=size)
        n_true = np.bincount(true.ravel(), minlength=size)
        union = n_guess + n_true - both
        for i in wanted:
            if union[i]:
                scores[i][t] = both[i] / union[i]
    return scores


def mean_jaccard(
    labels: np.ndarray, truth: np.ndarray, track_ids: Iterable[int] | None = None
) -> float:
    """Mean over objects of the mean IoU over the frames where an object is.

    Parameters
    ----------
    labels, truth : ndarray, (T, Y, X) integer
    track_ids : iterable of int, optional
        Objects to look at; by default all of the truth.

    Returns
    -------
    float
        NaN if there is no object.
    """
    return mean_score(jaccard(labels, truth, track_ids))


def mean_score(scores: Mapping[int, np.ndarray]) -> float:
    """Mean over objects of the mean over frames, as DAVIS averages J and F.

    Parameters
    ----------
    scores : mapping of int to ndarray, (T,) float
        NaN on frames that do not count.

    Returns
    -------
    float
        NaN if there is no object.
    """
    means = [np.nanmean(s) for s in scores.values() if not np.isnan(s).all()]
    return float(np.mean(means)) if means else float("nan")
