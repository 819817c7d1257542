"""What a run has done, and where it has left objects empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.tracks import Track

MAX_NAMED = 3
"""Objects that a message names; the list of objects shows all."""


class Outcome:
    """Takes note of the results of a run.

    Parameters
    ----------
    stop_when_lost : bool
        Whether the run leaves an object alone behind a frame that it was left empty
        on.
    """

    def __init__(self, stop_when_lost: bool = False) -> None:
        self._frames: set[int] = set()
        self._stop_when_lost = stop_when_lost
        self._flagged: set[tuple[int, int]] = set()

    @property
    def n_frames(self) -> int:
        """Frames that something was tracked on, each counted once."""
        return len(self._frames)

    def note(self, result: FrameResult) -> None:
        """Take note of a result."""
        if result.objects:
            self._frames.add(result.frame)
        cells = {(result.frame, mask.track_id) for mask in result if mask.flag}
        self._flagged |= cells

    def frames(self) -> str:
        """Return in words how many frames were tracked."""
        return f"{self.n_frames} frame{'s' if self.n_frames != 1 else ''}"

    def empty(self, tracks: Mapping[int, Track]) -> str:
        """Return a sentence on what was left empty and still is; "" for nothing."""
        cells = sorted(
            (frame, track_id)
            for frame, track_id in self._flagged
            if track_id in tracks and tracks[track_id].flag[frame]
        )
        if not cells:
            return ""
        if self._stop_when_lost:
            return _lost(cells)
        ids = {track_id for _, track_id in cells}
        if len(ids) > 1:
            return f"{len(cells)} masks of {len(ids)} objects were left empty."
        where = f"frame {cells[0][0]}" if len(cells) == 1 else f"{len(cells)} frames"
        return f"Object {ids.pop()} was left empty on {where}."


def _lost(cells: list[tuple[int, int]]) -> str:
    named = [f"object {track_id} on frame {frame}" for frame, track_id in cells]
    (frame, track_id), *_ = cells
    named[0] = f"Object {track_id} was lost on frame {frame}"
    if len(named) > MAX_NAMED:
        named[MAX_NAMED:] = [f"{len(named) - MAX_NAMED} more elsewhere"]
    *before, last = named
    return f"{', '.join(before)} and {last}." if before else f"{last}."
