"""OME-Zarr 0.5: the movie with its labels in it, as viewers open them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import zarr

from napari_sam2_ivos.io.atomic import replacing_folder
from napari_sam2_ivos.io.exports.ome_zarr import empty_labels
from napari_sam2_ivos.io.ome_zarr import VERSION, create_image

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write the movie in its own type of pixels, and ``labels/tracks`` in it.

    Parameters
    ----------
    path : Path
        A ``.zarr`` folder. Colours become channels: axes are t, c, y, x.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Empty: everything fits.
    """
    movie = annotated.movie
    n_colours = movie.plane(0).shape[2:]
    dtype = np.dtype(movie.data.dtype).newbyteorder("=")
    with replacing_folder(path) as folder:
        image = create_image(
            folder,
            (movie.n_frames, *n_colours, *movie.plane_shape),
            dtype,
            "tcyx" if n_colours else "tyx",
            name=movie.name,
            **annotated.calibration,
        )
        ome = {"version": VERSION, "labels": ["tracks"]}
        zarr.create_group(folder / "labels", zarr_format=3, attributes={"ome": ome})
        labels = empty_labels(folder / "labels" / "tracks", annotated, "../../")
        for frame, tracked in annotated.planes():
            labels[frame] = tracked
            plane = movie.plane(frame)
            image[frame] = np.moveaxis(plane, -1, 0) if n_colours else plane
    return []
