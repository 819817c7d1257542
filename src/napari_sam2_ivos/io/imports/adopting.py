"""From what another program has segmented to the objects of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.core.edits.existing import (
    adopt_anchors,
    adopt_stack,
    note_origins,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.imports.imported import Imported


def adopt(
    session: Session, found: Imported, name: str, *, as_prompts: bool
) -> Generator[int]:
    """Make objects of a segmentation, as one action; yields each frame done.

    Closed before its end, it takes back what was made.

    Parameters
    ----------
    session : Session
        Without objects.
    found : Imported
    name : str
        What to call it: "Load 'NAME'".
    as_prompts : bool
        Whether each mask is a prompt, and what lies between them is to be tracked.
        Otherwise masks stay as they are until something is corrected.
    """
    with session.action(f"Load '{name}'"):
        if as_prompts:
            yield from adopt_anchors(session, found.frames, found.plane_of)
        else:
            yield from adopt_stack(session, found.plane_of)
        note_origins(session, found.names, found.classes, found.parents)
