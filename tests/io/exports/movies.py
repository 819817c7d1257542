"""Canonical annotated movies that the tests of all formats share."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_sam2_ivos.core.edits.existing import masks_in
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import FramePrompts
from napari_sam2_ivos.core.results import ObjectMask
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

CALIBRATION = {"scale": (0.5, 0.25), "unit": "um", "interval_s": 30.0}
"""Pixels are twice as high as wide: whoever mixes up y and x is found out."""


def annotate(labels, parents=None, classes=None, names=None, movie=None, **known):
    """Return an annotated movie of a ``(T, Y, X)`` label stack.

    Every mask has an expected IoU of 0.75; the first mask of each object is a prompt.
    The movie is 100 times the label plus the frame, uint16.
    """
    labels = np.asarray(labels, np.uint16)
    tracks: dict[int, Track] = {}
    for frame, plane in enumerate(labels):
        for track_id, mask in masks_in(plane).items():
            track = tracks.setdefault(track_id, Track(track_id, len(labels)))
            if not track.prompts:
                track.prompts[frame] = FramePrompts(mask=mask)
            logits = np.where(mask.pixels, 1.0, -1.0).astype(np.float32)
            made = ObjectMask(
                track_id, mask.top, mask.left, logits, object_score=3.5,
                predicted_iou=0.75,
            )  # fmt: skip
            track.mark(frame, made)
    for track_id, parent in (parents or {}).items():
        tracks[track_id].parent = parent
    for track_id, name in (classes or {}).items():
        tracks[track_id].class_name = name
    for track_id, name in (names or {}).items():
        tracks[track_id].name = name
    if movie is None:
        frames = np.arange(len(labels), dtype=np.uint16)[:, None, None]
        movie = Movie(labels * np.uint16(100) + frames, name="cells")
    return AnnotatedMovie(movie, labels, tracks, path=Path("cells.tif"), **known)


def blank(n_frames=6, height=40, width=60):
    """A label stack without labels."""
    return np.zeros((n_frames, height, width), np.uint16)


def two_touch():
    """Cells 1 and 2 share a border on every frame; 1 to the left."""
    labels = blank()
    for t in range(6):
        labels[t, 10:20, 5 + t : 15 + t] = 1
        labels[t, 10:20, 15 + t : 25 + t] = 2
    return annotate(labels, **CALIBRATION)


def leaves_and_returns():
    """Cell 4 is there on frames 0, 1, then 3, and then 5; cell 7 always."""
    labels = blank()
    labels[:, 30:36, 40:50] = 7
    for t in (0, 1, 3, 5):
        labels[t, 5:12, 2 + 3 * t : 10 + 3 * t] = 4
    return annotate(labels, **CALIBRATION)


def division():
    """Mother 1 on frames 0 to 2; daughters 2 and 3 from frame 3 on."""
    labels = blank()
    labels[:3, 10:20, 10:30] = 1
    labels[3:, 8:18, 5:15] = 2
    labels[3:, 12:22, 25:35] = 3
    classes = {1: "mitotic, late", 2: 'Zelle "α"', 3: 'Zelle "α"'}
    names = {2: "links/oben", 3: "Ωmega; 3"}
    return annotate(labels, {2: 1, 3: 1}, classes, names, **CALIBRATION)


def odd_shapes():
    """1 pixel (1), a hole (2), two parts (300), one at the very edge (65535)."""
    labels = blank()
    labels[:, 3, 4] = 1
    labels[:, 10:20, 10:20] = 2
    labels[:, 13:16, 13:17] = 0
    labels[:, 25:30, 5:10] = 300
    labels[:, 33:37, 20:26] = 300
    labels[:, 36:40, 55:60] = 65535
    return annotate(labels)


def comes_late():
    """Nothing on the first and last two frames; no calibration."""
    labels = blank()
    labels[2:4, 10:20, 10:30] = 5
    return annotate(labels)


def one_frame():
    """A movie of a single frame, with one cell."""
    labels = blank(1)
    labels[0, 10:20, 10:30] = 5
    return annotate(labels, **CALIBRATION)


def nothing():
    """A movie without objects."""
    return annotate(blank())


EVERY = [
    two_touch,
    leaves_and_returns,
    division,
    odd_shapes,
    comes_late,
    one_frame,
    nothing,
]
