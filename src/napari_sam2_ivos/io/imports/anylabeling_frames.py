"""Which JSON file of LabelMe or X-AnyLabeling is of which frame of the movie."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.exports.frame_names import KNOWN
from napari_sam2_ivos.io.sources import natural_key

if TYPE_CHECKING:
    from pathlib import Path


def by_frame(folder: Path, n_frames: int) -> tuple[dict[int, Path], list[str]]:
    """Return the files of a folder by frame, and what there is to remark on that.

    Raises
    ------
    FormatError
        If there are none, or it cannot be told which frames they are of.
    """
    there = [p for p in folder.iterdir() if not p.name.startswith(".")]
    there.sort(key=lambda p: natural_key(p.name))
    files = [p for p in there if p.suffix.lower() == ".json"]
    if not files:
        raise FormatError(
            f"'{folder.name}' holds no .json of LabelMe or X-AnyLabeling. Give the"
            " folder that does."
        )
    if len(files) == n_frames:
        return dict(enumerate(files)), []
    remarks = [
        f"{n_frames - len(files)} frames have no file: nothing is known of them."
    ]
    stems = [p.stem for p in there if p.suffix.lower() in KNOWN]
    frames = {stem: frame for frame, stem in enumerate(stems)}
    if len(frames) == len(stems) == n_frames and frames.keys() >= {
        p.stem for p in files
    }:
        return {frames[p.stem]: p for p in files}, remarks
    found = [re.findall(r"\d+", p.stem) for p in files]
    numbered = {int(n[-1]): p for n, p in zip(found, files, strict=True) if n}
    first = int(max(numbered, default=0) == n_frames and min(numbered) > 0)
    if len(numbered) < len(files) or max(numbered) - first >= n_frames:
        raise FormatError(
            f"'{folder.name}' has {len(files)} files, but the movie has {n_frames}"
            " frames. Give one for each, lay the pictures of all frames beside them, or"
            f" end each name with the number of its frame, 0 to {n_frames - 1}."
        )
    remarks.append(f"Numbers in file names were taken for frames, from {first} on.")
    return {number - first: p for number, p in numbered.items()}, remarks
