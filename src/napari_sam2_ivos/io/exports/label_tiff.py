"""The label stack as TIFF: an ImageJ hyperstack, or OME-TIFF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.io.labels_tiff import becomes_ome, ome_unit, write_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write the label stack with the smallest pixels that hold its track IDs.

    Parameters
    ----------
    path : Path
        ``.ome.tif`` is an OME-TIFF; any other ``.tif`` an ImageJ hyperstack.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Whether OME-TIFF has no such unit as that of the pixel size.
    """
    is_small = max(annotated.tracks, default=0) <= np.iinfo(np.uint8).max
    dtype = np.uint8 if is_small else np.uint16
    labels, unit = OneByOne(annotated), annotated.unit
    write_tiff(path, labels, **annotated.calibration, dtype=dtype)
    is_known = ome_unit(unit) is not None or not becomes_ome(path, labels, dtype)
    if is_known or not (annotated.scale and unit):
        return []
    return [f"OME-TIFF has no unit '{unit}', so the pixel size was left out."]


class OneByOne:
    """The labels of an annotated movie, for writers that go through them in order.

    Parameters
    ----------
    annotated : AnnotatedMovie
    """

    def __init__(self, annotated: AnnotatedMovie) -> None:
        self.shape = (annotated.n_frames, *annotated.plane_shape)
        self.dtype: np.dtype[Any] = np.dtype(np.uint16)
        self._planes: Iterator[tuple[int, np.ndarray]] = annotated.planes()

    def __getitem__(self, frame: int) -> np.ndarray:
        """Return the plane of the next frame."""
        at, plane = next(self._planes)
        assert at == frame
        return plane

    def __setitem__(self, index: Any, value: Any) -> None:
        """Take nothing: it is only read."""
