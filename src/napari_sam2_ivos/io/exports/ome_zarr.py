"""OME-Zarr 0.5: a label image that knows names, classes and parents of its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.io.atomic import replacing_folder
from napari_sam2_ivos.io.ome_zarr import create_labels

if TYPE_CHECKING:
    from pathlib import Path

    import zarr

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write the label stack; what is known of objects is in its ``properties``.

    Parameters
    ----------
    path : Path
        A ``.zarr`` folder.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Empty: everything fits.
    """
    with replacing_folder(path) as folder:
        array = empty_labels(folder, annotated)
        for frame, plane in annotated.planes():
            if plane.any():
                array[frame] = plane
    return []


def empty_labels(
    folder: Path, annotated: AnnotatedMovie, source: str | None = None
) -> zarr.Array[Any]:
    """Make the label image, still to be filled, in a new or empty folder."""
    return create_labels(
        folder,
        (annotated.n_frames, *annotated.plane_shape),
        **annotated.calibration,
        properties=properties_of(annotated),
        source=source,
    )


def properties_of(annotated: AnnotatedMovie) -> list[dict[str, Any]]:
    """Return what is known of each object, by its label value."""
    return [
        {
            "label-value": track_id,
            "name": track.name,
            "class": track.class_name,
            "parent": track.parent or 0,
        }
        for track_id, track in sorted(annotated.tracks.items())
    ]
