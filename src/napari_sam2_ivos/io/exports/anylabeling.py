"""LabelMe and X-AnyLabeling: a JSON file per frame, beside a picture of it.

Both read these files when the folder is opened. A shape is one part of an object:
``label`` is its class and ``group_id`` its track ID. ``attributes``, a field of
X-AnyLabeling that LabelMe keeps, hold the object's ``name`` and its ``parent``, the
track ID that it came from by division.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.io.atomic import replacing_folder
from napari_sam2_ivos.io.exports.frame_pictures import FramePictures
from napari_sam2_ivos.io.exports.polygons import outlines

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie

VERSION = "5.5.0"
"""Of LabelMe, whose fields these are."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write a polygon per part of an object and frame.

    A hole is cut open, see `io.exports.polygons`. Frames without objects have a file
    without shapes.

    Parameters
    ----------
    path : Path
        A folder.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Empty: all that the format can hold fits.
    """
    height, width = annotated.plane_shape
    pictures = FramePictures(annotated)
    with replacing_folder(path) as folder:
        for frame, masks in annotated.masks():
            content: dict[str, Any] = {
                "version": VERSION,
                "flags": {},
                "shapes": [
                    _shape(annotated, track_id, polygon)
                    for track_id, mask in masks.items()
                    for polygon in outlines(mask)
                ],
                "imagePath": pictures.save(frame, folder),
                "imageData": None,
                "imageHeight": height,
                "imageWidth": width,
            }
            file = folder / f"{pictures.names[frame]}.json"
            file.write_text(json.dumps(content), "ascii", newline="\n")
    return []


def _shape(
    annotated: AnnotatedMovie, track_id: int, polygon: np.ndarray
) -> dict[str, Any]:
    track = annotated.tracks[track_id]
    attributes = {}
    if track.name:
        attributes["name"] = track.name
    if track.parent is not None:
        attributes["parent"] = str(track.parent)
    return {
        "label": annotated.class_of(track_id),
        "points": polygon.tolist(),
        "group_id": track_id,
        "shape_type": "polygon",
        "flags": {},
        "description": "",
        "difficult": False,
        "attributes": attributes,
    }
