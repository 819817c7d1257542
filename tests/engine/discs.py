"""Movies of bright discs in noise with their truth, drawn where they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import napari_sam2_ivos as ivos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.results import FrameResult, ObjectMask
    from napari_sam2_ivos.core.session import Session

BACKGROUND, LIGHT, NOISE = 200.0, 1500.0, 60.0
CONTRAST = (100.0, 2000.0)
TILE = 512


class Disc(NamedTuple):
    """Where a disc is, in pixels."""

    y: float
    x: float
    radius: float


class Discs:
    """An array-like ``(T, Y, X)`` that draws no more than is asked for.

    Parameters
    ----------
    frames : sequence of sequence of Disc or None
        The same objects on every frame, None where one is not there.
    shape : (int, int)
        Height and width of a plane.

    Attributes
    ----------
    read : list of (int, int)
        Frame and number of pixels of everything that was read.
    """

    def __init__(
        self,
        frames: Sequence[Sequence[Disc | None]],
        shape: tuple[int, int] = (640, 640),
    ) -> None:
        self.frames = frames
        self.shape = (len(frames), *shape)
        self.dtype = np.dtype(np.uint16)
        self.read: list[tuple[int, int]] = []
        tile = np.random.default_rng(0).standard_normal((TILE, TILE))
        self._noise = tile.astype(np.float32)

    def __getitem__(self, index: tuple[int, slice, slice]) -> np.ndarray:
        frame, *parts = index
        ys, xs = (np.arange(part.start, part.stop) for part in parts)
        # Shifted from frame to frame, so that the noise does not stand still.
        image = self._noise[np.ix_((ys + 97 * frame) % TILE, (xs + 61 * frame) % TILE)]
        image = BACKGROUND + NOISE * image
        for disc in self.frames[frame]:
            if disc is not None:
                image += LIGHT * np.clip(_depth(disc, ys, xs) / 3 + 0.5, 0, 1)
        self.read.append((frame, image.size))
        return np.clip(image, 0, 65535).astype(np.uint16)

    def truth(self, frame: int, track_id: int) -> np.ndarray:
        """Return the mask ``(Y, X)`` of an object; their track IDs count from 1."""
        plane = np.zeros(self.shape[1:], bool)
        disc = self.frames[frame][track_id - 1]
        if disc is not None:
            reach = int(disc.radius) + 2
            ys, xs = (
                np.arange(max(0, int(at) - reach), min(n, int(at) + reach))
                for at, n in zip(disc[:2], plane.shape, strict=True)
            )
            plane[np.ix_(ys, xs)] = _depth(disc, ys, xs) > 0
        return plane

    def iou(self, frame: int, mask: ObjectMask) -> float:
        """Return how well a mask is the object of its track ID; 1 if both are empty."""
        return iou_of(self.truth(frame, mask.track_id), plane_of(mask, self.shape[1:]))


def _depth(disc: Disc, ys: np.ndarray, xs: np.ndarray) -> np.ndarray:
    away = np.hypot(ys[:, None] - disc.y, xs[None, :] - disc.x)
    return (disc.radius - away).astype(np.float32)


def plane_of(mask: ObjectMask, shape: tuple[int, ...]) -> np.ndarray:
    """Return a mask as a ``(Y, X)`` bool plane."""
    plane = np.zeros(shape, bool)
    plane[mask.window] = mask.pixels
    return plane


def iou_of(one: np.ndarray, other: np.ndarray) -> float:
    """Return the overlap of two masks; 1 if both are empty."""
    either = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / either if either else 1.0


def begin(
    discs: Discs,
    track_ids: Sequence[int] = (1,),
    look_at: str = "automatic",
    prompt: str = "click",
) -> Session:
    """Prompt objects on frame 0, by a click in the middle or by their masks."""
    session = ivos.open_session(
        discs, device="cpu", model="bundled", contrast=CONTRAST, look_at=look_at
    )
    for track_id in track_ids:
        disc = discs.frames[0][track_id - 1]
        assert disc is not None, "an object to prompt is there"
        if prompt == "click":
            session.add_points(track_id, 0, [(disc.y, disc.x)])
        else:
            session.add_mask(track_id, 0, discs.truth(0, track_id))
    return session


def followed(results: Sequence[FrameResult]) -> dict[tuple[int, int], ObjectMask]:
    """Return masks by frame and track ID."""
    return {(r.frame, mask.track_id): mask for r in results for mask in r}
