"""Masks of several objects put together into one label plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_sam2_ivos.core.results import FrameResult

ANCHOR_LOGIT = 1000.0
"""Stands above every logit of a model: what the user prompted wins."""


def compose(
    plane: np.ndarray, result: FrameResult, prompted: Collection[int] = ()
) -> np.ndarray:
    """Return a label plane with the masks of `result` in place of the old ones.

    Every pixel of the objects in `result` is decided anew; where two of them
    claim a pixel the higher logit wins, never the ID. What the user prompted
    takes pixels from other objects that were only tracked here, so that a
    daughter can begin inside her mother's mask; all other pixels of other
    objects are left alone. Holes and detached parts are kept.

    Parameters
    ----------
    plane : ndarray, (Y, X) unsigned int
        The labels so far; not changed.
    result : FrameResult
    prompted : collection of int
        Track IDs that the user prompted on this frame.
    """
    out = np.array(plane)
    out[np.isin(out, result.track_ids)] = 0
    best = np.zeros(out.shape, np.float32)
    best[out != 0] = ANCHOR_LOGIT / 2
    best[np.isin(out, list(prompted))] = np.inf
    for mask in result:
        if mask.logits.size == 0:
            continue
        logits = mask.logits.astype(np.float32)
        if mask.is_anchor:
            logits = np.where(logits > 0, logits + ANCHOR_LOGIT, logits)
        window = mask.window
        wins = logits > best[window]
        out[window][wins] = mask.track_id
        best[window][wins] = logits[wins]
    return out
