"""A segmentation of another program, fitted to a movie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np


@dataclass(frozen=True, eq=False)
class Imported:
    """Labels to be taken over by a session, read frame by frame.

    Parameters
    ----------
    plane_of : callable, (frame) -> ndarray, (Y, X) unsigned
        Returns the label plane of a frame of the movie; the values are track IDs.
    frames : list of int
        Frames on which anything was said, ascending: on the others nothing is known.
    classes, names : dict of int to str
        By track ID, where the file says so.
    parents : dict of int to int
        From which object each came by division, where the file says so.
    remarks : list of str
        Sentences about what did not fit, for the user to read; there may be more of
        them when all planes were read.
    """

    plane_of: Callable[[int], np.ndarray]
    frames: list[int]
    classes: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
