"""From the model's mask grid to the pixels of the movie, inside the mask only."""

from __future__ import annotations

import numpy as np


def paste(
    low_res: np.ndarray, plane_shape: tuple[int, int]
) -> tuple[int, int, np.ndarray]:
    """Enlarge mask logits to the movie, for the part of the plane they cover.

    The same bilinear rule as ``torch.nn.functional.interpolate`` with
    ``align_corners=False`` on the whole plane, without building the plane:
    100 objects on 2048 x 2048 pixels would be 1.7 GB.

    Parameters
    ----------
    low_res : ndarray, (h, w) float32
        Mask logits; above 0 is inside.
    plane_shape : (int, int)
        Height and width of a plane, pixels.

    Returns
    -------
    top, left : int
    logits : ndarray, (H, W) float32
        The smallest crop with every pixel of the mask; empty if it has none.
    """
    nothing = 0, 0, np.zeros((0, 0), np.float32)
    inside = low_res > 0
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if rows.size == 0:
        return nothing
    y, row_taps = _taps(rows[0], rows[-1], low_res.shape[0], plane_shape[0])
    x, column_taps = _taps(columns[0], columns[-1], low_res.shape[1], plane_shape[1])
    lower, upper, weight = row_taps
    logits = low_res[lower] * (1 - weight)[:, None] + low_res[upper] * weight[:, None]
    lower, upper, weight = column_taps
    logits = logits[:, lower] * (1 - weight) + logits[:, upper] * weight
    inside = logits > 0
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if rows.size == 0:
        return nothing
    crop = logits[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return int(y[rows[0]]), int(x[columns[0]]), np.ascontiguousarray(crop)


def _taps(
    first: int, last: int, n_in: int, n_out: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return the output positions that grid cells `first` to `last` reach.

    With them come the two grid cells each is made of, and the second's weight.
    """
    scale = n_in / n_out
    start = max(0, int(np.floor((first - 0.5) / scale - 0.5)))
    stop = min(n_out, int(np.ceil((last + 1.5) / scale + 0.5)))
    out = np.arange(start, stop)
    source = np.maximum((out + 0.5) * scale - 0.5, 0.0)
    lower = np.minimum(source.astype(int), n_in - 1)
    upper = np.minimum(lower + 1, n_in - 1)
    return out, (lower, upper, (source - lower).astype(np.float32))
