"""How well outlines agree with the truth: the boundary measure F of DAVIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterable

TOLERANCE = 0.008
"""Distance at which two outlines still agree, as a share of the image's diagonal."""


def outline(mask: np.ndarray) -> np.ndarray:
    """Return the boundary pixels of a mask as DAVIS draws them.

    A pixel is on the boundary if it differs from its neighbour to the right, below,
    or diagonally below. The image border itself is no boundary.

    Parameters
    ----------
    mask : ndarray, (Y, X) bool

    Returns
    -------
    ndarray, (Y, X) bool
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    own = padded[:-1, :-1]
    edge = (own ^ padded[:-1, 1:]) | (own ^ padded[1:, :-1])
    return edge | (own ^ padded[1:, 1:])


def boundary_f(
    mask: np.ndarray,
    truth: np.ndarray,
    tolerance: float = TOLERANCE,
    *,
    reach_px: int | None = None,
) -> float:
    """F-measure of the outline of a mask against that of the truth.

    Parameters
    ----------
    mask, truth : ndarray, (Y, X) bool
    tolerance : float
        Share of the image's diagonal, rounded up to whole pixels.
    reach_px : int, optional
        Distance in pixels instead of a share: of a large image `tolerance` is more
        than a small object is wide.

    Returns
    -------
    float
        1 if neither has an outline, 0 if only one has.

    References
    ----------
    Perazzi et al., CVPR 2016; ``f_measure`` of davis2017-evaluation.
    """
    if reach_px is None:
        reach_px = int(np.ceil(tolerance * np.hypot(*mask.shape)))
    both = mask | truth
    rows, columns = np.flatnonzero(both.any(1)), np.flatnonzero(both.any(0))
    if not rows.size:
        return 1.0
    # Outlines lie up to one pixel outside; the rest of the plane says nothing.
    window = (
        slice(max(0, rows[0] - 2), rows[-1] + 3),
        slice(max(0, columns[0] - 2), columns[-1] + 3),
    )
    found, wanted = outline(mask[window]), outline(truth[window])
    if not found.any() or not wanted.any():
        return float(found.any() == wanted.any())
    precision = (ndimage.distance_transform_edt(~wanted)[found] <= reach_px).mean()
    recall = (ndimage.distance_transform_edt(~found)[wanted] <= reach_px).mean()
    total = precision + recall
    return float(2 * precision * recall / total) if total else 0.0


def boundary(
    labels: np.ndarray,
    truth: np.ndarray,
    track_ids: Iterable[int],
    *,
    reach_px: int | None = None,
) -> dict[int, np.ndarray]:
    """F of each object on each frame.

    Parameters
    ----------
    labels, truth : ndarray, (T, Y, X) integer
        Track IDs; the same object has the same ID in both.
    track_ids : iterable of int
    reach_px : int, optional
        As in `boundary_f`.

    Returns
    -------
    dict of int to ndarray, (T,) float
        NaN on frames where the object is in neither.
    """
    wanted = list(track_ids)
    scores = {i: np.full(len(truth), np.nan) for i in wanted}
    for t, (guess, true) in enumerate(zip(labels, truth, strict=True)):
        seen = set(np.unique(guess).tolist()) | set(np.unique(true).tolist())
        for i in seen & scores.keys():
            scores[i][t] = boundary_f(guess == i, true == i, reach_px=reach_px)
    return scores
