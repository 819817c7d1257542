"""One session on one scene: followed, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.api import open_session
from napari_sam2_ivos.testing.boundaries import boundary
from napari_sam2_ivos.testing.cell_tracking import tracking_scores
from napari_sam2_ivos.testing.metrics import mean_jaccard, mean_score
from napari_sam2_ivos.testing.simulated_user import first_prompt

if TYPE_CHECKING:
    from benchmarks.window_scenes import Scene
    from napari_sam2_ivos.core.session import Session

REACH_PX = 2
"""Distance at which two outlines still agree. DAVIS' share of the diagonal is 24 px
in 2048 x 2048, as much as a nucleus is wide."""


@dataclass(frozen=True)
class Scores:
    """What came of a session.

    Attributes
    ----------
    j : float
        Mean IoU.
    f, f_davis : float
        Mean boundary F at `REACH_PX` pixels, and at DAVIS' 0.8 % of the diagonal.
    switches : int
        How often a true object is covered by another ID than when last found.
    found : float
        Share of the true objects, over all frames, that are covered by their own ID.
    seconds : float
        Prompting and tracking.
    looked_at : str
        Which part of the frames, in words.
    """

    j: float
    f: float
    f_davis: float
    switches: int
    found: float
    seconds: float
    looked_at: str

    def __str__(self) -> str:
        return (
            f"J {self.j:.3f}  F {self.f:.3f}  F of DAVIS {self.f_davis:.3f}"
            f"  switches {self.switches}  found {self.found:.3f}"
            f"  {self.seconds:.0f} s  looked at {self.looked_at}"
        )


def try_scene(scene: Scene, look_at: str, **settings: Any) -> tuple[Scores, np.ndarray]:
    """Follow the objects of a scene from their prompts on frame 0.

    Parameters
    ----------
    scene : Scene
    look_at : {'whole-frame', 'windows', 'automatic'}
    **settings
        Of `open_session`.

    Returns
    -------
    scores : Scores
    labels : ndarray, (T, Y, X) uint16
    """
    chosen: Any = {"model": "bundled", "look_at": look_at, **settings}
    session = open_session(scene.movie, **chosen)
    start = time.perf_counter()
    for i in scene.track_ids:
        session.set_prompts(i, 0, first_prompt(scene.truth[0] == i, scene.prompt))
    for _ in session.propagate():
        pass
    seconds = time.perf_counter() - start
    labels = np.asarray(session.labels)
    scores = score(scene, labels, seconds, how_it_looked(session))
    session.segmenter.close()
    return scores, labels


def score(scene: Scene, labels: np.ndarray, seconds: float, looked_at: str) -> Scores:
    """Measure the ``(T, Y, X)`` labels of a scene against its truth."""
    counted = slice(1, None) if scene.prompt == "mask" else slice(None)
    truth, labels = scene.truth[counted], labels[counted]
    ids = scene.track_ids
    truth = np.where(np.isin(truth, ids), truth, 0)
    there = found = 0
    for guess, true in zip(labels, truth, strict=True):
        areas = np.bincount(true.ravel(), minlength=max(ids) + 1)[ids]
        right = np.bincount(true[true == guess], minlength=max(ids) + 1)[ids]
        there += int(np.count_nonzero(areas))
        found += int(np.count_nonzero(2 * right > areas))
    return Scores(
        j=mean_jaccard(labels, truth, ids),
        f=mean_score(boundary(labels, truth, ids, reach_px=REACH_PX)),
        f_davis=mean_score(boundary(labels, truth, ids)),
        switches=tracking_scores(labels, truth).identity_switches,
        found=found / there,
        seconds=seconds,
        looked_at=looked_at,
    )


def how_it_looked(session: Session) -> str:
    """Return in words which part of the frames the model looked at."""
    whole = (0, 0, *session.movie.plane_shape)
    n_whole, sides = 0, []
    for track in session.tracks.values():
        views = track.view[track.view[:, 2] > 0]  # (top, left, height, width)
        is_whole = (views == whole).all(1)
        n_whole += int(is_whole.sum())
        sides += views[~is_whole, 2].tolist()
    if not sides:
        return "whole frames" if n_whole else "nothing"
    smallest, largest = min(sides), max(sides)
    span = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
    share = n_whole / (n_whole + len(sides))
    also = f", {100 * share:.0f} % whole frames" if n_whole else ""
    return f"windows of {span} px{also}"
