"""A picture of the result: six frames side by side, with outlines and track IDs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.io.overlay import N_FRAMES, write_overlay

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write a picture, ``.png``, of up to six frames spread over those with objects."""
    labelled = [frame for frame, plane in annotated.planes() if plane.any()]
    labelled = labelled or list(range(annotated.n_frames))
    n = min(N_FRAMES, len(labelled))
    frames = [
        labelled[i] for i in np.linspace(0, len(labelled) - 1, n).round().astype(int)
    ]
    write_overlay(path, annotated.movie, annotated.labels, frames)
    return []
