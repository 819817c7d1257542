"""TrackMate XML: parsed by another parser, and checked against its own declarations."""

from __future__ import annotations

import errno
import math
import xml.etree.ElementTree as ET
from itertools import pairwise

import geff
import numpy as np
import pytest
from geff.convert import from_trackmate_xml_to_geff
from skimage.measure import points_in_poly

from napari_sam2_ivos.core.errors import Cancelled, StoreError
from napari_sam2_ivos.io.exports import trackmate
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    comes_late,
    division,
    leaves_and_returns,
    odd_shapes,
    two_touch,
)

ORDER = ["Log", "Model", "Settings", "GUIState", "DisplaySettings"]
MODEL = ["FeatureDeclarations", "AllSpots", "AllTracks", "FilteredTracks"]
SPOT_OWN = {"ID", "name", "ROI_N_POINTS"}


def read(path):
    return ET.parse(path).getroot()


def spots_of(root):
    return {int(s.get("ID")): s for s in root.iter("Spot")}


def ends_of(edge):
    return int(edge.get("SPOT_SOURCE_ID")), int(edge.get("SPOT_TARGET_ID"))


@pytest.mark.parametrize("make", EVERY)
def test_it_is_as_trackmate_reads_it(tmp_path, make):
    """Every link leads somewhere, what is used is declared, every number is one."""
    annotated = make()
    trackmate.write(tmp_path / "cells.xml", annotated)
    root = read(tmp_path / "cells.xml")
    assert (root.tag, [child.tag for child in root]) == ("TrackMate", ORDER)
    model = root.find("Model")
    assert [child.tag for child in model] == MODEL
    declared = {f.get("feature") for f in model.iter("Feature")}
    spots = spots_of(root)
    assert len(spots) == int(model.find("AllSpots").get("nspots"))
    for in_frame in model.find("AllSpots"):
        for spot in in_frame:
            assert spot.get("FRAME") == in_frame.get("frame")
            assert set(spot.keys()) - declared == SPOT_OWN
            numbers = [float(v) for k, v in spot.items() if k not in SPOT_OWN]
            numbers += [float(v) for v in spot.text.split()]
            assert all(map(math.isfinite, numbers))
            assert len(spot.text.split()) == 2 * int(spot.get("ROI_N_POINTS"))
    tracks = model.find("AllTracks")
    for edge in tracks.iter("Edge"):
        source, target = (
            spots[int(edge.get(f"SPOT_{end}_ID"))] for end in ("SOURCE", "TARGET")
        )
        assert int(source.get("FRAME")) < int(target.get("FRAME"))
    ids = [track.get("TRACK_ID") for track in tracks]
    assert len(set(ids)) == len(ids)
    assert [t.get("TRACK_ID") for t in model.find("FilteredTracks")] == ids
    image = root.find("Settings/ImageData")
    sizes = [int(image.get(n)) for n in ("nframes", "height", "width")]
    assert sizes == list(annotated.labels.shape)


def test_trackmate_finds_what_it_looks_for(tmp_path):
    """The elements and attributes that its TmXmlReader complains about if missing."""
    trackmate.write(tmp_path / "cells.xml", division())
    root = read(tmp_path / "cells.xml")
    assert root.find("DisplaySettings").text is None  # the user's own then
    assert root.find("GUIState").get("state") == "ConfigureViews"
    settings = root.find("Settings")
    (first,) = settings.iter("InitialSpotFilter")
    assert first.attrib == {"feature": "QUALITY", "value": "0.0", "isabove": "true"}
    detector = settings.find("DetectorSettings")
    assert detector.get("DETECTOR_NAME") == "MANUAL_DETECTOR"
    assert float(detector.get("RADIUS")) > 0
    tracker = settings.find("TrackerSettings")
    assert tracker.get("TRACKER_NAME") == "MANUAL_TRACKER"
    assert [child.tag for child in settings.find("AnalyzerCollection")] == [
        "SpotAnalyzers",
        "EdgeAnalyzers",
        "TrackAnalyzers",
    ]
    for feature in root.iter("Feature"):
        assert set(feature.keys()) == {
            "feature",
            "name",
            "shortname",
            "dimension",
            "isint",
        }


