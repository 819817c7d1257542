"""Masks on the disk until their frame is asked for."""

from __future__ import annotations

import tempfile
import weakref
from array import array

import numpy as np

from napari_sam2_ivos.io.imports.coco_masks import paint

IN_MEMORY = 2**26
"""Bytes that are kept in memory before a temporary file is made."""


class Spool:
    """Run lengths of masks, see `coco_masks`, each read back by its number."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._ends = array("q", [0])

    def append(self, runs: np.ndarray) -> None:
        """Put run lengths behind the others."""
        self._file.seek(self._ends[-1])
        written = self._file.write(runs.astype("<u4").tobytes())
        self._ends.append(self._ends[-1] + written)

    def __getitem__(self, number: int) -> np.ndarray:
        """Return run lengths as they were, ``(N,)`` uint32."""
        start, stop = self._ends[number], self._ends[number + 1]
        self._file.seek(start)
        return np.frombuffer(self._file.read(stop - start), "<u4")


class Planes:
    """Label planes painted from masks, by frame.

    Parameters
    ----------
    plane_shape : tuple of int
        ``(Y, X)``.
    masks : Spool
    frames, labels : ndarray, (N,) int
        Of every mask. Of a frame, the later ones are on top.
    """

    def __init__(
        self,
        plane_shape: tuple[int, int],
        masks: Spool,
        frames: np.ndarray,
        labels: np.ndarray,
    ) -> None:
        self._shape = plane_shape
        self._masks = masks
        self._labels = labels
        self._order = np.argsort(frames, kind="stable")
        self._frames = frames[self._order]

    def __call__(self, frame: int) -> np.ndarray:
        """Return the label plane of a frame, ``(Y, X)`` uint16."""
        return self.painted(frame)[0]

    def painted(self, frame: int) -> tuple[np.ndarray, int]:
        """Return the label plane of a frame, and how many masks covered others."""
        plane = np.zeros(self._shape, np.uint16)
        start, stop = np.searchsorted(self._frames, [frame, frame + 1])
        n_over = 0
        for number in self._order[start:stop].tolist():
            n_over += paint(plane, self._masks[number], int(self._labels[number]))
        return plane, n_over
