"""MOTS as its page describes it; masks decoded by pycocotools."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from napari_sam2_ivos.io.exports import mots
from tests.io.exports.movies import EVERY, annotate, blank, division, odd_shapes

pytestmark = pytest.mark.filterwarnings(
    # numpy's, about `decode` of pycocotools 2.0.11
    "ignore:__array__ implementation:DeprecationWarning"
)


def read_mots(path):
    """Return per frame a list of ``(id, class, mask)``."""
    frames = defaultdict(list)
    for line in path.read_text("ascii").splitlines():
        frame, object_id, class_id, height, width, rle = line.split(" ")
        size = [int(height), int(width)]
        mask = coco_mask.decode({"size": size, "counts": rle.encode()}) > 0
        frames[int(frame)].append((int(object_id), int(class_id), mask))
    return frames


@pytest.mark.parametrize("make", EVERY)
def test_every_mask_to_the_pixel_and_none_overlap(tmp_path, make):
    annotated = make()
    mots.write(tmp_path / "cells.txt", annotated)
    factor = 1000 if max(annotated.tracks, default=0) < 1000 else 100_000
    read = np.zeros_like(annotated.labels)
    for frame, found in read_mots(tmp_path / "cells.txt").items():
        for object_id, class_id, mask in found:
            assert object_id // factor == class_id == 1 or make is division
            assert not read[frame][mask].any()
            read[frame][mask] = object_id % factor
    np.testing.assert_array_equal(read, annotated.labels)


def test_ids_hold_the_class(tmp_path):
    remarks = mots.write(tmp_path / "cells.txt", division())
    found = {
        (i, c)
        for frame in read_mots(tmp_path / "cells.txt").values()
        for i, c, _ in frame
    }
    assert found == {(2001, 2), (1002, 1), (1003, 1)}
    assert remarks == [
        """Classes are numbers: 1 is 'Zelle "α"', 2 is 'mitotic, late'."""
    ]


def test_track_ids_above_999_are_kept_and_it_is_said(tmp_path):
    remarks = mots.write(tmp_path / "cells.txt", odd_shapes())
    ids = sorted(i for i, _, _ in read_mots(tmp_path / "cells.txt")[0])
    assert ids == [100_001, 100_002, 100_300, 165_535]
    assert len(remarks) == 1
    assert "times 100000" in remarks[0]


def test_no_class_is_the_one_that_is_ignored(tmp_path):
    """Class 10 and id 10000 stand for regions that readers leave out."""
    labels = blank(1)
    labels[0, 0, :12] = np.arange(1, 13)
    classes = {i: f"class {i:02d}" for i in range(1, 13)}
    mots.write(tmp_path / "cells.txt", annotate(labels, classes=classes))
    found = read_mots(tmp_path / "cells.txt")[0]
    assert [c for _, c, _ in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13]
    assert all(i // 1000 == c for i, c, _ in found)