# TrackMate's units are those of ImageJ, which spells them otherwise than OME-Zarr.
@pytest.mark.filterwarnings("ignore:Spatial unit um not in valid OME-Zarr:UserWarning")
@pytest.mark.filterwarnings("ignore:Temporal unit s not in valid OME-Zarr:UserWarning")
@pytest.mark.parametrize("make", [division, leaves_and_returns, two_touch, odd_shapes])
def test_the_reader_of_geff_finds_the_same_graph(tmp_path, make):
    annotated = make()
    trackmate.write(tmp_path / "cells.xml", annotated)
    from_trackmate_xml_to_geff(tmp_path / "cells.xml", tmp_path / "cells.geff")
    graph, _ = geff.read(tmp_path / "cells.geff", backend="networkx")
    track, frame = graph.nodes(data="MANUAL_TRACK_ID"), graph.nodes(data="FRAME")
    there = {
        (int(i), t)
        for t, plane in enumerate(annotated.labels)
        for i in np.unique(plane[plane > 0])
    }
    assert {(track[n], frame[n]) for n in graph} == there
    found = {(track[a], frame[a], track[b], frame[b]) for a, b in graph.edges}
    expected = set()
    for i in annotated.tracks:
        own = sorted(t for j, t in there if j == i)
        expected |= {(i, a, i, b) for a, b in pairwise(own)}
        mother = annotated.tracks[i].parent
        if mother is not None:
            last = max(t for j, t in there if j == mother)
            expected.add((mother, last, i, own[0]))
    assert found == expected


@pytest.mark.parametrize("make", [two_touch, leaves_and_returns, division, odd_shapes])
def test_trackmate_finds_the_pixels_of_masks_in_outlines(tmp_path, make):
    """It asks which whole pixels lie inside, after dividing by the pixel size."""
    annotated = make()
    trackmate.write(tmp_path / "cells.xml", annotated)
    sizes = np.array(annotated.scale or (1.0, 1.0))
    places = np.argwhere(np.ones(annotated.plane_shape))
    for spot in spots_of(read(tmp_path / "cells.xml")).values():
        centre = [float(spot.get("POSITION_Y")), float(spot.get("POSITION_X"))]
        relative = np.array(spot.text.split(), float).reshape(-1, 2)[:, ::-1]
        inside = points_in_poly(places, (relative + centre) / sizes)
        plane = annotated.labels[int(spot.get("FRAME"))]
        expected = plane == int(spot.get("MANUAL_TRACK_ID"))
        if spot.get("MANUAL_TRACK_ID") == "300":
            expected[33:] = False  # the smaller of its two parts
        np.testing.assert_array_equal(inside.reshape(plane.shape), expected)


def test_places_are_physical(tmp_path):
    trackmate.write(tmp_path / "cells.xml", division())
    root = read(tmp_path / "cells.xml")
    assert root.find("Model").get("spatialunits") == "um"
    assert root.find("Model").get("timeunits") == "s"
    image = root.find("Settings/ImageData")
    known = [float(image.get(n)) for n in ("pixelheight", "pixelwidth", "timeinterval")]
    assert known == [0.5, 0.25, 30]
    (spot,) = (s for s in root.iter("Spot") if s.get("FRAME") == "2")
    # rows 10 to 19 and columns 10 to 29
    place = [float(spot.get(f"POSITION_{axis}")) for axis in "YXT"]
    assert place == [14.5 * 0.5, 19.5 * 0.25, 60]
    assert float(spot.get("AREA")) == 200 * 0.125
    corners = np.array(spot.text.split(), float).reshape(-1, 2)  # x, y from the centre
    np.testing.assert_allclose(np.abs(corners).max(axis=0), [2.5, 2.5], atol=0.02)


