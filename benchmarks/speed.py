"""Frames per second, tracking once more, and repairing one object of many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.clock import seconds_of, seconds_per_frame, which_frames
from benchmarks.discs import Discs
from benchmarks.forwards import BareForwards
from benchmarks.models import LEGACY_PREDICTOR, PREDICTOR
from benchmarks.report import Row, Target, objects
from benchmarks.subjects import Legacy, Ours, Theirs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from benchmarks.models import Model

SECTIONS = ("frames", "forwards", "second", "repair")
N_REPAIRED_AMONG = 16


@dataclass(frozen=True, eq=False)
class Race:
    """Some objects of a movie, for ours and for upstream.

    Parameters
    ----------
    model : Model
    device : str
    n_objects, n_frames : int
    sections : collection of str
        Out of `SECTIONS`; those that this number of objects has no part in do
        nothing.
    """

    model: Model
    device: str
    n_objects: int
    n_frames: int
    sections: Collection[str]

    def run(self, nets: Mapping[str, Any]) -> Iterator[Row]:
        """Measure; all sections go on from one and the same first run.

        Parameters
        ----------
        nets : mapping of str to SAM2VideoPredictor
            Upstream's predictors by `PREDICTOR` and `LEGACY_PREDICTOR`.
        """
        frames = "frames" in self.sections
        forwards = "forwards" in self.sections and self.n_objects in (1, 16)
        second = "second" in self.sections and self.n_objects == 1
        repair = "repair" in self.sections and self.n_objects == N_REPAIRED_AMONG
        if not (frames or forwards or second or repair):
            return
        discs = Discs(self.n_frames, self.model.side, self.n_objects)
        segmenter = self.model.ours(discs, self.device)
        movie, mapping = segmenter.movie, segmenter.mapping
        subjects: dict[str, Ours | Theirs] = {"ours": Ours(segmenter)}
        if frames or second or repair:
            subjects["upstream"] = Theirs(nets[PREDICTOR], movie, mapping)
        if frames:
            subjects["legacy"] = Legacy(nets[LEGACY_PREDICTOR], movie, mapping)
        for subject in subjects.values():
            for number in range(self.n_objects):
                subject.mask(number + 1, 0, discs.mask(number, 0))
        runs = {name: subject.track() for name, subject in subjects.items()}
        if forwards:
            runs["bare"] = BareForwards(segmenter, self.n_objects).track()
        seconds = seconds_per_frame(runs, self.n_frames, self.device)
        if frames:
            yield from self._cold(seconds)
        if forwards:
            yield self._over_bare(seconds)
        if second:
            runs = {name: subjects[name].track() for name in ("ours", "upstream")}
            seconds = seconds_per_frame(runs, self.n_frames, self.device)
            target = Target(">=", 2.0) if self.model.image_size == 512 else None
            yield self._rate("second propagation, 1 object", seconds, target)
        if repair:
            yield self._repair(discs, subjects)
        segmenter.close()

    def _cold(self, seconds: Mapping[str, float]) -> Iterator[Row]:
        if self.n_objects == 1:
            target = Target(">=", 1.0)
        elif self.n_objects != 16:
            target = None
        elif self.device == "cpu":
            target = Target(">=", 1.5 if self.model.name == "bundled" else 1.3)
        else:
            target = Target(">=", 3.0)
        case = f"frames/s, {objects(self.n_objects)}"
        yield self._rate(case, seconds, target)
        seconds = {"ours": seconds["ours"], "upstream": seconds["legacy"]}
        yield self._rate(f"{case}, legacy upstream", seconds, None)

    def _rate(
        self, case: str, seconds: Mapping[str, float], target: Target | None
    ) -> Row:
        return Row(
            self.model.name,
            case,
            "/s",
            1 / seconds["ours"],
            1 / seconds["upstream"],
            seconds["upstream"] / seconds["ours"],
            target,
            which_frames(self.n_frames),
        )

    def _over_bare(self, seconds: Mapping[str, float]) -> Row:
        return Row(
            self.model.name,
            f"time over bare forwards, {objects(self.n_objects)}",
            "ms",
            1000 * seconds["ours"],
            1000 * seconds["bare"],
            seconds["ours"] / seconds["bare"],
            Target("<=", 1.15),
            f"bare forwards in place of upstream; {which_frames(self.n_frames)}",
        )

    def _repair(self, discs: Discs, subjects: Mapping[str, Ours | Theirs]) -> Row:
        middle = self.n_frames // 2
        mask = discs.mask(0, middle)
        ours, theirs = (
            seconds_of(partial(subjects[name].repair, 1, middle, mask), self.device)
            for name in ("ours", "upstream")
        )
        note = (
            f"frames {middle} to {self.n_frames - 1}; upstream repeats all objects"
            " on them"
        )
        if self.model.name == "bundled":
            note += ", with max_cond_frames_in_attn -1: it fails with the config's 1"
        return Row(
            self.model.name,
            f"repair 1 of {N_REPAIRED_AMONG} objects",
            "s",
            ours,
            theirs,
            theirs / ours,
            Target(">=", 10.0),
            note,
        )
