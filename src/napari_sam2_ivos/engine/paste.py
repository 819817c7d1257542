"""From the model's mask grid to the pixels of the movie, inside the mask only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_sam2_ivos.core.views import View


def paste(low_res: np.ndarray, view: View) -> tuple[int, int, np.ndarray]:
    """Enlarge mask logits to the movie, for the part of the plane they cover.

    The same bilinear rule as ``torch.nn.functional.interpolate`` with
    ``align_corners=False`` on the whole view, without building it:
    100 objects on 2048 x 2048 pixels would be 1.7 GB.

    Parameters
    ----------
    low_res : ndarray, (h, w) float32
        Mask logits; above 0 is inside.
    view : View
        The part of the plane that the grid lies over.

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
    y, row_taps = _taps(rows[0], rows[-1], low_res.shape[0], view.height)
    x, column_taps = _taps(columns[0], columns[-1], low_res.shape[1], view.width)
    lower, upper, weight = row_taps
    logits = low_res[lower] * (1 - weight)[:, None] + low_res[upper] * weight[:, None]
    lower, upper, weight = column_taps
    logits = logits[:, lower] * (1 - weight) + logits[:, upper] * weight
    inside = logits > 0
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if rows.size == 0:
        return nothing
    crop = logits[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    top, left = view.top + int(y[rows[0]]), view.left + int(x[columns[0]])
    return top, left, np.ascontiguousarray(crop)


OUTSIDE_LOGIT = np.float32(-32)
"""Mask logit where a grid has seen nothing."""


def regrid(low_res: np.ndarray, seen_in: View, view: View, side: int) -> np.ndarray:
    """Return mask logits that belong to one view on the grid of another.

    Parameters
    ----------
    low_res : ndarray, (h, w) float32
        Mask logits on the grid over `seen_in`.
    seen_in, view : View
    side : int
        Of the square grid over `view`.

    Returns
    -------
    ndarray, (side, side) float32
        `OUTSIDE_LOGIT` where `seen_in` does not reach.
    """
    if seen_in == view and len(low_res) == side:
        return low_res
    taps = []
    for first, length, new_first, new_length, n in (
        (seen_in.top, seen_in.height, view.top, view.height, low_res.shape[0]),
        (seen_in.left, seen_in.width, view.left, view.width, low_res.shape[1]),
    ):
        at = new_first + (np.arange(side) + 0.5) * new_length / side - 0.5
        source = (at - first + 0.5) * n / length - 0.5
        is_seen = (source >= -0.5) & (source <= n - 0.5)
        source = np.clip(source, 0, n - 1)
        lower = source.astype(int)
        upper = np.minimum(lower + 1, n - 1)
        taps.append((lower, upper, (source - lower).astype(np.float32), is_seen))
    lower, upper, weight, rows_seen = taps[0]
    out = low_res[lower] * (1 - weight)[:, None] + low_res[upper] * weight[:, None]
    lower, upper, weight, columns_seen = taps[1]
    out = out[:, lower] * (1 - weight) + out[:, upper] * weight
    return np.where(rows_seen[:, None] & columns_seen, out, OUTSIDE_LOGIT)


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
