"""COCO instances as pycocotools sees them."""

from __future__ import annotations

import contextlib
import io
import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from napari_sam2_ivos.core.edits.existing import masks_in
from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.io.exports import coco
from napari_sam2_ivos.io.exports.frame_names import frame_names
from napari_sam2_ivos.io.exports.rle import encode
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    division,
    leaves_and_returns,
    nothing,
    two_touch,
)

pytestmark = pytest.mark.filterwarnings(
    # numpy's, about `decode` of pycocotools 2.0.11
    "ignore:__array__ implementation:DeprecationWarning"
)


def opened(path):
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


@pytest.mark.parametrize("make", EVERY)
def test_every_mask_to_the_pixel(tmp_path, make):
    annotated = make()
    assert coco.write(tmp_path / "cells.json", annotated) == []
    api = opened(tmp_path / "cells.json")
    read = np.zeros_like(annotated.labels)
    for one in api.loadAnns(api.getAnnIds()):
        image = api.imgs[one["image_id"]]
        mask = api.annToMask(one).astype(bool)
        assert not read[image["frame_id"]][mask].any()
        read[image["frame_id"]][mask] = one["track_id"]
        assert one["area"] == coco_mask.area(one["segmentation"]) == mask.sum()
        assert one["bbox"] == coco_mask.toBbox(one["segmentation"]).tolist()
    np.testing.assert_array_equal(read, annotated.labels)


@pytest.mark.parametrize("make", EVERY)
def test_run_lengths_are_those_of_pycocotools(make):
    for plane in make().labels:
        for track_id, mask in masks_in(plane).items():
            whole = coco_mask.encode(np.asfortranarray(plane == track_id, np.uint8))
            assert encode(mask, plane.shape)["counts"] == whole["counts"].decode()


@settings(max_examples=300, deadline=None)
@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_run_lengths_of_anything(plane):
    """Whole planes, and runs that go on at the head of the next column."""
    if plane.any():
        whole = coco_mask.encode(np.asfortranarray(plane, np.uint8))
        made = encode(Mask.from_plane(plane), plane.shape)
        assert made == {"size": list(plane.shape), "counts": whole["counts"].decode()}


def test_judged_against_itself_it_is_perfect(tmp_path):
    """Run lengths are no crowds: every mask counts."""
    coco.write(tmp_path / "cells.json", division())
    truth = opened(tmp_path / "cells.json")
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about pycocotools
        found = truth.loadRes(list(truth.anns.values()))
        judge = COCOeval(truth, found, "segm")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    assert judge.stats[0] == pytest.approx(1)


def test_images_are_frames(tmp_path):
    coco.write(tmp_path / "cells.json", leaves_and_returns())
    api = opened(tmp_path / "cells.json")
    assert sorted(api.imgs) == [1, 2, 3, 4, 5, 6]
    assert api.imgs[3] == {
        "id": 3,
        "file_name": "cells_000002.tif",
        "width": 60,
        "height": 40,
        "video_id": 1,
        "frame_id": 2,
    }
    of_4 = [a["image_id"] for a in api.anns.values() if a["track_id"] == 4]
    assert of_4 == [1, 2, 4, 6]


def test_classes_names_and_parents(tmp_path):
    coco.write(tmp_path / "cells.json", division())
    api = opened(tmp_path / "cells.json")
    assert {c["id"]: c["name"] for c in api.cats.values()} == {
        1: 'Zelle "α"',
        2: "mitotic, late",
    }
    of = {a["track_id"]: api.cats[a["category_id"]]["name"] for a in api.anns.values()}
    assert of == {1: "mitotic, late", 2: 'Zelle "α"', 3: 'Zelle "α"'}
    tracks = {t["id"]: (t["name"], t["parent"]) for t in api.dataset["tracks"]}
    assert tracks == {1: ("", None), 2: ("links/oben", 1), 3: ("Ωmega; 3", 1)}


def test_what_made_it_and_its_size_in_the_world(tmp_path):
    annotated = two_touch()
    object.__setattr__(annotated, "model", "sam2.1_tiny")
    annotated.tracks[2].predicted_iou[:] = np.nan
    coco.write(tmp_path / "cells.json", annotated)
    known = json.loads((tmp_path / "cells.json").read_text())
    assert known["info"]["model"] == "sam2.1_tiny"
    assert known["info"]["contributor"].startswith("napari-sam2-ivos ")
    (video,) = known["videos"]
    assert (video["pixel_size_yx"], video["pixel_unit"]) == ([0.5, 0.25], "um")
    assert (video["frame_interval_s"], video["length"]) == (30.0, 6)
    scores = {a["track_id"]: a.get("score") for a in known["annotations"]}
    assert scores == {1: 0.75, 2: None}


def test_any_encoding_can_read_it(tmp_path):
    coco.write(tmp_path / "cells.json", division())
    assert (tmp_path / "cells.json").read_bytes().isascii()


def test_frames_of_a_folder_have_their_own_names(tmp_path):
    annotated = nothing()
    for n in range(5, 11):
        (tmp_path / f"shot {n}.png").touch()
    (tmp_path / "notes.txt").touch()
    object.__setattr__(annotated, "path", tmp_path)
    assert frame_names(annotated) == [f"shot {n}.png" for n in range(5, 11)]
    (tmp_path / "shot 11.png").touch()  # one too many: which are they?
    assert frame_names(annotated)[0].endswith("_000000.png")


def test_stopped_in_the_middle_the_earlier_file_is_whole(tmp_path):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    coco.write(tmp_path / "cells.json", division())
    before = (tmp_path / "cells.json").read_bytes()
    with pytest.raises(Cancelled):
        coco.write(tmp_path / "cells.json", annotate(blank(), on_frame=stop))
    assert (tmp_path / "cells.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["cells.json"]


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
    coco.write(path, annotate(labels))
    api = opened(path)
    read = np.zeros_like(labels)
    for one in api.anns.values():
        read[one["image_id"] - 1][api.annToMask(one) > 0] = one["track_id"]
    np.testing.assert_array_equal(read, labels)
