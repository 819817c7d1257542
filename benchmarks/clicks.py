"""From a click to its mask, beside few or many other objects."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.clock import seconds_of
from benchmarks.discs import Discs
from benchmarks.models import PREDICTOR
from benchmarks.report import Row, Target, objects
from benchmarks.subjects import Ours, Theirs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.models import Model

N_CLICKS = 7


def click_rows(
    model: Model, device: str, numbers: Sequence[int], nets: Mapping[str, Any]
) -> Iterator[Row]:
    """Measure clicks in sessions with these numbers of objects.

    All objects are prompted on the frame of the click, which is encoded already.

    Parameters
    ----------
    model : Model
    device : str
    numbers : sequence of int
        Ascending.
    nets : mapping of str to SAM2VideoPredictor
        Upstream's predictors.
    """
    seconds = {n: _seconds(model, device, n, nets[PREDICTOR]) for n in numbers}
    for n, (ours, theirs) in seconds.items():
        yield Row(
            model.name,
            f"click to mask, {objects(n)}",
            "ms",
            1000 * ours,
            1000 * theirs,
            theirs / ours,
            note=f"median of {N_CLICKS}",
        )
    few, many = numbers[0], numbers[-1]
    if few == many:
        return
    ours, theirs = (seconds[many][i] / seconds[few][i] for i in (0, 1))
    yield Row(
        model.name,
        f"click to mask, {objects(many)} over {few}",
        "x",
        ours,
        theirs,
        ours,
        Target("<=", 1.5),
    )


def _seconds(model: Model, device: str, n_objects: int, net: Any) -> tuple[float, ...]:
    """Return the median of a click of ours and of one of upstream."""
    discs = Discs(2, model.side, n_objects)
    segmenter = model.ours(discs, device)
    ours = Ours(segmenter)
    subjects: list[Ours | Theirs] = [
        ours,
        Theirs(net, segmenter.movie, segmenter.mapping),
    ]
    for subject in subjects:
        for number in range(n_objects):
            subject.mask(number + 1, 0, discs.mask(number, 0))
    ours.session.preview(0)  # upstream answers a mask at once
    y, x = discs.centre(0, 0)
    rounds = []
    for shift in range(N_CLICKS):
        point = (y + shift, x)  # another each time: a known answer is not computed
        rounds.append(
            [seconds_of(partial(s.click, 1, 0, point), device) for s in subjects]
        )
    segmenter.close()
    return tuple(median(own) for own in zip(*rounds, strict=True))
