"""YouTube-VIS as its API reads it: a list per object, decoded by pycocotools."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.exports import youtube_vis
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    division,
    leaves_and_returns,
    two_touch,
)

pytestmark = pytest.mark.filterwarnings(
    # numpy's, about `decode` of pycocotools 2.0.11
    "ignore:__array__ implementation:DeprecationWarning"
)


def decoded(known):
    """Return the label stack in a file, every frame of it decoded."""
    (video,) = known["videos"]
    shape = video["length"], video["height"], video["width"]
    read = np.zeros(shape, np.uint16)
    for one in known["annotations"]:
        assert len(one["segmentations"]) == video["length"]
        for frame, rle in enumerate(one["segmentations"]):
            box, area = one["bboxes"][frame], one["areas"][frame]
            assert (rle is None) == (box is None) == (area is None)
            if rle is not None:
                mask = coco_mask.decode(rle) > 0
                assert not read[frame][mask].any()
                read[frame][mask] = one["id"]
                assert area == mask.sum()
                assert box == coco_mask.toBbox(rle).tolist()
    return read


@pytest.mark.parametrize("make", EVERY)
def test_every_mask_to_the_pixel(tmp_path, make):
    annotated = make()
    assert youtube_vis.write(tmp_path / "cells.json", annotated) == []
    known = json.loads((tmp_path / "cells.json").read_text())
    np.testing.assert_array_equal(decoded(known), annotated.labels)
    assert [path.name for path in tmp_path.iterdir()] == ["cells.json"]


def test_where_it_is_absent_there_is_null(tmp_path):
    youtube_vis.write(tmp_path / "cells.json", leaves_and_returns())
    known = json.loads((tmp_path / "cells.json").read_text())
    of = {one["id"]: one for one in known["annotations"]}
    assert sorted(of) == [4, 7]
    assert of[4]["areas"] == [56, 56, None, 56, None, 56]
    assert of[4]["bboxes"][3] == [11, 5, 8, 7]  # x, y, width, height
    assert of[4]["scores"] == [0.75, 0.75, None, 0.75, None, 0.75]
    assert of[7]["areas"] == [60] * 6


def test_the_video_and_the_objects_are_described(tmp_path):
    youtube_vis.write(tmp_path / "cells.json", division())
    known = json.loads((tmp_path / "cells.json").read_text())
    (video,) = known["videos"]
    assert (video["height"], video["width"], video["length"]) == (40, 60, 6)
    assert video["file_names"] == [f"cells_{t:06d}.tif" for t in range(6)]
    classes = {c["id"]: c["name"] for c in known["categories"]}
    of = {
        a["id"]: (classes[a["category_id"]], a["name"], a["parent"])
        for a in known["annotations"]
    }
    assert of == {
        1: ("mitotic, late", "", None),
        2: ('Zelle "α"', "links/oben", 1),
        3: ('Zelle "α"', "Ωmega; 3", 1),
    }
    assert {(a["video_id"], a["iscrowd"]) for a in known["annotations"]} == {(1, 0)}


def test_an_object_without_a_mask_is_left_out_and_named(tmp_path):
    annotated = two_touch()
    annotated.tracks[9] = Track(9, 6)
    remarks = youtube_vis.write(tmp_path / "cells.json", annotated)
    assert remarks == ["Objects without any mask were left out: 9."]
    known = json.loads((tmp_path / "cells.json").read_text())
    assert [one["id"] for one in known["annotations"]] == [1, 2]


def test_stopped_in_the_middle_nothing_is_left(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        youtube_vis.write(tmp_path / "cells.json", annotate(blank(), on_frame=stop))
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.uint16,
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=8),
        elements=st.sampled_from([0, 0, 1, 2, 300, 65535]),
    )
)
def test_any_stack_survives(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("any") / "cells.json"
    youtube_vis.write(path, annotate(labels))
    np.testing.assert_array_equal(decoded(json.loads(path.read_text())), labels)
