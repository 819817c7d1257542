"""Whether a mask is one thing or several."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

SMALLEST_SHARE = 0.25
"""A part that is smaller than this share of the largest one is a splinter."""


def is_in_parts(pixels: np.ndarray) -> bool:
    """Return whether a mask, ``(H, W)`` bool, falls into parts of similar size.

    That is what the mask of a cell does when the cell divides and both daughters
    are taken for it.
    """
    parts, n = ndimage.label(pixels, structure=np.ones((3, 3)))
    if n < 2:
        return False
    sizes = np.sort(np.bincount(parts.ravel())[1:])
    return bool(sizes[-2] >= SMALLEST_SHARE * sizes[-1])
