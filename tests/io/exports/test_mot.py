"""MOTChallenge folders, read as its instructions and TrackEval say."""

from __future__ import annotations

import configparser

import numpy as np
import pytest

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.io.boxes import write_boxes
from napari_sam2_ivos.io.exports import mot
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    division,
    leaves_and_returns,
    nothing,
    odd_shapes,
    two_touch,
)


def read_truth(folder):
    """Return the lines of a ground truth by frame and object, counted from 0.

    Boxes are ``(y0, x0, y1, x1)`` with the ends not included; lines whose flag is
    nothing as a whole number are not looked at, which is what TrackEval does.
    """
    lines = {}
    for line in (folder / "gt" / "gt.txt").read_text().splitlines():
        numbers = [float(text) for text in line.split(",")]
        assert len(numbers) == 9
        frame, track_id, x, y, w, h, flag, class_id, visibility = numbers
        assert 0 <= visibility <= 1
        if int(flag) == 0:
            continue
        key = int(frame) - 1, int(track_id)
        assert key not in lines
        lines[key] = (y - 1, x - 1, y - 1 + h, x - 1 + w), int(class_id)
    return lines


def read_sequence(folder):
    """Return what is known of the movie, as TrackEval and trackers read it."""
    parser = configparser.ConfigParser()
    parser.read(folder / "seqinfo.ini", encoding="utf-8")
    found = dict(parser["Sequence"])
    text = (folder / "seqinfo.ini").read_text(encoding="utf-8")
    rate = text[text.find("frameRate") + 10 : text.find("\nseqLength")]
    assert rate == found["framerate"]
    return found


@pytest.mark.parametrize("make", EVERY)
def test_every_object_has_its_box_on_every_frame(tmp_path, make):
    annotated = make()
    mot.write(tmp_path / "cells", annotated)
    expected = {}
    for frame, plane in enumerate(annotated.labels):
        for track_id in np.unique(plane[plane > 0]).tolist():
            y, x = np.nonzero(plane == track_id)
            expected[frame, track_id] = y.min(), x.min(), y.max() + 1, x.max() + 1
    assert {
        k: box for k, (box, _) in read_truth(tmp_path / "cells").items()
    } == expected


def test_counted_by_hand(tmp_path):
    """Frames and pixels begin with 1, and the flag is 1 whatever the score."""
    mot.write(tmp_path / "cells", leaves_and_returns())
    lines = (tmp_path / "cells" / "gt" / "gt.txt").read_text().splitlines()
    assert lines[:2] == ["1,4,3,6,8,7,1,1,1", "1,7,41,31,10,6,1,1,1"]
    of_4 = [line.split(",")[0] for line in lines if line.split(",")[1] == "4"]
    assert of_4 == ["1", "2", "4", "6"]


def test_the_table_of_boxes_marks_its_lines_so_too(tmp_path):
    annotated = two_touch()
    write_boxes(tmp_path / "gt.txt", annotated.labels, annotated.tracks)
    lines = (tmp_path / "gt.txt").read_text().splitlines()
    assert len(lines) == 12
    assert {line.split(",")[6] for line in lines} == {"1"}


def test_the_movie_is_described(tmp_path):
    mot.write(tmp_path / "10% serum", division())
    assert read_sequence(tmp_path / "10% serum") == {
        "name": "10% serum",
        "imdir": "img1",
        "framerate": "0.0333333",
        "seqlength": "6",
        "imwidth": "60",
        "imheight": "40",
        "imext": ".png",
    }


@pytest.mark.parametrize(("interval_s", "rate"), [(0.04, "25"), (None, "1")])
def test_frame_rates(tmp_path, interval_s, rate):
    annotated = annotate(blank(), interval_s=interval_s)
    remarks = mot.write(tmp_path / "cells", annotated)
    assert read_sequence(tmp_path / "cells")["framerate"] == rate
    assert any("not known" in remark for remark in remarks) == (interval_s is None)


def test_classes_by_number_and_name(tmp_path):
    remarks = mot.write(tmp_path / "cells", division())
    assert len(remarks) == 1
    assert "class 1 only" in remarks[0]
    assert "α" in remarks[0]
    labels = (tmp_path / "cells" / "gt" / "labels.txt").read_text("utf-8").splitlines()
    found = {
        i: labels[c - 1] for (_, i), (_, c) in read_truth(tmp_path / "cells").items()
    }
    assert found == {1: "mitotic, late", 2: 'Zelle "α"', 3: 'Zelle "α"'}


def test_without_objects_there_is_an_empty_truth(tmp_path):
    mot.write(tmp_path / "cells", nothing())
    assert read_truth(tmp_path / "cells") == {}
    assert read_sequence(tmp_path / "cells")["seqlength"] == "6"


def test_somebody_elses_folder_is_left_alone(tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="left alone"):
        mot.write(tmp_path / "cells", odd_shapes())
    assert [p.name for p in (tmp_path / "cells").iterdir()] == ["thesis.txt"]
