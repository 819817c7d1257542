"""GEFF as its own library reads and validates it."""

from __future__ import annotations

from dataclasses import replace

import geff
import numpy as np
import pytest
import zarr
from geff.core_io import read_to_memory
from geff.validate import segmentation
from geff.validate.data import ValidationConfig, validate_data
from traccuracy import TrackingGraph

from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.io.exports import geff as ours
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    division,
    leaves_and_returns,
    odd_shapes,
)

EVERYTHING = ValidationConfig(graph=True, lineage=True, tracklet=True)


def read(path):
    graph, metadata = geff.read(path, backend="networkx")
    return graph, metadata


@pytest.mark.parametrize("make", EVERY)
def test_it_is_valid(tmp_path, make):
    annotated = make()
    ours.write(tmp_path / "cells.geff", annotated)
    geff.validate_structure(tmp_path / "cells.geff")
    found = read_to_memory(tmp_path / "cells.geff")
    validate_data(found, EVERYTHING)
    n_spots = sum(len(np.unique(plane[plane > 0])) for plane in annotated.labels)
    assert len(found["node_ids"]) == n_spots


def test_a_division(tmp_path):
    assert ours.write(tmp_path / "cells.geff", division()) == []
    graph, metadata = read(tmp_path / "cells.geff")
    (mother,) = [n for n in graph if graph.out_degree(n) == 2]
    assert (graph.nodes[mother]["t"], graph.nodes[mother]["track_id"]) == (2, 1)
    daughters = [graph.nodes[n] for n in graph.successors(mother)]
    assert {d["track_id"] for d in daughters} == {2, 3}
    assert {d["name"] for d in daughters} == {"links/oben", "Ωmega; 3"}
    assert {d["class"] for d in daughters} == {'Zelle "α"'}
    assert {n["lineage_id"] for _, n in graph.nodes(data=True)} == {1}
    assert metadata.track_node_props == {
        "lineage": "lineage_id",
        "tracklet": "track_id",
    }


def test_a_gap_is_an_edge_over_frames(tmp_path):
    ours.write(tmp_path / "cells.geff", leaves_and_returns())
    graph, _ = read(tmp_path / "cells.geff")
    t = graph.nodes(data="t")
    track = graph.nodes(data="track_id")
    steps = sorted((t[a], t[b]) for a, b in graph.edges if track[a] == 4)
    assert steps == [(0, 1), (1, 3), (3, 5)]


def test_places_are_pixels_with_a_scale(tmp_path):
    annotated = division()
    ours.write(tmp_path / "cells.geff", annotated)
    graph, metadata = read(tmp_path / "cells.geff")
    axes = {a.name: (a.type, a.unit, a.scale, a.scaled_unit) for a in metadata.axes}
    assert axes == {
        "t": ("time", "frame", 30.0, "second"),
        "y": ("space", "pixel", 0.5, "micrometer"),
        "x": ("space", "pixel", 0.25, "micrometer"),
    }
    (first,) = [n for _, n in graph.nodes(data=True) if n["t"] == 0]
    assert (first["y"], first["x"], first["area"]) == (14.5, 19.5, 200)
    assert first["predicted_iou"] == 0.75


@pytest.mark.parametrize("make", EVERY)
def test_the_label_image_is_where_the_link_says(tmp_path, make):
    annotated = make()
    ours.write(tmp_path / "cells.geff", annotated)
    graph, metadata = read(tmp_path / "cells.geff")
    (related,) = metadata.related_objects
    assert (related.type, related.node_prop) == ("labels", "track_id")
    at = tmp_path / "cells.geff" / related.path
    # traccuracy, funtracks and GEFF's own converters take it for an array.
    labels = zarr.open_array(at, mode="r")[:]
    image = zarr.open_group(at.parent, mode="r")
    assert image.attrs["ome"]["multiscales"][0]["datasets"][0]["path"] == at.name
    np.testing.assert_array_equal(labels, annotated.labels)
    for _, node in graph.nodes(data=True):
        own = labels[node["t"]] == node[related.node_prop]
        assert np.count_nonzero(own) == node["area"]


