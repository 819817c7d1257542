"""TrackMate XML, which Fiji opens with *Load a TrackMate file*.

The file is as TrackMate 7 writes it (fiji.plugin.trackmate.io.TmXmlWriter): spots by
frame, tracks as edges between spots, places and outlines in physical units, with pixel
centres at whole numbers of pixels. A family that divides is one track, as in TrackMate.
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import numpy as np
from scipy import ndimage

from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.exports.graph import graph_of
from napari_sam2_ivos.io.exports.polygons import outlines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie
    from napari_sam2_ivos.io.exports.graph import Graph

VERSION = "7.11.1"
"""Of the TrackMate whose files these are like."""

NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold at all."""

FEATURES = {
    "SpotFeatures": (
        ("QUALITY", "Quality", "QUALITY", False),
        ("POSITION_X", "X", "POSITION", False),
        ("POSITION_Y", "Y", "POSITION", False),
        ("POSITION_Z", "Z", "POSITION", False),
        ("POSITION_T", "T", "TIME", False),
        ("FRAME", "Frame", "NONE", True),
        ("RADIUS", "Radius", "LENGTH", False),
        ("VISIBILITY", "Visibility", "NONE", True),
        ("AREA", "Area", "AREA", False),
        ("MANUAL_TRACK_ID", "Track ID", "NONE", True),
    ),
    "EdgeFeatures": (
        ("SPOT_SOURCE_ID", "Source spot ID", "NONE", True),
        ("SPOT_TARGET_ID", "Target spot ID", "NONE", True),
    ),
    "TrackFeatures": (
        ("TRACK_INDEX", "Track index", "NONE", True),
        ("TRACK_ID", "Track ID", "NONE", True),
    ),
}
"""By kind: key, name, dimension, whether it is a whole number."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write spots with outlines, and tracks.

    ``QUALITY`` is the IoU that the model expects of its mask, 1 where it was not asked;
    ``MANUAL_TRACK_ID`` is the track ID. A spot has one outline: of an object in several
    parts that of the largest.

    Parameters
    ----------
    path : Path
        A ``.xml`` file.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        What could not be held: further parts, parents that are there too late.
    """
    # The number of spots stands before them, so that they are written aside at first:
    # on the same disk, as the folder for temporary files may be in memory.
    with (
        replacing(path) as part,
        tempfile.TemporaryFile("w+", encoding="utf-8", dir=part.parent) as body,
        part.open("w", encoding="utf-8") as file,
    ):
        spots = _Spots(annotated, body)
        graph = graph_of(annotated, spots.write)
        spots.end()
        body.seek(0)
        _write_file(file, annotated, graph, body)
    remarks = []
    if spots.n_in_parts:
        remarks.append(
            f"{spots.n_in_parts} masks fall into several parts: the outline is that of"
            " the largest."
        )
    return remarks + graph.remarks


class _Spots:
    """Writes the elements of spots into a file, frame by frame."""

    def __init__(self, annotated: AnnotatedMovie, file: Any) -> None:
        self._annotated = annotated
        self._xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
        self._size = np.array(annotated.scale or (1.0, 1.0))
        self._frame = -1
        self._n = 0
        self.n_in_parts = 0

    def write(self, frame: int, track_id: int, mask: Mask) -> None:
        if frame != self._frame:
            self.end()
            _start(self._xml, "SpotsInFrame", {"frame": frame})
            self._frame = frame
        track = self._annotated.tracks[track_id]
        centroid = np.array(mask.centroid)
        y, x = centroid * self._size
        largest, in_parts = _largest_part(mask)
        self.n_in_parts += in_parts
        # Corners of pixels are whole numbers there, and x comes first.
        outline = (outlines(largest)[0][:, ::-1] - 0.5 - centroid) * self._size
        n_pixels = np.count_nonzero(mask.pixels)
        area = n_pixels * self._size.prod()
        quality = track.predicted_iou[frame]
        known: dict[str, object] = {
            "ID": self._n,
            "name": track.name or str(track_id),
            "QUALITY": _number(quality if np.isfinite(quality) else 1.0),
            "POSITION_X": _number(x),
            "POSITION_Y": _number(y),
            "POSITION_Z": "0.0",
            "POSITION_T": _number(frame * (self._annotated.interval_s or 1.0)),
            "FRAME": frame,
            "RADIUS": _number(math.sqrt(area / math.pi)),
            "VISIBILITY": 1,
            "AREA": _number(area),
            "MANUAL_TRACK_ID": track_id,
            "ROI_N_POINTS": len(outline),
        }
        _start(self._xml, "Spot", known)
        numbers = outline[:, ::-1].ravel().tolist()
        self._xml.characters(" ".join(_number(value) for value in numbers))
        self._xml.endElement("Spot")
        self._n += 1

    def end(self) -> None:
        if self._frame >= 0:
            self._xml.endElement("SpotsInFrame")


