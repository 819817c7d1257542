"""How far to track: what the user means, as frames of each object."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam2_ivos.core.planning import Frames
    from napari_sam2_ivos.core.tracks import Direction, Track


class Reach(Enum):
    """How far, in the words of the user."""

    MOVIE = "the whole movie"
    PROMPT = "to the next prompt of each object"
    SOME = "some frames from the one on screen"
    ONE = "one frame from the one on screen"
    RANGE = "from one frame to another"


@dataclass(frozen=True)
class Extent:
    """How far to track.

    Parameters
    ----------
    reach : Reach
    n_frames : int
        How many, for `Reach.SOME`.
    first, last : int
        Frames of `Reach.RANGE`, both included, in either order.
    """

    reach: Reach = Reach.MOVIE
    n_frames: int = 1
    first: int = 0
    last: int = 0

    def frames(
        self, direction: Direction, here: int, tracks: Iterable[Track], n_frames: int
    ) -> Frames:
        """Return the frames to track, as `Session.plan` takes them.

        Parameters
        ----------
        direction : {"forward", "backward", "both", "nearest"}
            "both" and "nearest" go both ways from the frame on screen.
        here : int
            The frame on screen; can be outside the movie.
        tracks : iterable of Track
            For which objects, where it differs between them.
        n_frames : int
            Of the movie.

        Returns
        -------
        range or mapping of int to range
            A mapping without any object if there is no frame.
        """
        movie = range(n_frames)
        if self.reach is Reach.MOVIE:
            return movie
        if self.reach is Reach.PROMPT:
            return {
                track.track_id: _within(_to_prompts(track, direction, here), movie)
                for track in tracks
            }
        if self.reach is Reach.RANGE:
            first, last = sorted((self.first, self.last))
            wanted = range(first, last + 1)
        else:
            n = 1 if self.reach is Reach.ONE else self.n_frames
            first = here + 1 if direction == "forward" else here - n
            stop = here if direction == "backward" else here + n + 1
            wanted = range(first, stop)
        return _within(wanted, movie) or {}


def _to_prompts(track: Track, direction: Direction, here: int) -> range:
    """Return the frames from `here` to the next prompts, these not included."""
    before, after = track.anchor_before(here - 1), track.anchor_after(here + 1)
    first = 0 if before is None else before + 1
    stop = len(track.state) if after is None else after
    if direction == "forward":
        return range(here, stop)
    return range(first, here + 1 if direction == "backward" else stop)


def _within(frames: range, movie: range) -> range:
    return range(max(frames.start, movie.start), min(frames.stop, movie.stop))