@pytest.mark.parametrize("make", [division, leaves_and_returns, odd_shapes])
def test_the_label_image_fits_the_graph(tmp_path, make):
    """By GEFF's own validators of segmentations, which count in pixels."""
    ours.write(tmp_path / "cells.geff", make())
    found = read_to_memory(tmp_path / "cells.geff")
    (related,) = found["metadata"].related_objects
    labels = zarr.open_array(tmp_path / "cells.geff" / related.path, mode="r")[:]
    props = {name: prop["values"] for name, prop in found["node_props"].items()}
    key = related.node_prop
    checks = [
        segmentation.has_valid_seg_id(found, key),
        segmentation.axes_match_seg_dims(found, labels),
        segmentation.graph_is_in_seg_bounds(found, labels),
        segmentation.has_seg_ids_at_time_points(
            labels, props["t"], props[key], found["metadata"]
        ),
    ]
    assert checks == [(True, [])] * 4


def test_traccuracy_finds_the_division(tmp_path):
    ours.write(tmp_path / "cells.geff", division())
    graph, metadata = read(tmp_path / "cells.geff")
    (related,) = metadata.related_objects
    labels = zarr.open_array(tmp_path / "cells.geff" / related.path, mode="r")[:]
    tracks = TrackingGraph(
        graph,
        segmentation=labels,
        frame_key="t",
        label_key=related.node_prop,
        location_keys=("y", "x"),
    )
    (mother,) = tracks.get_divisions()
    assert (graph.nodes[mother]["t"], graph.nodes[mother]["track_id"]) == (2, 1)


def test_scores_that_nobody_gave_are_missing(tmp_path):
    annotated = division()
    annotated.tracks[2].predicted_iou[:] = np.nan
    ours.write(tmp_path / "cells.geff", annotated)
    graph, _ = read(tmp_path / "cells.geff")
    known = {n["track_id"] for _, n in graph.nodes(data=True) if "predicted_iou" in n}
    assert known == {1, 3}


def test_a_pixel_size_without_unit_is_kept(tmp_path):
    ours.write(tmp_path / "cells.geff", replace(division(), unit=None))
    _, metadata = read(tmp_path / "cells.geff")
    axes = {a.name: (a.scale, a.scaled_unit) for a in metadata.axes}
    assert axes == {"t": (30.0, "second"), "y": (0.5, None), "x": (0.25, None)}


def test_a_mother_with_one_daughter_is_no_tracklet_of_the_format(tmp_path):
    labels = blank()
    labels[:3, 5:10, 5:10] = 1
    labels[3:, 5:10, 5:10] = 2
    ours.write(tmp_path / "cells.geff", annotate(labels, {2: 1}))
    _, metadata = read(tmp_path / "cells.geff")
    assert metadata.track_node_props == {"lineage": "lineage_id"}
    validate_data(read_to_memory(tmp_path / "cells.geff"), EVERYTHING)


def test_a_parent_that_is_still_there_is_said(tmp_path):
    labels = blank()
    labels[:, 5:10, 5:10] = 1
    labels[3:, 15:20, 5:10] = 2
    (remark,) = ours.write(tmp_path / "cells.geff", annotate(labels, {2: 1}))
    assert "too late or not at all: 2" in remark
    graph, _ = read(tmp_path / "cells.geff")
    assert all(graph.out_degree(n) < 2 for n in graph)


def test_stopped_in_the_middle_nothing_is_left(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        ours.write(tmp_path / "a.geff", annotate(division().labels, on_frame=stop))
    assert list(tmp_path.iterdir()) == []


def test_written_twice(tmp_path):
    for _ in range(2):
        ours.write(tmp_path / "cells.geff", division())
    geff.validate_structure(tmp_path / "cells.geff")
