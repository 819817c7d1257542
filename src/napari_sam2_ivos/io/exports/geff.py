"""GEFF, the Graph Exchange File Format, with its label image inside.

The format: https://liveimagetrackingtools.org/geff/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.io.atomic import replacing_folder
from napari_sam2_ivos.io.exports.graph import graph_of
from napari_sam2_ivos.io.exports.ome_zarr import empty_labels
from napari_sam2_ivos.io.ome_zarr import UNITS

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.core.prompts import Mask
    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie
    from napari_sam2_ivos.io.exports.graph import Graph

LABELS = "labels"
"""Folder of the label image, an OME-Zarr, as seen from the graph."""


def write(path: Path, annotated: AnnotatedMovie) -> list[str]:
    """Write one node per object and frame, one edge per step and division.

    Places are in frames and pixels, as in the label image; the axes have the scale and
    unit that make seconds and micrometres of them. The graph is of zarr format 2, as is
    usual for GEFF: format 3 has no texts of the kind that its library writes. The label
    image is of format 3, as OME-Zarr 0.5 demands, and is found by the link.

    Parameters
    ----------
    path : Path
        A ``.geff`` folder.
    annotated : AnnotatedMovie

    Returns
    -------
    list of str
        Which objects could not be linked to their parent.
    """
    from geff.core_io import write_arrays
    from zarr.storage import LocalStore

    with replacing_folder(path) as folder:
        graph = _write_labels(folder / LABELS, annotated)
        write_arrays(
            LocalStore(folder),
            np.arange(len(graph.frame), dtype=np.uint64),
            {name: _column(v) for name, v in _properties(annotated, graph).items()},
            graph.links.astype(np.uint64),
            {},
            _metadata(annotated, graph),
        )
    return graph.remarks


def _write_labels(folder: Path, annotated: AnnotatedMovie) -> Graph:
    """Write the label image while the graph is made of it."""
    array = empty_labels(folder, annotated)
    plane = np.zeros(annotated.plane_shape, np.uint16)
    at = [-1]

    def each(frame: int, track_id: int, mask: Mask) -> None:
        if frame != at[0]:
            if at[0] >= 0:
                array[at[0]] = plane
            at[0] = frame
            plane[:] = 0
        plane[mask.window][mask.pixels] = track_id

    graph = graph_of(annotated, each)
    if at[0] >= 0:
        array[at[0]] = plane
    return graph


def _properties(annotated: AnnotatedMovie, graph: Graph) -> dict[str, np.ndarray]:
    ids, frames = graph.track_id.tolist(), graph.frame.tolist()
    tracks = [annotated.tracks[track_id] for track_id in ids]
    scores = {
        name: np.array(
            [getattr(t, name)[f] for t, f in zip(tracks, frames, strict=True)],
            np.float32,
        )
        for name in ("predicted_iou", "object_score")
    }
    return {
        "t": graph.frame,
        "y": graph.centroid[:, 0],
        "x": graph.centroid[:, 1],
        "track_id": graph.track_id,
        "lineage_id": graph.lineage,
        "area": graph.area,
        "class": np.array([t.class_name for t in tracks], dtype=str),
        "name": np.array([t.name for t in tracks], dtype=str),
        **scores,
    }


def _column(values: np.ndarray) -> Any:
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(0, bool)
    return {"values": values, "missing": missing if missing.any() else None}


def _metadata(annotated: AnnotatedMovie, graph: Graph) -> Any:
    from geff_spec import Axis, GeffMetadata, RelatedObject

    unit = annotated.unit
    scale: dict[str, Any] = {"y": {}, "x": {}, "t": {}}
    if annotated.scale is not None:
        known = {} if unit is None else {"scaled_unit": UNITS.get(unit, unit)}
        for name, size in zip("yx", annotated.scale, strict=True):
            scale[name] = {"scale": size, **known}
    if annotated.interval_s is not None:
        scale["t"] = {"scale": annotated.interval_s, "scaled_unit": "second"}
    kinds = {"t": ("time", "frame"), "y": ("space", "pixel"), "x": ("space", "pixel")}
    return GeffMetadata(
        directed=True,
        axes=[
            Axis(name=name, type=kind, unit=own, **scale[name])
            for name, (kind, own) in kinds.items()
        ],
        node_props_metadata={},
        edge_props_metadata={},
        track_node_props=_track_props(graph),
        # The array, not the image around it: that is what readers open.
        related_objects=[
            RelatedObject(type="labels", path=f"{LABELS}/0", node_prop="track_id")
        ],
        extra={"napari-sam2-ivos": {"movie": annotated.movie.name}},
    )


def _track_props(graph: Graph) -> dict[str, str]:
    """Return which properties are lineages and tracklets as the format has them.

    A tracklet ends where a cell divides and nowhere else: a mother with one daughter
    only would be one with it.
    """
    known = {"lineage": "lineage_id"}
    source, n_next = np.unique(graph.links[:, 0], return_counts=True)
    ends = source[n_next == 1]
    follows = dict(graph.links.tolist())
    same = all(graph.track_id[a] == graph.track_id[follows[a]] for a in ends.tolist())
    return {**known, "tracklet": "track_id"} if same else known
