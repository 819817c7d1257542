"""Folders of LabelMe and X-AnyLabeling: ours, others', and damaged ones."""

from __future__ import annotations

import base64
import json
import struct
import tracemalloc
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.exports import anylabeling
from napari_sam2_ivos.io.imports.anylabeling import read_anylabeling
from tests.io.exports.movies import EVERY, annotate

SHAPE = (20, 30)
SQUARE = [[2, 3], [6, 3], [6, 8], [2, 8]]
"""Covers rows 3 to 8 and columns 2 to 6."""


def shape(**changes):
    return {
        "label": "cell",
        "points": SQUARE,
        "group_id": 5,
        "shape_type": "polygon",
        **changes,
    }


def frame_file(folder, name, *shapes, **changes):
    content = {
        "version": "2.4.4",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": f"{name}.jpg",
        "imageData": None,
        "imageHeight": SHAPE[0],
        "imageWidth": SHAPE[1],
        **changes,
    }
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")


def read(folder, n_frames=1, plane_shape=SHAPE):
    return read_anylabeling(folder, plane_shape=plane_shape, n_frames=n_frames)


def pixels(folder, **changes):
    """Return where a plane with one shape is labelled."""
    frame_file(folder, "a", shape(**changes))
    return read(folder).plane_of(0) == 5


def block(rows, columns):
    plane = np.zeros(SHAPE, bool)
    plane[rows, columns] = True
    return plane


def png(content):
    """Return a picture as it is stored in a shape of type mask."""
    file = BytesIO()
    Image.fromarray(content).save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode()


