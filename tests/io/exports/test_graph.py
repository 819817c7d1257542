"""The graph that GEFF and TrackMate are made of, against links found by hand."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from napari_sam2_ivos.io.exports.graph import graph_of
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    division,
    leaves_and_returns,
    nothing,
    odd_shapes,
)


def links_of(graph):
    """Links as ((track ID, frame), (track ID, frame)), in order."""
    spots = list(zip(graph.track_id.tolist(), graph.frame.tolist(), strict=True))
    return sorted((spots[a], spots[b]) for a, b in graph.links.tolist())


@pytest.mark.parametrize("make", EVERY)
def test_lineages_are_the_connected_parts(make):
    graph = graph_of(make())
    whole = nx.Graph(graph.links.tolist())
    whole.add_nodes_from(range(len(graph.frame)))
    families = [
        set(graph.lineage[list(part)]) for part in nx.connected_components(whole)
    ]
    assert all(len(family) == 1 for family in families)
    assert len(set.union(set(), *families)) == len(families)
    assert (np.diff(graph.frame) >= 0).all()


def test_a_gap_is_one_link():
    links = links_of(graph_of(leaves_and_returns()))
    assert [link for link in links if link[0][0] == 4] == [
        ((4, 0), (4, 1)),
        ((4, 1), (4, 3)),
        ((4, 3), (4, 5)),
    ]


def test_a_mother_is_linked_to_each_daughter():
    links = links_of(graph_of(division()))
    assert [link for link in links if link[0][0] != link[1][0]] == [
        ((1, 2), (2, 3)),
        ((1, 2), (3, 3)),
    ]


def test_a_daughter_that_comes_frames_later_and_has_a_daughter():
    labels = blank()
    labels[0, 5:10, 5:10] = 9
    labels[2:4, 5:10, 5:10] = 3
    labels[5, 5:10, 5:10] = 1
    graph = graph_of(annotate(labels, {3: 9, 1: 3}))
    assert ((9, 0), (3, 2)) in links_of(graph)
    assert ((3, 3), (1, 5)) in links_of(graph)
    assert set(graph.lineage.tolist()) == {9}
    assert graph.lost == ()


def test_parents_that_are_late_or_never_there_are_lost():
    labels = blank()
    labels[:, 5:10, 5:10] = 1
    labels[3:, 15:20, 5:10] = 2
    annotated = annotate(labels, {2: 1})
    assert graph_of(annotated).lost == (2,)
    annotated.tracks[2].parent = 77
    graph = graph_of(annotated)
    assert graph.lost == (2,)
    assert set(graph.lineage.tolist()) == {1, 2}


def test_a_parent_on_the_same_frame_is_too_late():
    labels = blank()
    labels[:4, 5:10, 5:10] = 1
    labels[3:, 15:20, 5:10] = 2
    graph = graph_of(annotate(labels, {2: 1}))
    assert graph.lost == (2,)
    assert all(a[0] == b[0] for a, b in links_of(graph))


def test_places_and_areas():
    graph = graph_of(odd_shapes())
    places = zip(graph.centroid[:4].tolist(), graph.area[:4].tolist(), strict=True)
    first = dict(zip(graph.track_id[:4].tolist(), places, strict=True))
    assert first[1] == ([3.0, 4.0], 1)
    assert first[65535] == ([37.5, 57.0], 20)
    assert first[2][1] == 100 - 12
    assert first[300][1] == 25 + 24


def test_without_objects_there_are_empty_tables():
    graph = graph_of(nothing())
    assert graph.links.shape == (0, 2)
    assert graph.centroid.shape == (0, 2)
    assert len(graph.frame) == len(graph.lineage) == 0