def test_a_family_is_one_track(tmp_path):
    assert trackmate.write(tmp_path / "cells.xml", division()) == []
    root = read(tmp_path / "cells.xml")
    (track,) = root.iter("Track")
    spots = spots_of(root)
    followers = {}
    for edge in track:
        source, target = (
            int(edge.get("SPOT_SOURCE_ID")),
            int(edge.get("SPOT_TARGET_ID")),
        )
        followers.setdefault(source, []).append(target)
    (mother,) = [s for s, after in followers.items() if len(after) == 2]
    assert spots[mother].get("FRAME") == "2"
    names = {spots[s].get("name") for s in followers[mother]}
    assert names == {"links/oben", "Ωmega; 3"}
    assert {spots[s].get("MANUAL_TRACK_ID") for s in followers[mother]} == {"2", "3"}


def test_a_gap_is_an_edge_over_frames(tmp_path):
    trackmate.write(tmp_path / "cells.xml", leaves_and_returns())
    root = read(tmp_path / "cells.xml")
    spots = spots_of(root)
    (track,) = (t for t in root.iter("Track") if t.get("TRACK_ID") == "4")
    frame = {number: int(spot.get("FRAME")) for number, spot in spots.items()}
    steps = [tuple(frame[end] for end in ends_of(edge)) for edge in track]
    assert steps == [(0, 1), (1, 3), (3, 5)]


def test_further_parts_are_said(tmp_path):
    (remark,) = trackmate.write(tmp_path / "cells.xml", odd_shapes())
    assert remark.startswith("6 masks fall into several parts")


def test_the_largest_part_is_that_of_most_pixels(tmp_path):
    labels = blank(1)
    labels[0, 5:15, 5:15] = 1
    steps = np.arange(25)
    labels[0, 12 + steps, 25 + steps] = 1  # reaches further, but is thin
    trackmate.write(tmp_path / "cells.xml", annotate(labels))
    (spot,) = read(tmp_path / "cells.xml").iter("Spot")
    x = np.array(spot.text.split(), float)[::2] + float(spot.get("POSITION_X"))
    assert (round(x.min()), round(x.max())) == (5, 14)
    assert float(spot.get("AREA")) == 125


def test_parts_that_touch_at_a_corner_are_one(tmp_path):
    labels = blank(1)
    labels[0, 5:10, 5:10] = labels[0, 10:15, 10:15] = 1
    assert trackmate.write(tmp_path / "cells.xml", annotate(labels)) == []
    (spot,) = read(tmp_path / "cells.xml").iter("Spot")
    x = np.array(spot.text.split(), float)[::2] + float(spot.get("POSITION_X"))
    assert (round(x.min()), round(x.max())) == (5, 14)


def test_without_calibration_units_are_pixels_and_frames(tmp_path):
    trackmate.write(tmp_path / "cells.xml", comes_late())
    model = read(tmp_path / "cells.xml").find("Model")
    assert (model.get("spatialunits"), model.get("timeunits")) == ("pixel", "frame")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("<&\"'> \n\t", "<&\"'> \n\t"),
        ("細胞\u3000一, a\u00a0b \U0001f9ec", "細胞\u3000一, a\u00a0b \U0001f9ec"),
        ("a\x00\x1b\ud800\uffffb", "ab"),  # XML has no way to write these
    ],
)
def test_names_are_kept(tmp_path, name, written):
    labels = blank()
    labels[:, 5:10, 5:10] = 1
    trackmate.write(tmp_path / "cells.xml", annotate(labels, names={1: name}))
    spots = spots_of(read(tmp_path / "cells.xml"))
    assert {spot.get("name") for spot in spots.values()} == {written}


def test_a_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "cells.xml"
    path.write_text("earlier")
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(StoreError, match="No space left"):
        trackmate.write(path, division())
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_written_elsewhere(tmp_path, monkeypatch):
    """The folder for temporary files is often small, or in memory."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not there"))
    assert trackmate.write(tmp_path / "cells.xml", division()) == []


def test_stopped_in_the_middle_nothing_is_left(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        trackmate.write(tmp_path / "a.xml", annotate(division().labels, on_frame=stop))
    assert list(tmp_path.iterdir()) == []
