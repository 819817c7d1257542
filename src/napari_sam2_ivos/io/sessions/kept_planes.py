"""Label planes as they were before a write, until their objects are written too.

So a write that was cut short is taken back as a whole: no plane is newer than what
is written of its objects.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from napari_sam2_ivos.io.atomic import cannot_save, flush_to_disk
from napari_sam2_ivos.io.sessions.layout import BEFORE, LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def chunks_of(path: Path, frame: int) -> list[Path]:
    """Return the files that hold the label plane of a frame; none for an empty one."""
    found = (path / LABELS / "0" / "c" / str(frame)).glob("*/*")
    return [chunk for chunk in found if chunk.suffix != ".partial"]


def keep_plane(path: Path, frame: int) -> None:
    """Keep the label plane of a frame as it is now, if an older one is not kept."""
    target = path / BEFORE / str(frame)
    if target.exists():
        return
    try:
        work = path / BEFORE / f"{frame}.part"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        for chunk in chunks_of(path, frame):
            _link(chunk, work / f"{chunk.parent.name}_{chunk.name}")
        work.rename(target)
    except OSError as error:
        raise cannot_save(target, error) from error


def put_back(path: Path, frames: Iterable[int]) -> None:
    """Put back planes that were kept; may be done again if it was cut short."""
    for frame in frames:
        kept = path / BEFORE / str(frame)
        old = {tuple(item.name.split("_")): item for item in kept.iterdir()}
        plane = path / LABELS / "0" / "c" / str(frame)
        for chunk in chunks_of(path, frame):
            if (chunk.parent.name, chunk.name) not in old:
                chunk.unlink()
        for (row, column), item in old.items():
            (plane / row).mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".back")
            part.unlink(missing_ok=True)
            _link(item, part)
            part.replace(plane / row / column)


def forget_planes(path: Path) -> None:
    """Let go of all planes that were kept."""
    shutil.rmtree(path / BEFORE, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    """Make a file of the same content, which is safe on the disk already."""
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
        flush_to_disk(target)
