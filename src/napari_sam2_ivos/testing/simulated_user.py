"""A user who knows the truth: begins objects, looks at the result, and corrects it.

The interactive protocol of the SAM 2 paper (Ravi et al. 2024, offline evaluation):
up to three clicks on a frame, each at the middle of the largest wrong region; then the
movie is tracked; then the worst frame of each object is corrected in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.core.prompts import Box, FramePrompts, Mask, Point
from napari_sam2_ivos.testing.metrics import iou

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam2_ivos.core.session import Session

GOOD_ENOUGH = 0.95
"""IoU from which on nobody would click again."""


def deepest(region: np.ndarray) -> tuple[int, int]:
    """Return the pixel (y, x) of a ``(Y, X)`` bool region farthest from its rim."""
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(y), int(x)


def next_click(mask: np.ndarray, truth: np.ndarray) -> Point | None:
    """Click at the middle of the largest wrong region; None if all is right.

    Parameters
    ----------
    mask, truth : ndarray, (Y, X) bool
    """
    regions, n = ndimage.label(mask ^ truth)
    if not n:
        return None
    largest = regions == np.bincount(regions.ravel())[1:].argmax() + 1
    y, x = deepest(largest)
    return Point(y, x, positive=bool(truth[y, x]))


def first_prompt(mask: np.ndarray, kind: str) -> FramePrompts:
    """Prompt an object as a person would who knows its mask.

    Parameters
    ----------
    mask : ndarray, (Y, X) bool
    kind : {'click', 'box', 'mask'}
        One click at its middle, its bounding box, or the mask itself.
    """
    if kind == "mask":
        return FramePrompts(mask=Mask.from_plane(mask))
    if kind == "click":
        y, x = deepest(mask)
        return FramePrompts((Point(y, x),))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    # From its first pixel to its last, as SAM 2 was trained; never without area.
    top, bottom = rows[0], max(rows[-1], rows[0] + 1)
    left, right = columns[0], max(columns[-1], columns[0] + 1)
    return FramePrompts(box=Box(float(top), float(left), float(bottom), float(right)))


@dataclass
class SimulatedUser:
    """Annotates a session with the truth at hand.

    Parameters
    ----------
    session : Session
    truth : ndarray, (T, Y, X) integer
        Track IDs.
    track_ids : sequence of int
        Objects to annotate; each is begun on the first frame where it is seen.
    clicks_per_frame : int

    Attributes
    ----------
    n_clicks, n_said_absent : int
        What it took so far: clicks, and frames declared empty.
    """

    session: Session
    truth: np.ndarray
    track_ids: Sequence[int]
    clicks_per_frame: int = 3
    n_clicks: int = 0
    n_said_absent: int = 0

    def annotate(
        self,
        rounds: int = 8,
        after_round: Callable[[int], None] | None = None,
        track: Callable[[], None] | None = None,
    ) -> None:
        """Begin every object, track, and correct the worst frames, round by round.

        Parameters
        ----------
        rounds : int
            Passes over the movie; the first one begins the objects.
        after_round : callable, optional
            Called with the number of each finished round, 1 for the first.
        track : callable, optional
            What computes the stale frames, say with a progress bar;
            `Session.propagate` forward by default.
        """
        for n in range(1, rounds + 1):
            for track_id in self.track_ids:
                frame = self.first_seen(track_id) if n == 1 else self.worst(track_id)
                if frame is not None:
                    self.click(track_id, frame)
            if track is None:
                for _ in self.session.propagate():
                    pass
            else:
                track()
            if after_round is not None:
                after_round(n)

    def first_seen(self, track_id: int) -> int:
        """First frame where an object is."""
        return int(np.flatnonzero((self.truth == track_id).any((1, 2)))[0])

    def worst(self, track_id: int) -> int | None:
        """Frame with the lowest IoU of an object; None if all are good enough.

        Frames that were prompted before are left: what is wrong there, clicks
        could not mend.
        """
        prompted = self.session.tracks[track_id].prompts
        worst, at = GOOD_ENOUGH, None
        for frame in range(self.first_seen(track_id), len(self.truth)):
            if frame in prompted:
                continue
            value = iou(*self._masks(track_id, frame))
            if value < worst:
                worst, at = value, frame
        return at

    def click(self, track_id: int, frame: int) -> None:
        """Correct an object on a frame, or say that it is not there."""
        if not (self.truth[frame] == track_id).any():
            absent = np.zeros(self.truth.shape[1:], bool)
            self.session.add_mask(track_id, frame, absent)
            self.session.preview(frame, [track_id])
            self.n_said_absent += 1
            return
        for _ in range(self.clicks_per_frame):
            mask, truth = self._masks(track_id, frame)
            point = next_click(mask, truth)
            if point is None or iou(mask, truth) >= GOOD_ENOUGH:
                return
            self.session.add_points(
                track_id, frame, [[point.y, point.x]], point.positive
            )
            self.session.preview(frame, [track_id])
            self.n_clicks += 1

    def _masks(self, track_id: int, frame: int) -> tuple[np.ndarray, np.ndarray]:
        plane = np.asarray(self.session.labels[frame])
        return plane == track_id, self.truth[frame] == track_id
