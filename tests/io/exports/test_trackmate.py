"""TrackMate XML: parsed by another parser, and checked against its own declarations."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.io.exports import trackmate
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    comes_late,
    division,
    leaves_and_returns,
    odd_shapes,
)

ORDER = ["Model", "Settings", "GUIState"]
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


def test_without_calibration_units_are_pixels_and_frames(tmp_path):
    trackmate.write(tmp_path / "cells.xml", comes_late())
    model = read(tmp_path / "cells.xml").find("Model")
    assert (model.get("spatialunits"), model.get("timeunits")) == ("pixel", "frame")


def test_names_that_xml_cannot_hold_as_they_are(tmp_path):
    labels = blank()
    labels[:, 5:10, 5:10] = 1
    annotated = annotate(labels, names={1: '<&"\x00\x1b> \n'})
    trackmate.write(tmp_path / "cells.xml", annotated)
    spots = spots_of(read(tmp_path / "cells.xml"))
    assert {spot.get("name") for spot in spots.values()} == {'<&"> '}


def test_stopped_in_the_middle_nothing_is_left(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        trackmate.write(tmp_path / "a.xml", annotate(division().labels, on_frame=stop))
    assert list(tmp_path.iterdir()) == []
