"""A session as it was found in its folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.io.sessions.about import About
    from napari_sam2_ivos.io.sessions.folder import SessionFolder


@dataclass(eq=False)
class SavedSession:
    """A session as it was found in its folder.

    Parameters
    ----------
    folder : SessionFolder
    about : About
    tracks : dict of int to Track
    in_doubt : set of int
        Frames whose label planes may not fit their objects.
    mended : set of int
        Objects that are not as they were saved: saving was cut short, or a file is
        damaged.
    recovered : set of int
        Those of which only the pixels are left.
    remarks : list of str
        Sentences for the user about that.
    """

    folder: SessionFolder
    about: About
    tracks: dict[int, Track] = field(default_factory=dict)
    in_doubt: set[int] = field(default_factory=set)
    mended: set[int] = field(default_factory=set)
    recovered: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
