"""Prompts from a file: a table of clicks and boxes, or an image of masks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import PromptError

if TYPE_CHECKING:
    import os

    from napari_sam2_ivos.core.prompts import FramePrompts

Prompts = dict[int, dict[int, "FramePrompts"]]
"""Track ID to frame to prompts."""


def read_prompts(
    path: str | os.PathLike[str],
    *,
    plane_shape: tuple[int, int],
    n_frames: int,
    prompt_frame: int = 0,
) -> Prompts:
    """Read the prompts of a movie, and check them against it.

    Parameters
    ----------
    path : path-like
        ``.csv`` with columns frame, track_id, kind, y, x, y2, x2, positive; or
        a label image or stack (``.tif``, ``.npy``, ``.zarr``, ``.png``), where
        every label of every frame is a mask.
    plane_shape : tuple of int
        Height and width of the movie, ``(Y, X)`` pixels.
    n_frames : int
        Frames of the movie.
    prompt_frame : int
        The frame that a label image without time axis belongs to.

    Returns
    -------
    dict of int to dict of int to FramePrompts
        Track ID to frame to prompts.

    Raises
    ------
    PromptError
        If a prompt does not fit the movie, or there is none.
    FormatError
        If the file is not what it should be; every bad line is named.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise PromptError(f"There is no prompt file '{path}'. Check the path.")
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        from napari_sam2_ivos.io.prompts_csv import read_csv

        return read_csv(path, plane_shape=plane_shape, n_frames=n_frames)
    from napari_sam2_ivos.io.prompts_labels import read_masks

    return read_masks(
        path, plane_shape=plane_shape, n_frames=n_frames, prompt_frame=prompt_frame
    )
