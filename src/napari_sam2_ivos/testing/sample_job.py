"""The job of the demo: a movie with its truth, and one prompt per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.testing.movies import SyntheticMovie, synthetic_movie
from napari_sam2_ivos.testing.simulated_user import first_prompt

if TYPE_CHECKING:
    from napari_sam2_ivos.core.prompts import FramePrompts


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
        i: {frame: first_prompt(labels == i, "box" if i == ids[-1] else "click")}
        for i in ids
    }
