"""Trials of a model: prompts taken from the truth, tracked, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.testing.evaluation import Evaluation, evaluate_labels
from napari_sam2_ivos.testing.simulated_user import SimulatedUser, first_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_sam2_ivos.core.session import Session

SMALLEST = 30
"""Pixels of an object on its first frame below which nobody would begin it."""
KINDS = ("click", "box", "mask")


@dataclass(frozen=True)
class Trial:
    """One trial and what came of it.

    Attributes
    ----------
    prompt : str
        'click', 'box' or 'mask', or 'round N' of a simulated user.
    n_clicks : int
        Clicks made so far, frames declared empty included.
    result : Evaluation
    """

    prompt: str
    n_clicks: int
    result: Evaluation


def objects_to_follow(truth: np.ndarray, *, later_ones: bool = False) -> list[int]:
    """Return the objects of the first frame, or all that are ever begun.

    Parameters
    ----------
    truth : ndarray, (T, Y, X) integer
    later_ones : bool
        Also objects that come after the first frame, such as daughters.

    Returns
    -------
    list of int
        Track IDs of at least `SMALLEST` pixels where they are first seen.
    """
    chosen: list[int] = []
    known = {0}
    for plane in truth if later_ones else truth[:1]:
        ids, areas = np.unique(plane, return_counts=True)
        new = [(int(i), n) for i, n in zip(ids, areas, strict=True) if i not in known]
        chosen += [i for i, n in new if n >= SMALLEST]
        known |= {i for i, _ in new}
    return chosen


def try_prompt(
    session: Session,
    truth: np.ndarray,
    track_ids: Sequence[int],
    kind: str,
    parents: Mapping[int, int] | None = None,
    track: Callable[[], None] | None = None,
) -> Trial:
    """Prompt each object once where it is first seen, and track forward.

    Parameters
    ----------
    session : Session
        Without prompts.
    truth : ndarray, (T, Y, X) integer
    track_ids : sequence of int
    kind : {'click', 'box', 'mask'}
        With masks the prompted frames are not counted: they are right by gift.
    parents : mapping of int to int, optional
        Mother of each daughter, for TRA.
    track : callable, optional
        What computes the stale frames; `Session.propagate` by default.
    """
    user = SimulatedUser(session, truth, track_ids)
    for track_id in track_ids:
        frame = user.first_seen(track_id)
        prompt = first_prompt(truth[frame] == track_id, kind)
        session.set_prompts(track_id, frame, prompt)
    if track is None:
        for _ in session.propagate():
            pass
    else:
        track()
    labels = np.asarray(session.labels)
    if kind == "mask":
        labels, truth = _without_gifts(user, labels)
    result = evaluate_labels(labels, truth, track_ids, parents)
    return Trial(kind, len(track_ids), result)


def try_corrections(
    session: Session,
    truth: np.ndarray,
    track_ids: Sequence[int],
    rounds: int,
    parents: Mapping[int, int] | None = None,
    track: Callable[[], None] | None = None,
) -> list[Trial]:
    """Let a simulated user correct the worst frames; see `SimulatedUser`.

    Parameters are those of `try_prompt`.

    Returns
    -------
    list of Trial
        One for each round.
    """
    user = SimulatedUser(session, truth, track_ids)
    trials: list[Trial] = []

    def note(number: int) -> None:
        labels = np.asarray(session.labels)
        result = evaluate_labels(labels, truth, track_ids, parents)
        n_clicks = user.n_clicks + user.n_said_absent
        trials.append(Trial(f"round {number}", n_clicks, result))

    user.annotate(rounds, note, track)
    return trials


def _without_gifts(
    user: SimulatedUser, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Take each object off the frame on which its mask was given."""
    labels, truth = labels.copy(), user.truth.copy()
    for track_id in user.track_ids:
        frame = user.first_seen(track_id)
        for stack in (labels, truth):
            stack[frame][stack[frame] == track_id] = 0
    return labels, truth
