"""Objects on frames as the nodes of a graph, and what becomes of them as its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from napari_sam2_ivos.core.prompts import Mask
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

MOST_SAID = 10
"""Objects that are named in a remark."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Spots and links of all objects, in order of frames, then of track IDs.

    Parameters
    ----------
    frame, track_id, area : ndarray, (N,) int
        Of every spot: an object on a frame; area in pixels.
    centroid : ndarray, (N, 2) float
        Mean ``(y, x)`` of its pixels.
    links : ndarray, (M, 2) int
        Indices of spots: from an object to itself on the next frame on which it is
        there, and from the last of a mother to the first of each daughter.
    lineage : ndarray, (N,) int
        Track ID of the first object of the family that a spot is linked to.
    lost : tuple of int
        Objects that are not linked to their parent: it is there too late, or never.
    """

    frame: npt.NDArray[np.int64]
    track_id: npt.NDArray[np.int64]
    area: npt.NDArray[np.int64]
    centroid: npt.NDArray[np.float64]
    links: npt.NDArray[np.int64]
    lineage: npt.NDArray[np.int64]
    lost: tuple[int, ...]

    @property
    def remarks(self) -> list[str]:
        """What a user should know of it."""
        if not self.lost:
            return []
        named = ", ".join(map(str, self.lost[:MOST_SAID]))
        return [
            f"Without their parent, which is there too late or not at all: {named}."
        ]


def graph_of(
    annotated: AnnotatedMovie,
    each: Callable[[int, int, Mask], None] | None = None,
) -> Graph:
    """Go through an annotated movie once and return its graph.

    Parameters
    ----------
    annotated : AnnotatedMovie
    each : callable, (frame, track ID, Mask) -> None, optional
        Called with every spot, in order.
    """
    rows: list[tuple[int, int, int, float, float]] = []
    links: list[tuple[int, int]] = []
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for frame, masks in annotated.masks():
        for track_id, mask in masks.items():
            spot = len(rows)
            y, x = mask.centroid
            rows.append((frame, track_id, int(np.count_nonzero(mask.pixels)), y, x))
            if track_id in last:
                links.append((last[track_id], spot))
            first.setdefault(track_id, spot)
            last[track_id] = spot
            if each is not None:
                each(frame, track_id, mask)
    table = np.array(rows, float).reshape(-1, 5)
    founders, lost = {}, []
    for track_id in sorted(first, key=lambda i: first[i]):
        parent = annotated.tracks[track_id].parent
        founders[track_id] = track_id
        if parent is None:
            continue
        if parent in last and table[last[parent], 0] < table[first[track_id], 0]:
            links.append((last[parent], first[track_id]))
            founders[track_id] = founders[parent]
        else:
            lost.append(track_id)
    ids = table[:, 1].astype(np.int64)
    return Graph(
        table[:, 0].astype(np.int64),
        ids,
        table[:, 2].astype(np.int64),
        table[:, 3:],
        np.array(links, np.int64).reshape(-1, 2),
        np.array([founders[i] for i in ids.tolist()], np.int64),
        tuple(lost),
    )
