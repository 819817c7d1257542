"""The job of the demo: a movie with its truth, and one prompt per cell."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.core.prompts import Box, FramePrompts, Point
from napari_sam2_ivos.testing.movies import SyntheticMovie, synthetic_movie


def sample_movie() -> SyntheticMovie:
    """Make the movie that *File > Open Sample* and the demo show: 30 frames."""
    return synthetic_movie("nuclei", n_frames=30, shape=(320, 420), seed=3)


def one_prompt_each(
    labels: np.ndarray, frame: int = 0
) -> dict[int, dict[int, FramePrompts]]:
    """Prompt every object of a label plane: one click each, a box for the last.

    The click is at the point deepest inside, as a person's would be.

    Parameters
    ----------
    labels : ndarray, (Y, X) integer
    frame : int
        The frame that the plane belongs to.

    Returns
    -------
    dict of int to dict of int to FramePrompts
        Track ID to frame to prompts, as `Session.set_prompts` takes them.
    """
    ids = [int(i) for i in np.unique(labels) if i]
    return {
        track_id: {frame: _prompt(labels == track_id, boxed=track_id == ids[-1])}
        for track_id in ids
    }


def _prompt(mask: np.ndarray, *, boxed: bool) -> FramePrompts:
    if boxed:
        rows, columns = np.nonzero(mask)
        top, bottom = float(rows.min()), float(rows.max())
        left, right = float(columns.min()), float(columns.max())
        return FramePrompts(box=Box(top, left, bottom, right))
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return FramePrompts((Point(float(y), float(x)),))