def _write_file(file: Any, annotated: AnnotatedMovie, graph: Graph, spots: Any) -> None:
    file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
    unit = annotated.unit if annotated.scale else None
    units = {
        "spatialunits": unit or "pixel",
        "timeunits": "s" if annotated.interval_s else "frame",
    }
    _start(xml, "TrackMate", {"version": VERSION})
    _element(xml, "Log")
    _start(xml, "Model", units)
    _start(xml, "FeatureDeclarations")
    for kind, features in FEATURES.items():
        _start(xml, kind)
        for key, name, dimension, is_whole in features:
            _element(
                xml,
                "Feature",
                {
                    "feature": key,
                    "name": name,
                    "shortname": name,
                    "dimension": dimension,
                    "isint": str(is_whole).lower(),
                },
            )
        xml.endElement(kind)
    xml.endElement("FeatureDeclarations")
    _start(xml, "AllSpots", {"nspots": len(graph.frame)})
    xml.characters("\n")
    shutil.copyfileobj(spots, file)
    xml.endElement("AllSpots")
    _write_tracks(xml, graph)
    xml.endElement("Model")
    _write_settings(xml, annotated)
    _element(xml, "GUIState", {"state": "ConfigureViews"})
    _element(xml, "DisplaySettings")  # empty: as the user likes it
    xml.endElement("TrackMate")


def _write_tracks(xml: XMLGenerator, graph: Graph) -> None:
    """Write a track for every family that has at least one link."""
    families: dict[int, list[tuple[int, int]]] = {}
    for source, target in graph.links.tolist():
        families.setdefault(int(graph.lineage[source]), []).append((source, target))
    _start(xml, "AllTracks")
    for i, (founder, links) in enumerate(sorted(families.items())):
        known = {"name": f"Track_{founder}", "TRACK_ID": founder, "TRACK_INDEX": i}
        _start(xml, "Track", known)
        for source, target in links:
            _element(xml, "Edge", {"SPOT_SOURCE_ID": source, "SPOT_TARGET_ID": target})
        xml.endElement("Track")
    xml.endElement("AllTracks")
    _start(xml, "FilteredTracks")
    for founder in sorted(families):
        _element(xml, "TrackID", {"TRACK_ID": founder})
    xml.endElement("FilteredTracks")


def _write_settings(xml: XMLGenerator, annotated: AnnotatedMovie) -> None:
    height, width = annotated.plane_shape
    pixel_height, pixel_width = annotated.scale or (1.0, 1.0)
    path = annotated.path
    folder = "" if path is None else f"{path.absolute().parent.as_posix()}/"
    _start(xml, "Settings")
    _element(
        xml,
        "ImageData",
        {
            "filename": annotated.movie.name if path is None else path.name,
            "folder": folder,
            "width": width,
            "height": height,
            "nslices": 1,
            "nframes": annotated.n_frames,
            "pixelwidth": _number(pixel_width),
            "pixelheight": _number(pixel_height),
            "voxeldepth": "1.0",
            "timeinterval": _number(annotated.interval_s or 1.0),
        },
    )
    ends = {"xend": width - 1, "yend": height - 1, "tend": annotated.n_frames - 1}
    starts = dict.fromkeys(("xstart", "ystart", "zstart", "zend", "tstart"), 0)
    _element(xml, "BasicSettings", {**starts, **ends})
    manual = {"DETECTOR_NAME": "MANUAL_DETECTOR", "RADIUS": "1.0"}
    _element(xml, "DetectorSettings", manual)
    quality = {"feature": "QUALITY", "value": "0.0", "isabove": "true"}
    _element(xml, "InitialSpotFilter", quality)
    _element(xml, "SpotFilterCollection")
    _element(xml, "TrackerSettings", {"TRACKER_NAME": "MANUAL_TRACKER"})
    _element(xml, "TrackFilterCollection")
    _start(xml, "AnalyzerCollection")
    for kind in ("SpotAnalyzers", "EdgeAnalyzers", "TrackAnalyzers"):
        _element(xml, kind)
    xml.endElement("AnalyzerCollection")
    xml.endElement("Settings")


def _start(
    xml: XMLGenerator, name: str, known: Mapping[str, object] | None = None
) -> None:
    known = known or {}
    texts = {key: _clean(str(value)) for key, value in known.items()}
    xml.startElement(name, AttributesImpl(texts))


def _element(
    xml: XMLGenerator, name: str, known: Mapping[str, object] | None = None
) -> None:
    _start(xml, name, known)
    xml.endElement(name)


def _clean(text: str) -> str:
    return NOT_IN_XML.sub("", text)


def _largest_part(mask: Mask) -> tuple[Mask, bool]:
    """Return the part of most pixels, and whether there are others.

    Pixels that touch at a corner are one part, as in `outlines`.
    """
    parts, n = ndimage.label(mask.pixels, np.ones((3, 3)))
    if n < 2:
        return mask, False
    is_largest = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    return Mask.from_plane(is_largest, mask.top, mask.left), True


def _number(value: float) -> str:
    return f"{float(value):.9g}"
