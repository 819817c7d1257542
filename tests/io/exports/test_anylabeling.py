"""JSON per frame as LabelMe and X-AnyLabeling read it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from PIL import Image

from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.io.exports import anylabeling
from napari_sam2_ivos.io.sources import natural_key
from tests.io.exports.movies import EVERY, annotate, division, odd_shapes, two_touch
from tests.io.exports.test_polygons import as_labelme


def opened(file):
    """Read a file as LabelMe 5 does, with its checks."""
    content = json.loads(file.read_text("utf-8"))
    assert isinstance(content["version"], str)
    assert content["imageData"] is None
    with Image.open(file.parent / content["imagePath"]) as picture:
        assert picture.mode in {"1", "L", "P", "RGB", "RGBA", "LA", "PA"}
        assert picture.size == (content["imageWidth"], content["imageHeight"])
    for shape in content["shapes"]:
        assert isinstance(shape["label"], str)
        assert isinstance(shape["group_id"], int)
        assert isinstance(shape["description"], str)
        assert shape["shape_type"] == "polygon"
        assert shape["flags"] == {}
        assert len(shape["points"]) > 2
        for point in shape["points"]:
            assert len(point) == 2
            assert all(isinstance(xy, float) for xy in point)
    return content


def plane_of(content):
    """Return the labels in a file, as LabelMe's `shapes_to_label` fills them."""
    size = content["imageHeight"], content["imageWidth"]
    plane = np.zeros(size, np.uint16)
    for shape in content["shapes"]:
        filled = as_labelme(shape["points"], size)
        assert not plane[filled].any()
        plane[filled] = shape["group_id"]
    return plane


def files_in(folder):
    found = [p for p in folder.glob("*.json") if not p.name.startswith(".")]
    return sorted(found, key=lambda p: natural_key(p.name))


@pytest.mark.parametrize("make", EVERY)
def test_every_mask_to_the_pixel(tmp_path, make):
    annotated = make()
    assert anylabeling.write(tmp_path / "out", annotated) == []
    files = files_in(tmp_path / "out")
    read = np.stack([plane_of(opened(file)) for file in files])
    np.testing.assert_array_equal(read, annotated.labels)
    assert files[0].name == "cells_000000.json"


def test_classes_names_and_parents(tmp_path):
    anylabeling.write(tmp_path / "out", division())
    content = opened(files_in(tmp_path / "out")[5])
    said = {s["group_id"]: (s["label"], s["attributes"]) for s in content["shapes"]}
    assert said == {
        2: ('Zelle "α"', {"name": "links/oben", "parent": "1"}),
        3: ('Zelle "α"', {"name": "Ωmega; 3", "parent": "1"}),
    }


def test_parts_have_one_group(tmp_path):
    anylabeling.write(tmp_path / "out", odd_shapes())
    content = opened(files_in(tmp_path / "out")[0])
    assert [s["group_id"] for s in content["shapes"]] == [1, 2, 300, 300, 65535]
    assert {s["label"] for s in content["shapes"]} == {"object"}


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.uint16, (2, 9, 11), elements={"min_value": 0, "max_value": 4}))
def test_any_labels(tmp_path_factory, labels):
    folder = tmp_path_factory.mktemp("any") / "out"
    anylabeling.write(folder, annotate(labels))
    read = np.stack([plane_of(opened(file)) for file in files_in(folder)])
    np.testing.assert_array_equal(read, labels)


def test_files_are_called_as_the_pictures_of_the_movie(tmp_path):
    """So that they can be laid beside the pictures that the user has."""
    (tmp_path / "movie").mkdir()
    for t in (1, 2, 10):
        Image.new("L", (60, 40)).save(tmp_path / "movie" / f"day{t}.jpg")
    annotated = replace(annotate(two_touch().labels[:3]), path=tmp_path / "movie")
    anylabeling.write(tmp_path / "out", annotated)
    files = files_in(tmp_path / "out")
    assert [p.name for p in files] == ["day1.json", "day2.json", "day10.json"]
    assert opened(files[2])["imagePath"] == "day10.png"


def test_a_cancelled_export_leaves_nothing(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        anylabeling.write(tmp_path / "out", replace(two_touch(), on_frame=stop))
    assert list(tmp_path.iterdir()) == []
