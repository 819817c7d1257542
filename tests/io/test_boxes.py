"""Bounding boxes as files: hand-counted, in the order of MOTChallenge."""

from __future__ import annotations

import numpy as np
import pandas
import pytest

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.boxes import COLUMNS, bounding_boxes, write_boxes


@pytest.fixture
def labels():
    """Object 5 in two parts on frame 0; on frame 2 it is one pixel, beside 2."""
    labels = np.zeros((3, 30, 40), np.uint16)
    labels[0, 10:20, 5:8] = 5
    labels[0, 12:14, 30:31] = 5
    labels[2, 0, 0] = 5
    labels[2, 28:30, 37:40] = 2
    return labels


def test_a_box_holds_all_parts_of_an_object(labels):
    assert bounding_boxes(labels[0]) == {5: (10, 5, 20, 31)}
    assert bounding_boxes(labels[1]) == {}
    assert bounding_boxes(labels[2]) == {2: (28, 37, 30, 40), 5: (0, 0, 1, 1)}


def test_a_table_with_names_counts_from_one(tmp_path, labels):
    track = Track(5, 3)
    track.class_name = "nucleus"
    track.predicted_iou[0] = 0.75
    track.predicted_iou[2] = 1.2
    table = pandas.read_csv(write_boxes(tmp_path / "b.csv", labels, {5: track}))
    assert tuple(table.columns) == COLUMNS
    assert table.iloc[:, :6].to_numpy().tolist() == [
        [1, 5, 6, 11, 26, 10],
        [3, 2, 38, 29, 3, 2],
        [3, 5, 1, 1, 1, 1],
    ]
    assert table.confidence.tolist() == [0.75, 1, 1]
    assert table["class"].fillna("").tolist() == ["nucleus", "", "nucleus"]
    assert table.visibility.tolist() == [1, 1, 1]


def test_a_text_file_is_as_the_tools_for_motchallenge_read_it(tmp_path, labels):
    tracks = {i: Track(i, 3) for i in (2, 5)}
    tracks[5].class_name = "nucleus"
    path = write_boxes(tmp_path / "gt.txt", labels, tracks)
    assert path.read_text().splitlines() == [
        "1,5,6,11,26,10,1,2,1",
        "3,2,38,29,3,2,1,1,1",
        "3,5,1,1,1,1,1,2,1",
    ]


def test_classes_are_numbered_from_one(tmp_path, labels):
    tracks = {i: Track(i, 3) for i in (2, 5)}
    tracks[2].class_name, tracks[5].class_name = "mitosis", "dead"
    lines = write_boxes(tmp_path / "gt.txt", labels, tracks).read_text().splitlines()
    assert [line.split(",")[7] for line in lines] == ["1", "2", "1"]


def test_planes_are_read_one_by_one(tmp_path, labels):
    asked = []

    class Store:
        shape = labels.shape

        def __getitem__(self, frame):
            asked.append(frame)
            return labels[frame]

    write_boxes(tmp_path / "b.csv", Store())
    assert asked == [0, 1, 2]


def test_another_suffix_is_refused_before_anything_is_written(tmp_path, labels):
    with pytest.raises(FormatError, match=r"\.csv"):
        write_boxes(tmp_path / "b.json", labels)
    assert not list(tmp_path.iterdir())
