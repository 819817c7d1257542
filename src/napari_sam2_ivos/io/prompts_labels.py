"""Masks as prompts, from a label image or stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import MAX_TRACK_ID, FramePrompts, Mask
from napari_sam2_ivos.io.labels import read_labels

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.prompts import Prompts


def read_masks(
    path: Path,
    *,
    plane_shape: tuple[int, int],
    n_frames: int,
    prompt_frame: int = 0,
) -> Prompts:
    """Make every label a mask prompt, and every labelled frame an anchor.

    Parameters
    ----------
    path : Path
        Label image ``(Y, X)``, which belongs to `prompt_frame`, or label
        stack ``(T, Y, X)`` of as many frames as the movie.
    plane_shape : tuple of int
        ``(Y, X)`` of the movie.
    n_frames, prompt_frame : int

    Returns
    -------
    dict of int to dict of int to FramePrompts
    """
    labels = read_labels(path)
    shape = tuple(labels.shape)
    if shape[-2:] != tuple(plane_shape):
        raise PromptError(
            f"'{path.name}' has planes of {shape[-2]} x {shape[-1]} pixels, but the"
            f" movie has {plane_shape[0]} x {plane_shape[1]}; they must be equal."
        )
    is_image = len(shape) == 2 or shape[0] == 1 != n_frames
    if is_image and not 0 <= prompt_frame < n_frames:
        raise PromptError(
            f"Prompt frame {prompt_frame} is outside the movie, which has frames 0 to"
            f" {n_frames - 1}."
        )
    if not is_image and shape[0] != n_frames:
        raise PromptError(
            f"'{path.name}' has {shape[0]} frames, but the movie has {n_frames}. Give"
            " a label stack of the same length, or one label image."
        )
    prompts: Prompts = {}
    for index in range(1 if is_image else n_frames):
        plane = np.asarray(labels[...] if len(shape) == 2 else labels[index])
        frame = prompt_frame if is_image else index
        for track_id, mask in masks_of(plane, f"'{path.name}'").items():
            prompts.setdefault(track_id, {})[frame] = FramePrompts(mask=mask)
    if not prompts:
        raise PromptError(
            f"'{path.name}' holds no label above 0. Paint at least one object."
        )
    return prompts


def masks_of(plane: np.ndarray, name: str = "The label image") -> dict[int, Mask]:
    """Cut a ``(Y, X)`` label plane into one mask per label, ascending."""
    low, high = (int(plane.min()), int(plane.max())) if plane.size else (0, 0)
    if low < 0 or high > MAX_TRACK_ID:
        raise PromptError(
            f"{name} has label {high if high > MAX_TRACK_ID else low}, but track IDs"
            f" are 1 to {MAX_TRACK_ID}. Renumber its labels."
        )
    windows = ndimage.find_objects(plane.astype(np.int32))
    return {
        track_id: Mask(
            window[0].start, window[1].start, plane[window] == np.asarray(track_id)
        )
        for track_id, window in enumerate(windows, 1)
        if window is not None
    }
