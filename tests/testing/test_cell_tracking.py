"""SEG, DET, TRA and identity switches, against the package py-ctcmetrics."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tifffile

from napari_sam2_ivos.testing.cell_tracking import tracking_scores
from napari_sam2_ivos.testing.movies import synthetic_movie
from napari_sam2_ivos.testing.population import Habits


def theirs(folder, labels, truth, parents, true_parents):
    """Measure by py-ctcmetrics, which reads the challenge's folders."""
    evaluate = pytest.importorskip("ctc_metrics.scripts.evaluate")
    result, gold = folder / "01_RES", folder / "01_GT"
    for place in (result, gold / "TRA", gold / "SEG"):
        place.mkdir(parents=True)
    for t, (guess, true) in enumerate(zip(labels, truth, strict=True)):
        tifffile.imwrite(result / f"mask{t:03d}.tif", guess.astype(np.uint16))
        for name in ("TRA/man_track", "SEG/man_seg"):
            tifffile.imwrite(gold / f"{name}{t:03d}.tif", true.astype(np.uint16))
    for path, stack, kin in (
        (result / "res_track.txt", labels, parents),
        (gold / "TRA/man_track.txt", truth, true_parents),
    ):
        lines = []
        for i in np.unique(stack[stack > 0]).tolist():
            frames = np.flatnonzero((stack == i).any((1, 2)))
            lines.append(f"{i} {frames[0]} {frames[-1]} {kin.get(i, 0)}")
        path.write_text("\n".join(lines) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metrics = ["SEG", "DET", "TRA", "MOTA"]
        return evaluate.evaluate_sequence(str(result), str(gold), metrics, threads=1)


def compare(folder, labels, truth, parents, true_parents):
    """Check ours against theirs, which joins tracks that have one parent for good."""
    ours = tracking_scores(labels, truth, parents, true_parents)
    reference = theirs(folder, labels, truth, parents, true_parents)
    assert ours.seg == pytest.approx(reference["SEG"])
    assert ours.det == pytest.approx(reference["DET"])
    assert ours.tra == pytest.approx(reference["TRA"])
    if parents == true_parents:
        assert ours.identity_switches == reference["IDSW"]
    return ours


@pytest.fixture
def truth():
    """Cells that touch, divide, come and go."""
    habits = Habits(p_division=0.6, p_birth=0.5, speed=3.0)
    return synthetic_movie(
        n_frames=9, shape=(128, 128), n_objects=10, seed=6, habits=habits
    )


def test_the_truth_itself_is_perfect(truth, tmp_path):
    scores = compare(tmp_path, truth.labels, truth.labels, truth.parents, truth.parents)
    assert (scores.seg, scores.det, scores.tra) == (1, 1, 1)
    assert scores.identity_switches == 0


def test_forgotten_kinship_costs_tra_only(truth, tmp_path):
    assert truth.parents
    scores = compare(tmp_path, truth.labels, truth.labels, {}, truth.parents)
    assert scores.det == 1
    assert scores.tra < 1


def test_two_cells_swapped_in_the_middle(truth, tmp_path):
    labels = truth.labels.copy()
    a, b = _two_long_tracks(labels)
    tail = labels[5:]
    first, second = tail == a, tail == b
    tail[first], tail[second] = b, a
    scores = compare(tmp_path, labels, truth.labels, truth.parents, truth.parents)
    assert scores.identity_switches == 2
    assert scores.seg == 1


def test_merged_missing_invented_and_shrunken_cells(truth, tmp_path):
    labels = truth.labels.copy()
    a, b = _two_long_tracks(labels)
    labels[3:6][labels[3:6] == b] = a  # merged for three frames
    labels[:, :20] = 0  # not looked at
    labels[7, 60:70, 60:70] = 60  # invented
    parents = {c: m for c, m in truth.parents.items() if {c, m} <= set(labels.flat)}
    labels = _without_gaps(labels)
    known = set(np.unique(labels).tolist())
    parents = {c: m for c, m in parents.items() if {c, m} <= known}
    scores = compare(tmp_path, labels, truth.labels, parents, truth.parents)
    assert scores.seg < 0.95
    assert scores.det < 0.95


def test_a_gap_is_a_link_of_another_kind():
    truth = np.zeros((4, 20, 20), int)
    truth[:, 5:12, 5:12] = 1
    labels = truth.copy()
    labels[2] = 0
    scores = tracking_scores(labels, truth)
    # One cell to add, two links to add and one to take away, of 4 cells and 3 links.
    assert scores.tra == pytest.approx(1 - (10 + 2 * 1.5 + 1) / (4 * 10 + 3 * 1.5))
    assert scores.identity_switches == 0


def test_nothing_found_is_worth_nothing():
    truth = np.zeros((2, 20, 20), int)
    truth[:, 5:12, 5:12] = 1
    scores = tracking_scores(np.zeros_like(truth), truth)
    assert (scores.seg, scores.det, scores.tra) == (0, 0, 0)


def _two_long_tracks(labels):
    long = [int(i) for i in np.unique(labels) if i and (labels == i).any((1, 2)).all()]
    return long[0], long[1]


def _without_gaps(labels):
    """Give a track that returns a new ID, as the challenge's files demand."""
    labels = labels.copy()
    for i in np.unique(labels[labels > 0]).tolist():
        frames = np.flatnonzero((labels == i).any((1, 2)))
        for t in np.flatnonzero(np.diff(frames) > 1)[::-1]:
            tail = labels[frames[t + 1] :]
            tail[tail == i] = labels.max() + 1
    return labels