def bomb(width, height):
    """Return a PNG that says that it is of this size."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk).decode()


@pytest.mark.parametrize("make", EVERY)
def test_what_was_written_comes_back(tmp_path, make):
    annotated = make()
    anylabeling.write(tmp_path / "out", annotated)
    found = read(tmp_path / "out", annotated.n_frames, annotated.plane_shape)
    planes = np.stack([found.plane_of(t) for t in range(annotated.n_frames)])
    np.testing.assert_array_equal(planes, annotated.labels)
    tracks = annotated.tracks.values()
    assert found.frames == list(range(annotated.n_frames))
    assert found.classes == {t.track_id: t.class_name for t in tracks if t.class_name}
    assert found.names == {t.track_id: t.name for t in tracks if t.name}
    assert found.parents == {t.track_id: t.parent for t in tracks if t.parent}
    assert found.remarks == []


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.uint16, (2, 12, 9), elements=st.sampled_from([0, 1, 2, 7, 65535])),
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=4, max_size=4),
    st.lists(st.sampled_from([None, 1, 2, 7]), min_size=4, max_size=4),
)
def test_any_labels_come_back(tmp_path_factory, labels, texts, parents):
    folder = tmp_path_factory.mktemp("any") / "out"
    annotated = annotate(labels)
    for track, text, parent in zip(
        annotated.tracks.values(), texts, parents, strict=False
    ):
        track.name = track.class_name = text
        track.parent = parent if parent in annotated.tracks else None
    anylabeling.write(folder, annotated)
    found = read(folder, 2, (12, 9))
    planes = np.stack([found.plane_of(t) for t in range(2)])
    np.testing.assert_array_equal(planes, labels)
    tracks = annotated.tracks.values()
    assert found.names == {t.track_id: t.name for t in tracks if t.name}
    assert found.parents == {t.track_id: t.parent for t in tracks if t.parent}
    assert found.classes == {
        t.track_id: t.class_name for t in tracks if t.class_name not in ("", "object")
    }


def test_an_outline_is_filled_as_in_labelme(tmp_path):
    np.testing.assert_array_equal(
        pixels(tmp_path / "f"), block(slice(3, 9), slice(2, 7))
    )


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("rectangle", [[2, 3], [6, 8]]),
        ("rectangle", [[6.4, 8.9], [2.5, 3.1]]),
        ("rectangle", SQUARE),
        ("rotation", SQUARE),
        ("oriented_rectangle", SQUARE),
        (None, SQUARE),
    ],
)
def test_rectangles(tmp_path, kind, points):
    found = pixels(tmp_path / "f", shape_type=kind, points=points)
    np.testing.assert_array_equal(found, block(slice(3, 9), slice(2, 7)))


def test_a_rotated_rectangle(tmp_path):
    points = [[10, 2], [18, 8], [12, 16], [4, 10]]
    found = pixels(tmp_path / "f", shape_type="rotation", points=points)
    picture = Image.new("L", SHAPE[::-1])
    ImageDraw.Draw(picture).polygon([tuple(p) for p in points], outline=1, fill=1)
    np.testing.assert_array_equal(found, np.asarray(picture) > 0)


def test_a_circle(tmp_path):
    found = pixels(tmp_path / "f", shape_type="circle", points=[[12, 9], [15, 13]])
    picture = Image.new("L", SHAPE[::-1])
    ImageDraw.Draw(picture).ellipse([7, 4, 17, 14], outline=1, fill=1)
    theirs = np.asarray(picture) > 0
    assert (found & theirs).sum() / (found | theirs).sum() > 0.8
    assert found.sum() == pytest.approx(np.pi * 25, rel=0.05)
    rows, columns = np.nonzero(found)
    assert rows.mean() + 0.5 == 9  # whole numbers are corners of pixels
    assert columns.mean() + 0.5 == 12


def test_a_circle_at_the_edge(tmp_path):
    found = pixels(tmp_path / "f", shape_type="circle", points=[[30, 20], [27, 20]])
    assert found.sum() == 8
    assert found[-1, -3:].all()


@pytest.mark.parametrize(
    ("corner", "rows", "columns"),
    [
        ([4, 6], slice(6, 9), slice(4, 8)),
        ([-2, -1], slice(0, 2), slice(0, 2)),
        ([28, 18], slice(18, 20), slice(28, 30)),
        ([40, 25], slice(0, 0), slice(0, 0)),
    ],
)
def test_a_mask_of_labelme(tmp_path, corner, rows, columns):
    stored = png(np.full((3, 4), 255, np.uint8))
    points = [corner, [corner[0] + 3, corner[1] + 2]]
    found = pixels(tmp_path / "f", shape_type="mask", points=points, mask=stored)
    np.testing.assert_array_equal(found, block(rows, columns))


def test_groups_that_cannot_be_track_ids(tmp_path):
    """0 is the background; null stands for an object of its own."""
    for t in range(2):
        frame_file(
            tmp_path,
            f"f{t}",
            shape(group_id=0, label="zero"),
            shape(group_id=None, points=[[10, 10], [12, 10], [12, 12]], label="α"),
            shape(group_id=None, points=[[20, 10], [22, 10], [22, 12]], label="object"),
            shape(group_id=7.0, points=[[25, 1], [28, 1], [28, 3]]),
            shape(group_id=70000, points=[[25, 15], [28, 15], [28, 17]]),
        )
    found = read(tmp_path, 2)
    first, second = found.plane_of(0), found.plane_of(1)
    assert np.unique(first).tolist() == [0, 7, 8, 9, 10, 11]
    assert np.unique(second).tolist() == [0, 7, 8, 9, 12, 13]
    assert first[5, 5] == second[5, 5] == 8
    assert found.classes == {7: "cell", 8: "zero", 9: "cell", 10: "α", 12: "α"}
    assert found.remarks == [
        "4 shapes have no group ID: each became an object of its own.",
        "Some group IDs cannot be track IDs: 0 became 8, 70000 became 9.",
    ]


def test_free_ids_below_the_largest_are_used(tmp_path):
    frame_file(tmp_path, "a", shape(group_id=65535), shape(group_id=0))
    assert read(tmp_path).plane_of(0)[5, 5] == 1


def test_later_shapes_are_on_top_and_the_first_class_counts(tmp_path):
    frame_file(
        tmp_path,
        "a",
        shape(group_id=1),
        shape(group_id=2, points=[[4, 3], [9, 3], [9, 8], [4, 8]], label="b"),
        shape(group_id=1, points=[[20, 3], [24, 3], [24, 8]], label="c"),
        shape(shape_type="point", points=[[1, 1]]),
        shape(shape_type="linestrip", points=[[1, 1], [9, 9], [1, 9]]),
        shape(points=[]),
        shape(points=[[-20, -9], [-20, -5], [-15, -5]], group_id=4),
    )
    found = read(tmp_path)
    plane = found.plane_of(0)
    assert plane[5, 2:10].tolist() == [1, 1, 2, 2, 2, 2, 2, 2]
    assert plane[4, 22] == 1
    assert found.classes == {1: "cell", 2: "b"}
    assert sorted(found.remarks) == [
        "1 shapes give their object another class: the first counts.",
        "4 shapes are points or lines, or cover no pixel: left out.",
    ]


def test_as_many_files_as_frames_go_in_natural_order(tmp_path):
    for n, name in enumerate(("t8", "t9", "t10")):
        frame_file(tmp_path, name, shape(group_id=n + 1))
    (tmp_path / ".sam2-ivos.json").write_text("{}")
    found = read(tmp_path, 3)
    assert [found.plane_of(t)[5, 5] for t in range(3)] == [1, 2, 3]


def test_fewer_files_are_found_by_their_pictures(tmp_path):
    """X-AnyLabeling writes no file for a frame without shapes."""
    for n in range(101, 106):
        Image.new("L", (3, 2)).save(tmp_path / f"m_{n}.jpg")
    frame_file(tmp_path, "m_102", shape(group_id=1))
    frame_file(tmp_path, "m_105", shape(group_id=2))
    found = read(tmp_path, 5)
    assert found.frames == [1, 4]
    assert found.plane_of(1)[5, 5] == 1
    assert found.plane_of(4)[5, 5] == 2
    assert not found.plane_of(0).any()
    assert found.remarks == ["3 frames have no file: nothing is known of them."]


@pytest.mark.parametrize(
    ("numbers", "frames", "first"),
    [((2, 4), [2, 4], 0), ((0, 1), [0, 1], 0), ((2, 6), [1, 5], 1)],
)
def test_or_by_their_numbers(tmp_path, numbers, frames, first):
    for number in numbers:
        frame_file(tmp_path, f"a3_frame{number:04d}", shape())
    found = read(tmp_path, 6)
    assert found.frames == frames
    assert found.plane_of(frames[0]).any()
    assert found.remarks[1].endswith(f"from {first} on.")


@pytest.mark.parametrize(
    "names", [("a", "b"), ("x1", "y1"), ("x1", "x9"), ("1", "2", "3", "4")]
)
def test_frames_that_nothing_tells(tmp_path, names):
    for name in names:
        frame_file(tmp_path, name, shape())
    with pytest.raises(FormatError, match="the movie has 3"):
        read(tmp_path, 3)


def test_a_folder_without_any(tmp_path):
    with pytest.raises(FormatError, match=r"holds no \.json"):
        read(tmp_path)


def test_a_picture_of_another_size(tmp_path):
    frame_file(tmp_path, "odd", shape(), imageHeight=30, imageWidth=20)
    with pytest.raises(FormatError, match=r"'odd\.json'.*30 x 20 pixels.*20 x 30"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": [[1, 1], [2, 2], [3, float("nan")]]}, "NaN"),
        ({"points": [[1, 1], [2, 2], [3, 1e300]]}, "far outside"),
        ({"points": [[1, 1], [2, 2], [3, 10**400]]}, "pairs of numbers"),
        ({"points": [[1, 1], [2, 2], [3]]}, "pairs of numbers"),
        ({"points": [[1, 1, 1], [2, 2, 2]]}, "pairs of numbers"),
        ({"points": [["1", "1"], ["2", "2"]]}, "pairs of numbers"),
        ({"points": [[0, 0], [29, 19]] * 100_000}, "pixels long"),
        ({"shape_type": "circle"}, "two points"),
        ({"group_id": [1]}, "neither a number"),
        ({"group_id": True}, "neither a number"),
        ({"shape_type": "mask"}, "no mask"),
        ({"shape_type": "mask", "mask": "?"}, "cannot be taken over"),
        ({"shape_type": "mask", "mask": "é"}, "cannot be taken over"),
        ({"shape_type": "mask", "mask": "AAAA"}, "no PNG"),
        ({"shape_type": "mask", "mask": bomb(60_000, 60_000)}, "60000 x 60000"),
        ({"shape_type": "mask", "mask": bomb(30, 20)}, "damaged"),
        ({"shape_type": "mask", "mask": bomb(0, 0)}, "damaged"),
        (
            {"shape_type": "mask", "mask": png(np.zeros((2, 2, 3), np.uint8))},
            "in colour",
        ),
    ],
)
def test_shapes_that_are_no_shapes(tmp_path, changes, message):
    frame_file(tmp_path, "bad", shape(**changes))
    tracemalloc.start()
    with pytest.raises(FormatError, match=message) as caught:
        read(tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "'bad.json'" in str(caught.value)
    assert most < 1e8


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"shapes": [3]}',
        '{"shapes": ' + "[" * 100_000,
        '{"shapes": [{"points": ' + "[" * 100_000,
        '{"images": [], "annotations": [], "categories": []}',
        "\x00\x01\x02",
    ],
)
def test_files_that_are_none(tmp_path, text):
    (tmp_path / "bad.json").write_text(text, "utf-8")
    with pytest.raises(FormatError, match=r"'bad\.json' cannot be taken over"):
        read(tmp_path)


def test_files_that_are_cut_short_or_not_utf8(tmp_path):
    frame_file(tmp_path, "bad", shape(label="é"))
    whole = (tmp_path / "bad.json").read_bytes()
    for stop in range(0, len(whole), 7):
        (tmp_path / "bad.json").write_bytes(whole[:stop])
        with pytest.raises(FormatError, match=r"'bad\.json'"):
            read(tmp_path)
    (tmp_path / "bad.json").write_bytes(whole.replace(b"points", b"\xff\xfeints"))
    with pytest.raises(FormatError, match=r"'bad\.json'"):
        read(tmp_path)


def test_a_file_that_changes_meanwhile(tmp_path):
    frame_file(tmp_path, "a", shape())
    found = read(tmp_path)
    frame_file(tmp_path, "a", shape(group_id=6))
    with pytest.raises(FormatError, match="changed meanwhile"):
        found.plane_of(0)
    frame_file(tmp_path, "a", shape(group_id=None))
    with pytest.raises(FormatError, match="changed meanwhile"):
        found.plane_of(0)


def test_too_many_objects(tmp_path):
    dot = [[1, 1], [1, 1], [1, 1]]
    frame_file(tmp_path, "a", *[shape(group_id=None, points=dot)] * 65_536)
    with pytest.raises(FormatError, match="more than 65535 objects"):
        read(tmp_path)
