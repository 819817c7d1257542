"""YOLO segmentation and boxes as Ultralytics and others read them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from napari_sam2_ivos.core.edits.existing import masks_in
from napari_sam2_ivos.core.errors import Cancelled, StoreError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.exports import yolo, yolo_boxes
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    comes_late,
    division,
    odd_shapes,
    two_touch,
)
from tests.io.exports.test_polygons import as_coco, as_labelme

pytestmark = pytest.mark.filterwarnings(
    # numpy's, about `decode` of pycocotools 2.0.11
    "ignore:__array__ implementation:DeprecationWarning"
)


def lines(folder, frame, name="cells"):
    """Return class and float32 numbers of every line, as Ultralytics reads them."""
    text = (folder / "labels" / f"{name}_{frame:06d}.txt").read_text("utf-8")
    rows = [line.split() for line in text.strip().splitlines()]
    return [(int(row[0]), np.array(row[1:], np.float32)) for row in rows]


def as_ultralytics(points, shape):
    """Cut coordinates down to whole numbers and fill with the outline, as OpenCV."""
    return as_labelme(points.astype(np.int32).tolist(), shape)


@pytest.mark.parametrize("fill", [as_coco, as_ultralytics])
@pytest.mark.parametrize("make", EVERY)
def test_every_mask(tmp_path, make, fill):
    annotated = make()
    yolo.write(tmp_path / "out", annotated)
    height, width = annotated.plane_shape
    for frame, plane in enumerate(annotated.labels):
        read = lines(tmp_path / "out", frame)
        masks = masks_in(plane)
        assert len(read) == len(masks)
        for (_, numbers), track_id in zip(read, masks, strict=True):
            assert len(numbers) > 6  # or it would be taken for a box
            assert numbers.min() >= 0
            assert numbers.max() <= 1
            points = numbers.reshape(-1, 2) * np.array([width, height], np.float32)
            found, mask = fill(points, (height, width)), plane == track_id
            if track_id == 300 and fill is as_ultralytics:  # in two parts
                assert found[mask].all()
                assert 0 < (found & ~mask).sum() < 20
            else:
                np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize("make", EVERY)
def test_every_box(tmp_path, make):
    annotated = make()
    assert yolo_boxes.write(tmp_path / "out", annotated) == []
    height, width = annotated.plane_shape
    for frame, plane in enumerate(annotated.labels):
        read = lines(tmp_path / "out", frame)
        for (_, box), track_id in zip(read, masks_in(plane), strict=True):
            x, y, w, h = box * np.array([width, height, width, height])
            rows, columns = np.nonzero(plane == track_id)
            np.testing.assert_allclose(
                [x - w / 2, x + w / 2, y - h / 2, y + h / 2],
                [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1],
                atol=1e-4,
            )


def test_frames_without_objects_are_background(tmp_path):
    yolo.write(tmp_path / "out", comes_late())
    assert [len(lines(tmp_path / "out", t)) for t in range(6)] == [0, 0, 1, 1, 0, 0]


def test_classes_and_places_in_data_yaml(tmp_path):
    annotated = division()
    annotated.tracks[1].class_name = 'a: "b" \\ # c\t\x85é😀'
    annotated.tracks[3].class_name = ""
    yolo.write(tmp_path / "out", annotated)
    content = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text("utf-8"))
    assert content["names"] == dict(enumerate(annotated.classes))
    assert "path" not in content  # Ultralytics then starts from this file
    assert (tmp_path / "out" / content["train"]).is_dir()
    assert (tmp_path / "out" / content["val"]).is_dir()
    for frame, plane in enumerate(annotated.labels):
        said = [
            content["names"][number] for number, _ in lines(tmp_path / "out", frame)
        ]
        assert said == [annotated.class_of(i) for i in masks_in(plane)]
    listed = (tmp_path / "out" / "classes.txt").read_text("utf-8")
    assert len(listed.splitlines()) == 3


@pytest.mark.parametrize("write", [yolo.write, yolo_boxes.write])
def test_pictures_beside_the_labels(tmp_path, write):
    write(tmp_path / "out", two_touch())
    pictures = sorted((tmp_path / "out" / "images").iterdir())
    labels = sorted((tmp_path / "out" / "labels").iterdir())
    assert [p.stem for p in pictures] == [p.stem for p in labels]
    assert len(pictures) == 6
    with Image.open(pictures[0]) as picture:
        assert picture.mode == "L"
        assert picture.size == (60, 40)


def test_one_contrast_for_all_frames(tmp_path):
    """A frame that is dim in the movie is dim in its picture, 16 bits or not."""
    values = np.zeros((3, 40, 60), np.uint16)
    values[0], values[1], values[2] = 1000, 2000, 3000
    values[:, 0, 0] = 2000
    movie = Movie(values, name="cells")
    yolo.write(tmp_path / "out", annotate(blank(3), movie=movie))
    read = []
    for frame in range(3):
        with Image.open(tmp_path / "out" / f"images/cells_{frame:06d}.png") as picture:
            read.append(np.asarray(picture))
    assert [int(plane[9, 9]) for plane in read] == [0, 128, 255]
    assert [int(plane[0, 0]) for plane in read] == [128, 128, 128]


def test_colours_stay(tmp_path):
    values = np.zeros((2, 12, 16, 3), np.uint8)
    values[..., 0], values[1, ..., 2] = 200, 7
    movie = Movie(values, name="cells", rgb=True)
    yolo.write(tmp_path / "out", annotate(blank(2, 12, 16), movie=movie))
    with Image.open(tmp_path / "out" / "images/cells_000001.png") as picture:
        assert np.asarray(picture)[3, 3].tolist() == [200, 0, 7]


def test_what_the_user_is_told(tmp_path):
    told = yolo.write(tmp_path / "a", odd_shapes())
    assert told == [
        "6 masks are in parts: a thin line joins them, as YOLO has one outline per"
        " object."
    ]
    assert yolo.write(tmp_path / "b", two_touch()) == []
    (told,) = yolo_boxes.write(tmp_path / "c", annotate(blank(1, 8, 20)))
    assert "8 x 20" in told


@pytest.mark.parametrize("write", [yolo.write, yolo_boxes.write])
def test_a_cancelled_export_leaves_what_was_there(tmp_path, write):
    def stop(frame):
        if frame == 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        write(tmp_path / "out", replace(two_touch(), on_frame=stop))
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "out", comes_late())
    before = sorted((tmp_path / "out").rglob("*"))
    with pytest.raises(Cancelled):
        write(tmp_path / "out", replace(two_touch(), on_frame=stop))
    assert sorted((tmp_path / "out").rglob("*")) == before


def test_a_folder_of_somebody_is_left_alone(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "mine.txt").write_text("0 0.5 0.5 1 1")
    with pytest.raises(StoreError, match="left alone"):
        yolo.write(tmp_path, two_touch())
    assert (tmp_path / "labels" / "mine.txt").exists()
