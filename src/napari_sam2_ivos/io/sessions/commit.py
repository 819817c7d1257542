"""Everything that one write tells of objects, in one file: all of it is there or none.

Label planes are written before it, and from it the files of objects, frames and
actions are made after it. So it is there only for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.io.sessions.about import now
from napari_sam2_ivos.io.sessions.object_file import object_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam2_ivos.core.tracks import Track


@dataclass(eq=False)
class Change:
    """What happened at once, as it was then: an action, or frames of a run.

    Parameters
    ----------
    name : str
        Of the action; empty for frames of one that is in the log already.
    objects : dict of int to Track or None
        Objects that it changed; None for one that is gone.
    frames : dict of int to dict
        State of all objects on frames that were computed, as columns.
    """

    name: str = ""
    objects: dict[int, Track | None] = field(default_factory=dict)
    frames: dict[int, dict[str, Any]] = field(default_factory=dict)


def commit_of(changes: Sequence[Change], n: int, torn: Iterable[int]) -> dict[str, Any]:
    """Return what the file holds.

    Parameters
    ----------
    changes : sequence of Change
        In order.
    n : int
        Number of the last part that was written before.
    torn : iterable of int
        Frames whose label planes may be of a later state than their objects.
    """
    actions: dict[str, Any] = {}
    objects: dict[str, Any] = {}
    frames: dict[str, Any] = {}
    for change in changes:
        if change.objects or change.name:
            n += 1
            actions[str(n)] = {
                "n": n,
                "time": now(),
                "action": change.name,
                "changed": sorted(change.objects),
            }
        for track_id, track in change.objects.items():
            known = None if track is None else {"n": n, **object_to_json(track)}
            objects[str(track_id)] = known
        for frame, rows in change.frames.items():
            n += 1
            frames[str(frame)] = {"n": n, "frame": frame, **rows}
    return {
        "n": n,
        "torn": sorted(torn),
        "actions": actions,
        "objects": objects,
        "frames": frames,
    }


def is_one_file(content: dict[str, Any]) -> bool:
    """Whether what there is to tell is a file of its own anyway: one frame."""
    one = len(content["frames"]) == 1
    return one and not (content["torn"] or content["actions"] or content["objects"])
