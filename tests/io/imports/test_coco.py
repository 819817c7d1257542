"""COCO and YouTube-VIS as a beginning: of ours, of others, and of nobody's making."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.exports import coco, youtube_vis
from napari_sam2_ivos.io.imports import json_items
from napari_sam2_ivos.io.imports.coco import read_coco
from napari_sam2_ivos.io.imports.coco_masks import decompressed, paint, run_lengths
from tests.io.exports.movies import EVERY, annotate, division, nothing, two_touch

pytestmark = pytest.mark.filterwarnings(
    # numpy's, about `decode` of pycocotools 2.0.11
    "ignore:__array__ implementation:DeprecationWarning"
)

SQUARE = [1, 1, 4, 1, 4, 4, 1, 4]
"""Covers rows and columns 1 to 3."""


def read(path, content, n_frames=3, plane_shape=(6, 8)):
    text = content if isinstance(content, str) else json.dumps(content)
    path = path / "found.json"
    path.write_text(text, encoding="utf-8")
    return read_coco(path, plane_shape=plane_shape, n_frames=n_frames)


def one_each(**changes):
    """Return a file of three images with an object on each."""
    return {
        "images": [
            {"id": 10 + t, "file_name": f"t{t}.png", "width": 8, "height": 6}
            for t in range(3)
        ],
        "categories": [{"id": 1, "name": "cell"}, {"id": 2, "name": "débris, alt"}],
        "annotations": [
            {
                "id": t + 1,
                "image_id": 10 + t,
                "category_id": 1,
                "track_id": 5,
                "iscrowd": 0,
                "segmentation": [[v + t if i % 2 == 0 else v
                                  for i, v in enumerate(SQUARE)]],
                **changes,
            }
            for t in range(3)
        ],
    }  # fmt: skip


def stack(found, n_frames=3):
    return np.stack([found.plane_of(frame) for frame in range(n_frames)])


def square(frame, label=5, left=None):
    plane = np.zeros((6, 8), np.uint16)
    left = 1 + frame if left is None else left
    plane[1:4, left : left + 3] = label
    return plane


@pytest.mark.parametrize("write", [coco.write, youtube_vis.write])
@pytest.mark.parametrize("make", [m for m in EVERY if m.__name__ != "nothing"])
def test_what_was_written_comes_back(tmp_path, write, make):
    annotated = make()
    write(tmp_path / "cells.json", annotated)
    shape, n = annotated.plane_shape, annotated.n_frames
    found = read_coco(tmp_path / "cells.json", plane_shape=shape, n_frames=n)
    np.testing.assert_array_equal(stack(found, n), annotated.labels)
    tracks = annotated.tracks
    assert found.classes == {i: t.class_name for i, t in tracks.items() if t.class_name}
    assert found.names == {i: t.name for i, t in tracks.items() if t.name}
    assert found.parents == {i: t.parent for i, t in tracks.items() if t.parent}
    assert found.frames == list(range(n))
    assert found.remarks == []


@pytest.mark.parametrize("write", [coco.write, youtube_vis.write])
def test_a_movie_without_objects_comes_back(tmp_path, write):
    write(tmp_path / "cells.json", nothing())
    found = read_coco(tmp_path / "cells.json", plane_shape=(40, 60), n_frames=6)
    assert not stack(found, 6).any()
    assert found.frames == list(range(6))


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.uint16,
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=8),
        elements=st.sampled_from([0, 0, 1, 2, 300, 65535]),
    ),
    st.sampled_from([coco.write, youtube_vis.write]),
)
def test_any_stack_comes_back(tmp_path_factory, labels, write):
    path = tmp_path_factory.mktemp("any") / "cells.json"
    write(path, annotate(labels))
    n_frames, *shape = labels.shape
    found = read_coco(path, plane_shape=tuple(shape), n_frames=n_frames)
    np.testing.assert_array_equal(stack(found, n_frames), labels)


def test_polygons_cover_what_pycocotools_covers(tmp_path):
    found = read(tmp_path, one_each())
    for frame in range(3):
        np.testing.assert_array_equal(found.plane_of(frame), square(frame))
    assert found.classes == {5: "cell"}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.floats(-8, 16, allow_nan=False) | st.integers(-8, 16),
                st.floats(-6, 12, allow_nan=False) | st.integers(-6, 12),
            ),
            min_size=3,
            max_size=9,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_polygons_cover_what_pycocotools_covers(polygons):
    """Also where they cross themselves, or leave the frame."""
    flat = [[float(v) for xy in polygon for v in xy] for polygon in polygons]
    with contextlib.redirect_stdout(io.StringIO()):
        api = COCO()
    api.imgs = {1: {"height": 6, "width": 8}}
    expected = api.annToMask({"image_id": 1, "segmentation": flat})
    plane = np.zeros((6, 8), np.uint16)
    paint(plane, run_lengths(flat, (6, 8)), 7)
    np.testing.assert_array_equal(plane, expected * 7)


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(np.uint8, (7, 9), elements=st.integers(0, 1)))
def test_compressed_run_lengths_are_unpacked_as_by_pycocotools(mask):
    rle = coco_mask.encode(np.asfortranarray(mask))
    plane = np.zeros((7, 9), np.uint16)
    paint(plane, decompressed(rle["counts"].decode()), 3)
    np.testing.assert_array_equal(plane, mask * 3)


def test_long_runs_are_unpacked_too():
    """Of frames of 10,000 pixels a side: differences take up to six characters."""
    counts = [3, 99_999_000, 1, 2, 500, 40_000, 17, 1]
    text = coco_mask.frPyObjects({"size": [10_000, 10_100], "counts": counts},
                                 10_000, 10_100)["counts"]  # fmt: skip
    assert decompressed(text.decode()).tolist() == counts


def test_plain_run_lengths(tmp_path):
    rle = {"size": [6, 8], "counts": [7, 3, 3, 3, 3, 3, 26]}
    found = read(tmp_path, one_each(segmentation=rle))
    np.testing.assert_array_equal(found.plane_of(1), square(1, left=1))


@pytest.mark.parametrize(
    "where",
    [
        {"track_id": 9},
        {"track_id": None, "instance_id": 9},
        {"track_id": None, "attributes": {"track_id": 9, "occluded": False}},
        {"track_id": -1, "attributes": {"instance_id": 9.0}},
    ],
)
def test_wherever_the_track_id_is(tmp_path, where):
    found = read(tmp_path, one_each(**where))
    assert np.unique(stack(found)).tolist() == [0, 9]
    assert found.remarks == []


def test_without_track_ids_every_annotation_is_an_object(tmp_path):
    content = one_each()
    for one in content["annotations"][1:]:
        del one["track_id"]
    found = read(tmp_path, content)
    assert [int(plane.max()) for plane in stack(found)] == [5, 6, 7]
    assert found.classes == {5: "cell", 6: "cell", 7: "cell"}
    assert len(found.remarks) == 1
    assert "2 annotations have no track ID" in found.remarks[0]


@pytest.mark.parametrize("track_ids", [[0, 1, 0], ["b", "a", "b"], [70_000, 3, 70_000]])
def test_track_ids_that_cannot_be_labels_are_renumbered(tmp_path, track_ids):
    content = one_each()
    for one, track_id in zip(content["annotations"], track_ids, strict=True):
        one["track_id"] = track_id
    found = read(tmp_path, content)
    ids = [int(plane.max()) for plane in stack(found)]
    assert sorted(set(ids)) == [1, 2]
    assert ids[0] == ids[2] != ids[1]
    assert "renumbered" in found.remarks[0]


def test_images_are_frames_by_what_they_say(tmp_path):
    content = one_each()
    for image, frame in zip(content["images"], (2, 0, 1), strict=True):
        image["frame_id"] = frame
    found = read(tmp_path, content)
    for frame, came_from in ((2, 0), (0, 1), (1, 2)):
        np.testing.assert_array_equal(found.plane_of(frame), square(came_from))


def test_frames_counted_from_1(tmp_path):
    content = one_each()
    for image, frame in zip(content["images"], (1, 2, 3), strict=True):
        image["frame_id"] = frame
    np.testing.assert_array_equal(read(tmp_path, content).plane_of(0), square(0))


def test_images_are_frames_in_natural_order_of_their_names(tmp_path):
    content = one_each()
    for image, name in zip(content["images"], ("t10.png", "t2.png", "t9.png"),
                           strict=True):  # fmt: skip
        image["file_name"] = name
    found = read(tmp_path, content)
    for frame, came_from in ((2, 0), (0, 1), (1, 2)):
        np.testing.assert_array_equal(found.plane_of(frame), square(came_from))


def test_of_fewer_images_the_number_in_the_name_is_the_frame(tmp_path):
    content = one_each()
    for image, name in zip(content["images"], ("a/t7.png", "a/t0.png", "a/t4.png"),
                           strict=True):  # fmt: skip
        image["file_name"] = name
    found = read(tmp_path, content, n_frames=9)
    assert found.frames == [0, 4, 7]
    np.testing.assert_array_equal(found.plane_of(7), square(0))
    assert not found.plane_of(3).any()


def test_a_video_of_every_fifth_frame(tmp_path):
    masks = [{"size": [6, 8], "counts": [7, 3, 38]}, None,
             {"size": [6, 8], "counts": [8, 2, 38]}]  # fmt: skip
    content = {
        "videos": [{"id": 1, "height": 6, "width": 8, "length": 3,
                    "file_names": ["v/00000.jpg", "v/00005.jpg", "v/00010.jpg"]}],
        "categories": [{"id": 3, "name": "fish"}],
        "annotations": [
            {"id": 4, "video_id": 1, "category_id": 3, "segmentations": masks}
        ],
    }  # fmt: skip
    found = read(tmp_path, content, n_frames=11)
    assert found.frames == [0, 5, 10]
    assert [np.count_nonzero(found.plane_of(t)) for t in (0, 5, 10, 2)] == [3, 0, 2, 0]
    assert (found.classes, found.plane_of(10).max()) == ({4: "fish"}, 4)


def test_where_objects_overlap_the_later_is_on_top(tmp_path):
    content = one_each()
    content["annotations"].append(
        {"id": 9, "image_id": 10, "category_id": 2, "track_id": 6,
         "segmentation": [[2, 1, 5, 1, 5, 4, 2, 4]]}
    )  # fmt: skip
    found = read(tmp_path, content)
    expected = square(0)
    expected[1:4, 2:5] = 6
    np.testing.assert_array_equal(found.plane_of(0), expected)
    assert found.remarks == ["1 annotations overlap earlier ones: they are on top."]
    assert found.classes == {5: "cell", 6: "débris, alt"}


def test_what_is_no_object_is_left_out_and_counted(tmp_path):
    content = one_each()
    base = {"image_id": 10, "category_id": 1, "bbox": [0, 0, 2, 2]}
    content["annotations"] += [
        {"id": 20, **base},
        {"id": 21, **base, "segmentation": []},
        {"id": 22, **base, "iscrowd": 1, "segmentation": [SQUARE]},
        {"id": 23, **base, "segmentation": {"size": [6, 8], "counts": [48]}},
        {"id": 24, **base, "track_id": 5, "category_id": 2, "segmentation": [SQUARE]},
    ]
    found = read(tmp_path, content)
    np.testing.assert_array_equal(found.plane_of(0), square(0))
    assert sorted(found.remarks) == [
        "1 annotations give their object another class: the first counts.",
        "1 annotations have no pixel: left out.",
        "1 annotations stand for a crowd, not for an object: left out.",
        "2 annotations have no mask: left out.",
    ]


def test_lists_may_come_in_any_order_and_chunk(tmp_path, monkeypatch):
    """Annotations before the images; read in pieces that end in every place."""
    content = one_each()
    content = {
        "annotations": content.pop("annotations"),
        **content,
        "year": 2026.25,
        "licenses": [],
    }
    for chunk in (1, 2, 3, 7, 50):
        monkeypatch.setattr(json_items, "CHUNK", chunk)
        for indent in (None, 2):
            found = read(tmp_path, json.dumps(content, indent=indent))
            np.testing.assert_array_equal(found.plane_of(2), square(2))


def test_a_byte_order_mark_is_no_matter(tmp_path):
    found = read(tmp_path, "\ufeff" + json.dumps(one_each()))
    np.testing.assert_array_equal(found.plane_of(0), square(0))


def damaged(**changes):
    content = one_each()
    content["annotations"][1].update(changes)
    return content


def without(name):
    content = one_each()
    del content[name]
    return content


def images(**changes):
    content = one_each()
    for frame, image in enumerate(content["images"]):
        image["frame_id"] = frame
    content["images"][1].update(changes)
    return content


FLAT = {"size": [6, 8]}
UNFIT = {
    "not JSON": "masks, masks, masks",
    "empty": "",
    "a list": [1, 2],
    "cut short": json.dumps(one_each())[:-30],
    "two in one": json.dumps(one_each()) * 2,
    "deep": '{"annotations": [' + "[" * 200_000,
    "deep field": '{"info": ' + '{"a":' * 200_000,
    "no images": without("images"),
    "items that are no objects": {**one_each(), "annotations": [[], []]},
    "NaN": json.dumps(damaged(segmentation=[[0, 0, float("nan"), 1, 2, 2]])),
    "infinite": json.dumps(damaged(segmentation=[[0, 0, float("inf"), 1, 2, 2]])),
    "1e999": json.dumps(one_each()).replace("[[1,", "[[1e999,"),
    "a number of 10,000 digits": '{"a": ' + "9" * 10_000 + "}",
    "far away": damaged(segmentation=[[0, 0, 1e9, 0, 1e9, 1e9]]),
    "negative": damaged(segmentation=[[0, 0, -1e9, 0, 4, 4]]),
    "odd": damaged(segmentation=[[0, 0, 1, 1, 2, 2, 3]]),
    "a line": damaged(segmentation=[[0, 0, 1, 1]]),
    "a flat polygon": damaged(segmentation=SQUARE),
    "texts": damaged(segmentation=[["0", "0", "1", "1", "2", "2"]]),
    "very long": damaged(segmentation=[[-8, -6, 16, 12] * 120_000]),
    "another size": damaged(segmentation={"size": [8, 6], "counts": [48]}),
    "gigabytes": damaged(segmentation={"size": [10**6, 10**6], "counts": [10**12]}),
    "no size": damaged(segmentation={"counts": [48]}),
    "no counts": damaged(segmentation=FLAT),
    "counts that are nothing": damaged(segmentation={**FLAT, "counts": {}}),
    "too many": damaged(segmentation={**FLAT, "counts": [7, 100]}),
    "huge": damaged(segmentation={**FLAT, "counts": [2**62, 2**62, 2**62, 2**62]}),
    "huger": damaged(segmentation={**FLAT, "counts": [10**30]}),
    "below 0": damaged(segmentation={**FLAT, "counts": [7, -3, 44]}),
    "halves": damaged(segmentation={**FLAT, "counts": [7, 1.5, 39.5]}),
    "truths": damaged(segmentation={**FLAT, "counts": [True, False]}),
    "counts in lists": damaged(segmentation={**FLAT, "counts": [[7], [3]]}),
    "goes on past the end": damaged(segmentation={**FLAT, "counts": "oooooo"}),
    "never ends": damaged(segmentation={**FLAT, "counts": "o" * 1000 + "0"}),
    "not in the alphabet": damaged(segmentation={**FLAT, "counts": "7!3"}),
    "not ASCII": damaged(segmentation={**FLAT, "counts": "7é3"}),
    "packed below 0": damaged(segmentation={**FLAT, "counts": "O"}),
    "a mask that is a text": damaged(segmentation="mask"),
    "an image that is not there": damaged(image_id=99),
    "an image that is a list": damaged(image_id=[1]),
    "a track that is a list": damaged(track_id=[1]),
    "a track that is true": damaged(track_id=True),
    "a class that is an object": damaged(category_id={}),
    "images of another size": images(width=9),
    "images of two videos": {
        **one_each(),
        "images": [{"id": 10 + t, "file_name": "", "video_id": t} for t in range(3)],
    },
    "a frame that is not there": images(frame_id=3),
    "more images than frames": {
        **one_each(),
        "images": [{"id": i, "file_name": f"{i}.png"} for i in range(4)],
    },
    "no list of masks": {"videos": [], "annotations": [{"id": 1, "segmentations": 1}]},
    "videos without end": {
        "annotations": [{"id": 1, "segmentations": [None] * 100_000}]
    },
    "more categories than there can be": {
        "categories": [{"id": i} for i in range(70_000)]
    },
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_fit_is_refused(tmp_path, name):
    content = UNFIT[name]
    with pytest.raises(FormatError, match=r"found\.json"):
        read(tmp_path, content)


def test_fewer_images_whose_frames_cannot_be_told(tmp_path):
    content = one_each()
    for image in content["images"]:
        image["file_name"] = "cells.png"
    with pytest.raises(FormatError, match="neither 'frame_id' nor a number"):
        read(tmp_path, content, n_frames=5)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "found.json").write_bytes(bytes(range(256)))
    with pytest.raises(FormatError):
        read_coco(tmp_path / "found.json", plane_shape=(6, 8), n_frames=3)


def test_too_many_objects_without_track_ids(tmp_path):
    content = one_each()
    one = {"image_id": 10, "segmentation": {"size": [6, 8], "counts": [0, 1, 47]}}
    content["annotations"] = [one] * 65_536
    with pytest.raises(FormatError, match="65535 objects"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "text",
    [
        '{"annotations": [' + "[],{}," * 1_000_000,
        '{"info": [' + "{}," * 200_000 + "{}]}",
        '{"info": {"a": [' + "[]," * 3_000_000,
        '{"annotations": [{"image_id": 1, "segmentation": [[' + "0," * 5_000_000,
    ],
    ids=["not objects", "unknown items", "one item", "one polygon"],
)
def test_a_hostile_file_takes_little_memory(tmp_path, text, monkeypatch):
    """Python makes 64 bytes of the 3 characters of an empty list."""
    monkeypatch.setattr(json_items, "CHUNK", 2**16)
    monkeypatch.setattr(json_items, "LARGEST_ITEM", 2**16)
    path = tmp_path / "found.json"
    path.write_text(text, encoding="ascii")
    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            read_coco(path, plane_shape=(6, 8), n_frames=3)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_whatever_is_changed_it_opens_or_is_refused(tmp_path_factory, data):
    """Values of anything, anywhere in a file that was well."""
    odd = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
        | st.sampled_from([-1, 0, 2**31, 2**63, 1e308, "O0", "~", "²"]),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["size", "counts", "id"]), inner, max_size=3),
        max_leaves=5,
    )  # fmt: skip
    content = copy.deepcopy(data.draw(st.sampled_from([WELL, WELL_VIDEO])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = content
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = data.draw(st.sampled_from(keys))
            inner = at[key]
            if isinstance(inner, list | dict) and inner and data.draw(st.booleans()):
                at = inner
                continue
            at[key] = data.draw(odd)
            break
    path = tmp_path_factory.mktemp("odd")
    try:
        found = read(path, content)
    except FormatError:
        return
    planes = stack(found)
    assert planes.shape == (3, 6, 8)
    assert {*found.classes, *found.names, *found.parents} <= set(range(1, 65536))


WELL = one_each(attributes={"track_id": 3}, bbox=[1, 1, 3, 3], area=9)
WELL["annotations"][1]["segmentation"] = {"size": [6, 8], "counts": [7, 3, 38]}
WELL["annotations"][2]["segmentation"] = {"size": [6, 8], "counts": "73V1"}
WELL_VIDEO = {
    "videos": [{"id": 1, "height": 6, "width": 8, "file_names": ["0", "1", "2"]}],
    "categories": [{"id": 3, "name": "fish"}],
    "annotations": [
        {
            "id": 4,
            "video_id": 1,
            "category_id": 3,
            "parent": 2,
            "segmentations": [{"size": [6, 8], "counts": [7, 3, 38]}, None, [SQUARE]],
        }
    ],
}


@pytest.mark.parametrize("content", [WELL, WELL_VIDEO])
def test_these_were_well(tmp_path, content):
    assert stack(read(tmp_path, content)).any()


def test_a_large_file_is_put_on_the_disk_and_cleaned_up(tmp_path, monkeypatch):
    from napari_sam2_ivos.io.imports import spooled_masks

    monkeypatch.setattr(spooled_masks, "IN_MEMORY", 100)
    annotated = division()
    coco.write(tmp_path / "cells.json", annotated)
    found = read_coco(tmp_path / "cells.json", plane_shape=(40, 60), n_frames=6)
    (tmp_path / "cells.json").unlink()  # it is not needed any more
    np.testing.assert_array_equal(stack(found, 6), annotated.labels)
    spool = found.plane_of._masks._file
    del found
    assert spool.closed


def test_frames_can_be_asked_for_in_any_order_and_changed(tmp_path):
    annotated = two_touch()
    coco.write(tmp_path / "cells.json", annotated)
    found = read_coco(tmp_path / "cells.json", plane_shape=(40, 60), n_frames=6)
    for frame in (5, 0, 3, 3):
        plane = found.plane_of(frame)
        np.testing.assert_array_equal(plane, annotated.labels[frame])
        plane[:] = 9
