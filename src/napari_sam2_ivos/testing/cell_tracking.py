"""How well cells were found and followed: SEG, DET, TRA and identity switches.

As the Cell Tracking Challenge defines them, from label stacks, one frame in memory
at a time. The tests compare with the package ``py-ctcmetrics``, which reads folders.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What it costs to mend a tracking result by hand, Matula et al. 2015.
SPLIT, ADD_CELL, DELETE_CELL = 5.0, 10.0, 1.0
DELETE_LINK, ADD_LINK, CHANGE_LINK = 1.0, 1.5, 1.0

Vertex = tuple[int, int]  # (frame, track ID)
Links = dict[tuple[Vertex, Vertex], bool]  # True where a daughter or a gap follows


@dataclass(frozen=True)
class TrackingScores:
    """Measures of the Cell Tracking Challenge, and identity switches.

    Attributes
    ----------
    seg : float
        Mean IoU over all true cells of all frames; a cell not found counts 0.
    det, tra : float
        1 less the share of work that mending the cells (and links) would be.
    identity_switches : int
        How often a true cell is covered by another ID than when last found.
    """

    seg: float
    det: float
    tra: float
    identity_switches: int


def tracking_scores(
    labels: Iterable[np.ndarray],
    truth: Iterable[np.ndarray],
    parents: Mapping[int, int] | None = None,
    true_parents: Mapping[int, int] | None = None,
) -> TrackingScores:
    """Compare label stacks whose IDs need not be the same.

    A cell is found where a label covers more than half of it. A track with a gap
    counts as two tracks of which one follows the other, as the challenge's rules
    demand.

    Parameters
    ----------
    labels, truth : iterable of ndarray, (Y, X) integer
        Label planes, frame by frame.
    parents, true_parents : mapping of int to int, optional
        Mother's ID of each daughter in `labels` and in `truth`.

    References
    ----------
    Matula et al., PLoS ONE 2015; Maška et al., Nature Methods 2023.
    """
    there: dict[int, list[int]] = {}
    found_there: dict[int, list[int]] = {}
    matches: dict[Vertex, Vertex] = {}  # of the truth to a label
    last: dict[int, int] = {}
    ious, switches = 0.0, 0
    for t, (guess, true) in enumerate(zip(labels, truth, strict=True)):
        areas, true_areas, overlaps = _overlaps(guess, true)
        for i in areas:
            found_there.setdefault(i, []).append(t)
        for i in true_areas:
            there.setdefault(i, []).append(t)
        for (i, j), both in overlaps.items():
            if 2 * both > true_areas[i]:
                matches[t, i] = t, j
                ious += both / (true_areas[i] + areas[j] - both)
                switches += last.get(i, j) != j
                last[i] = j
    n_true, n_found = (sum(map(len, d.values())) for d in (there, found_there))
    times = Counter(matches.values())
    splits = len(matches) - len(times)
    cells = (
        SPLIT * splits
        + ADD_CELL * (n_true - len(matches))
        + DELETE_CELL * (n_found - len(times))
    )
    wanted = _links(there, true_parents or {})
    back = {j: i for i, j in matches.items() if times[j] == 1}
    links = {
        (back[a], back[b]): follows
        for (a, b), follows in _links(found_there, parents or {}).items()
        if a in back and b in back
    }
    common = wanted.keys() & links.keys()
    mending = (
        DELETE_LINK * (len(links) - len(common))
        + ADD_LINK * (len(wanted) - len(common))
        + CHANGE_LINK * sum(wanted[e] != links[e] for e in common)
    )
    from_scratch = ADD_CELL * n_true
    from_scratch_linked = from_scratch + ADD_LINK * len(wanted)
    return TrackingScores(
        seg=ious / n_true if n_true else float("nan"),
        det=_share_saved(cells, from_scratch),
        tra=_share_saved(cells + mending, from_scratch_linked),
        identity_switches=int(switches),
    )


def _share_saved(cost: float, from_scratch: float) -> float:
    if not from_scratch:
        return float("nan")
    return 1 - min(cost, from_scratch) / from_scratch


def _overlaps(
    guess: np.ndarray, true: np.ndarray
) -> tuple[dict[int, int], dict[int, int], dict[tuple[int, int], int]]:
    """Areas of labels, areas of true cells, and areas of (true cell, label)."""

    def count(values: np.ndarray) -> dict[int, int]:
        ids, counts = np.unique(values[values > 0], return_counts=True)
        return dict(zip(ids.tolist(), counts.tolist(), strict=True))

    both = (guess > 0) & (true > 0)
    pairs = np.stack([true[both], guess[both]]).astype(np.int64)
    found, counts = np.unique(pairs, axis=1, return_counts=True)
    keys = map(tuple, found.T.tolist())
    return count(guess), count(true), dict(zip(keys, counts.tolist(), strict=True))


def _links(there: Mapping[int, list[int]], parents: Mapping[int, int]) -> Links:
    """Links of every track to itself on its next frame, and of daughters."""
    links: Links = {}
    for i, frames in there.items():
        for a, b in pairwise(frames):
            links[(a, i), (b, i)] = b > a + 1
    for child, mother in parents.items():
        if child in there and mother in there:
            links[(there[mother][-1], mother), (there[child][0], child)] = True
    return links
