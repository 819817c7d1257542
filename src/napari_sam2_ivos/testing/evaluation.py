"""All measures of a label stack at once, as a table row or as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.testing.boundaries import boundary
from napari_sam2_ivos.testing.cell_tracking import tracking_scores
from napari_sam2_ivos.testing.metrics import jaccard, mean_score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Evaluation:
    """What a label stack is worth, measured against the truth.

    Attributes
    ----------
    n_objects, n_frames : int
    j, f, j_and_f : float
        Mean over objects of the mean over the frames where the object is in the
        labels or in the truth: IoU, boundary F, and the mean of both (DAVIS).
    seg, det, tra : float
        Cell Tracking Challenge; only objects that were asked for count.
    identity_switches : int
    j_of : dict of int to list of float or None
        IoU of every object on every frame; None where it is in neither.
    f_of : dict of int to list of float or None
    """

    n_objects: int
    n_frames: int
    j: float
    f: float
    j_and_f: float
    seg: float
    det: float
    tra: float
    identity_switches: int
    j_of: dict[int, list[float | None]]
    f_of: dict[int, list[float | None]]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON takes it, numbers rounded to four digits."""
        return {k: _rounded(v) for k, v in asdict(self).items()}


def evaluate_labels(
    labels: np.ndarray,
    truth: np.ndarray,
    track_ids: Iterable[int] | None = None,
    parents: Mapping[int, int] | None = None,
) -> Evaluation:
    """Measure a label stack against the truth.

    Parameters
    ----------
    labels, truth : ndarray, (T, Y, X) integer
        Track IDs; the same object has the same ID in both.
    track_ids : iterable of int, optional
        Objects that were asked for; by default all of the truth.
    parents : mapping of int to int, optional
        Mother of each daughter, for TRA: taken as known in both stacks, since a
        segmentation of given objects says nothing about kinship.

    Raises
    ------
    ValueError
        If the stacks differ in shape.
    """
    if track_ids is None:
        track_ids = (int(i) for i in np.unique(truth) if i)
    ids = sorted(track_ids)
    j_of = jaccard(labels, truth, ids)
    f_of = boundary(labels, truth, ids)
    j, f = mean_score(j_of), mean_score(f_of)
    kin = {c: m for c, m in (parents or {}).items() if c in ids and m in ids}
    tracking = tracking_scores(
        (np.where(np.isin(plane, ids), plane, 0) for plane in labels),
        (np.where(np.isin(plane, ids), plane, 0) for plane in truth),
        kin,
        kin,
    )
    return Evaluation(
        n_objects=len(ids),
        n_frames=len(truth),
        j=j,
        f=f,
        j_and_f=(j + f) / 2,
        **asdict(tracking),
        j_of={i: [None if np.isnan(v) else float(v) for v in j_of[i]] for i in ids},
        f_of={i: [None if np.isnan(v) else float(v) for v in f_of[i]] for i in ids},
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {str(k): _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return value
