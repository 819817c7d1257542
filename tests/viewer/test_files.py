"""What napari opens and saves through us."""

from __future__ import annotations

import numpy as np
import tifffile
from napari.layers import Labels

from napari_sam2_ivos.viewer.files import reader_of, write_labels_layer
from tests.core.bench import two_tracked
from tests.io.sessions.bench import begin


def test_a_session_is_read_and_nothing_else(tmp_path):
    begin(two_tracked(), tmp_path / "cells.ivos").close()
    (tmp_path / "empty.ivos").mkdir()
    assert reader_of(str(tmp_path / "cells.ivos")) is not None
    assert reader_of([str(tmp_path / "cells.ivos")]) is not None
    assert reader_of(str(tmp_path / "empty.ivos")) is None
    assert reader_of(str(tmp_path)) is None


def test_a_labels_layer_is_saved_with_its_calibration(tmp_path):
    data = np.zeros((3, 5, 6), np.uint16)
    data[1, 2, 3] = 7
    layer = Labels(data, scale=(30, 0.5, 0.25), units=("s", "um", "um"))
    path = str(tmp_path / "labels.tif")
    assert write_labels_layer(path, *layer.as_layer_data_tuple()[:2]) == [path]
    with tifffile.TiffFile(path) as tiff:
        np.testing.assert_array_equal(tiff.asarray(), data)
        assert tiff.imagej_metadata["finterval"] == 30
        assert tiff.imagej_metadata["unit"] == "micrometer"
