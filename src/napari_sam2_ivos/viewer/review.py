"""The suspicious places of a session, gone through one after the other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass
from operator import attrgetter
from time import perf_counter
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.edits.notes import mark_fine
from napari_sam2_ivos.core.review import Doubt, Finding, findings, levels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy.typing as npt
    from numpy import uint8

    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.viewer.controller import Controller

AROUND = 10
"""Frames; this close to the place that was gone to last, it is still meant."""

SHARE_S = 0.004
"""Seconds that one call may take while the model works, where every object changes
with every frame."""


@dataclass(frozen=True)
class _Kept:
    """What was found about an object, and when its cells were as they were."""

    key: tuple[int, int]
    turn: int
    places: list[Finding]


class Review:
    """Finds places to look at, and goes to them.

    What was found about an object is kept until one of its cells changes.

    Parameters
    ----------
    controller : Controller

    Attributes
    ----------
    left_out : frozenset of Doubt
        Doubts that are not listed.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._session = controller.session
        self.left_out: frozenset[Doubt] = frozenset()
        self._kept: dict[int, _Kept] = {}
        self._turn = 0
        self._all: list[Finding] = []
        self._listed: list[Finding] = []
        self._levels: dict[int, tuple[tuple[int, int], npt.NDArray[uint8]]] = {}
        self._visited: Finding | None = None

    # ---- what there is -----------------------------------------------------

    def findings(self) -> list[Finding]:
        """Return the places to look at by frame, without those that are left out.

        The same list as before if nothing has changed. While the model works, what
        it has just done may still be missing.
        """
        self._look()
        return self._listed

    def findings_of(self, track_id: int) -> list[Finding]:
        """Return the places of one object that `findings` has listed, by frame."""
        kept = self._kept.get(track_id)
        return [] if kept is None else self._chosen(kept.places)

    def counts(self) -> Counter[Doubt]:
        """Return how many places there are of each doubt, listed or not."""
        self._look()
        return Counter(finding.doubt for finding in self._all)

    def leave_out(self, doubts: Collection[Doubt]) -> None:
        """List all places but those of these doubts."""
        self.left_out = frozenset(doubts)
        self._listed = self._chosen(self._all)

    def level_row(self, track_id: int) -> npt.NDArray[uint8]:
        """Return the index into `core.review.LEVELS` of each frame, (T,) uint8."""
        track = self._session.track(track_id)
        kept = self._levels.get(track_id)
        if kept is None or kept[0] != _key(track):
            kept = self._levels[track_id] = _key(track), levels(track)
        return kept[1]

    # ---- going through it --------------------------------------------------

    @property
    def here(self) -> int | None:
        """Which of the listed places is on screen, with its object chosen; or None."""
        places, here = self.findings(), self._position()
        at = bisect_left(places, here, key=_position_of)
        is_one = at < len(places) and _position_of(places[at]) == here
        return at if is_one else None

    def go_to(self, finding: Finding) -> None:
        """Show a place."""
        self._visited = finding
        self._controller.select(finding.track_id)
        self._controller.go_to(finding.frame)

    def next(self, forward: bool) -> Finding | None:
        """Go to the next place or to the one before, from the last to the first.

        Returns
        -------
        Finding or None
            None if nothing is suspicious.
        """
        places, here = self.findings(), self._position()
        if not places:
            return None
        if forward:
            at = bisect_right(places, here, key=_position_of) % len(places)
        else:
            at = bisect_left(places, here, key=_position_of) - 1
        self.go_to(places[at])
        return places[at]

    def looks_fine(self) -> Finding | None:
        """Clear the place on screen, if it is one, and go to the next."""
        at = self.here
        finding = self._still_meant() if at is None else self._listed[at]
        if finding is not None:
            mark_fine(self._session, finding.track_id, [finding.frame])
            self._renew([self._session.tracks[finding.track_id]])
        return self.next(True)

    def _position(self) -> tuple[int, int]:
        return self._controller.frame, self._controller.current or 0

    def _still_meant(self) -> Finding | None:
        """Return the place gone to last, if the user only looked around it."""
        last, c = self._visited, self._controller
        if last is None or last.track_id != c.current or last not in self.findings():
            return None
        return last if abs(c.frame - last.frame) <= AROUND else None

    # ---- looking -----------------------------------------------------------

    def _look(self) -> None:
        """Look at what has changed; while the model works at a little at a time."""
        tracks, kept = self._session.tracks, self._kept
        changed = [
            track
            for i, track in tracks.items()
            if i not in kept or kept[i].key != _key(track)
        ]
        if not changed and len(kept) == len(tracks):
            return
        if self._is_hurried:
            changed.sort(
                key=lambda t: kept[t.track_id].turn if t.track_id in kept else 0
            )
        self._renew(changed)

    @property
    def _is_hurried(self) -> bool:
        schedule = self._controller.schedule
        return schedule.is_tracking and not schedule.is_paused

    def _renew(self, tracks: Iterable[Track]) -> None:
        """Look at objects anew, and forget those that are gone."""
        stop = perf_counter() + SHARE_S
        for track_id in self._kept.keys() - self._session.tracks.keys():
            self._put(self._kept.pop(track_id).places, [])
        for track in tracks:
            self._turn += 1
            before = self._kept.get(track.track_id)
            kept = _Kept(_key(track), self._turn, findings(track))
            self._kept[track.track_id] = kept
            self._put([] if before is None else before.places, kept.places)
            if perf_counter() > stop and self._is_hurried:
                break
        self._listed = self._chosen(self._all)

    def _put(self, before: list[Finding], now: list[Finding]) -> None:
        """Put places of an object in the place of what was found about it before."""
        for finding in before:
            at = bisect_left(self._all, _position_of(finding), key=_position_of)
            del self._all[at]
        for finding in now:
            insort(self._all, finding, key=_position_of)

    def _chosen(self, places: list[Finding]) -> list[Finding]:
        if not self.left_out:
            return list(places)
        return [f for f in places if f.doubt not in self.left_out]


def _key(track: Track) -> tuple[int, int]:
    return track.version, track.revision


_position_of = attrgetter("frame", "track_id")
