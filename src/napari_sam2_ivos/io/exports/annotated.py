"""What an export is made of: a movie, its objects and its labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.edits.existing import masks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.core.prompts import Mask
    from napari_sam2_ivos.core.tracks import Track

UNSAID = "object"
"""The class of objects that the user gave none, where a format wants one."""


@dataclass(frozen=True, eq=False)
class AnnotatedMovie:
    """A movie with its objects and labels, read plane by plane.

    Parameters
    ----------
    movie : Movie
    labels : LabelStore
        ``(T, Y, X)`` unsigned; the values are track IDs.
    tracks : mapping of int to Track
        By track ID; every label has one.
    scale : tuple of float, optional
        Pixel size ``(y, x)`` in `unit`.
    unit : str, optional
        Such as ``"um"``.
    interval_s : float, optional
        Seconds between frames.
    channels : mapping of str to Movie, optional
        Further channels by name, to be measured beside the movie.
    path : Path, optional
        File of the movie, to be named in what is written.
    model : str
        Name of the model that made the masks; empty if none did.
    on_frame : callable, (int) -> None, optional
        Called before each frame is read; raises `Cancelled` to stop the export.
    """

    movie: Movie
    labels: LabelStore
    tracks: Mapping[int, Track]
    scale: tuple[float, float] | None = None
    unit: str | None = None
    interval_s: float | None = None
    channels: Mapping[str, Movie] = field(default_factory=dict)
    path: Path | None = None
    model: str = ""
    on_frame: Callable[[int], None] | None = None

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.labels.shape[0])

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Height and width of a plane in pixels, ``(Y, X)``."""
        return int(self.labels.shape[1]), int(self.labels.shape[2])

    @property
    def calibration(self) -> dict[str, Any]:
        """Pixel size, unit and frame interval, as the writers of files want them."""
        return {"scale": self.scale, "unit": self.unit, "interval_s": self.interval_s}

    @property
    def classes(self) -> list[str]:
        """Names of the classes there are, in alphabetical order; see `class_of`."""
        return sorted({self.class_of(track_id) for track_id in self.tracks})

    def class_of(self, track_id: int) -> str:
        """Return the class of an object, ``"object"`` where the user gave none."""
        return self.tracks[track_id].class_name or UNSAID

    def planes(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield each frame with its label plane, ``(Y, X)``; one is held at a time.

        Pixels that are no object's are background: of one that was begun since.
        """
        is_known = np.zeros(np.iinfo(np.uint16).max + 1, bool)
        is_known[[0, *self.tracks]] = True
        for frame in range(self.n_frames):
            if self.on_frame is not None:
                self.on_frame(frame)
            plane = np.asarray(self.labels[frame])
            known = is_known[plane]
            yield frame, plane if known.all() else np.where(known, plane, 0)

    def masks(self) -> Iterator[tuple[int, dict[int, Mask]]]:
        """Yield each frame with the mask of every object on it, by track ID."""
        for frame, plane in self.planes():
            yield frame, masks_in(plane)
