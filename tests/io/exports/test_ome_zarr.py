"""OME-Zarr as the reference reader opens it."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
from ome_zarr_models.v05.image import Image
from ome_zarr_models.v05.image_label import ImageLabel

from napari_sam2_ivos.core.errors import Cancelled, StoreError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.exports import ome_zarr, ome_zarr_image
from napari_sam2_ivos.io.sources import open_source
from tests.io.exports.movies import CALIBRATION, EVERY, annotate, blank, division


def nodes(path):
    return list(Reader(parse_url(path, mode="r"))())


@pytest.mark.parametrize("make", EVERY)
def test_the_reference_reader_sees_the_labels(tmp_path, make):
    annotated = make()
    assert ome_zarr.write(tmp_path / "cells.ome.zarr", annotated) == []
    (node, *_) = nodes(tmp_path / "cells.ome.zarr")
    np.testing.assert_array_equal(np.asarray(node.data[0]), annotated.labels)
    ImageLabel.from_zarr(zarr.open_group(tmp_path / "cells.ome.zarr", mode="r"))


def test_it_is_calibrated(tmp_path):
    ome_zarr.write(tmp_path / "cells.zarr", division())
    (node, *_) = nodes(tmp_path / "cells.zarr")
    axes = [(a["name"], a["type"], a["unit"]) for a in node.metadata["axes"]]
    assert axes == [
        ("t", "time", "second"),
        ("y", "space", "micrometer"),
        ("x", "space", "micrometer"),
    ]
    (steps,) = node.metadata["coordinateTransformations"]
    assert steps == [{"type": "scale", "scale": [30.0, 0.5, 0.25]}]
    source = open_source(tmp_path / "cells.zarr")
    assert source.calibration == CALIBRATION


def test_names_classes_and_parents_are_properties(tmp_path):
    ome_zarr.write(tmp_path / "cells.zarr", division())
    ome = zarr.open_group(tmp_path / "cells.zarr", mode="r").attrs["ome"]
    known = {one["label-value"]: one for one in ome["image-label"]["properties"]}
    assert known[3] == {
        "label-value": 3,
        "name": "Ωmega; 3",
        "class": 'Zelle "α"',
        "parent": 1,
    }
    assert known[1]["parent"] == 0


@pytest.mark.parametrize("colours", [(), (3,)])
def test_the_movie_and_its_labels_open_together(tmp_path, colours):
    labels = division().labels
    rng = np.random.default_rng(0)
    data = rng.integers(0, 4000, (*labels.shape, *colours)).astype(">u2")
    movie = Movie(data, rgb=bool(colours), name="cells")
    annotated = annotate(labels, movie=movie, **CALIBRATION)
    ome_zarr_image.write(tmp_path / "cells.zarr", annotated)
    image, *others = nodes(tmp_path / "cells.zarr")
    expected = np.moveaxis(data, -1, 1) if colours else data
    np.testing.assert_array_equal(np.asarray(image.data[0]), expected)
    tracks = next(n for n in others if n.zarr.basename() == "tracks")
    np.testing.assert_array_equal(np.squeeze(np.asarray(tracks.data[0])), labels)
    Image.from_zarr(zarr.open_group(tmp_path / "cells.zarr", mode="r"))


def test_an_export_is_replaced_and_nothing_else(tmp_path):
    path = tmp_path / "cells.zarr"
    ome_zarr.write(path, division())
    ome_zarr.write(path, annotate(blank()))
    assert not zarr.open_group(path, mode="r")["0"][:].any()
    (path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="left alone"):
        ome_zarr.write(path, division())
    assert (path / "notes.txt").read_text() == "mine"


def test_the_movie_is_copied_within_the_progress(tmp_path):
    """So that it is seen, and can be stopped, at every frame that is read."""
    steps = []

    class Watched:
        shape, dtype, ndim = (6, 40, 60), np.dtype(np.uint16), 3

        def __getitem__(self, index):
            steps.append("read")
            return np.zeros((40, 60), np.uint16)

    annotated = annotate(
        blank(), movie=Movie(Watched()), on_frame=lambda frame: steps.append(frame)
    )
    ome_zarr_image.write(tmp_path / "cells.zarr", annotated)
    start = steps.index(0)
    assert steps[start:] == [step for frame in range(6) for step in (frame, "read")]


@pytest.mark.parametrize("write", [ome_zarr.write, ome_zarr_image.write])
def test_stopped_in_the_middle_nothing_is_left(tmp_path, write):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    annotated = annotate(division().labels, on_frame=stop)
    with pytest.raises(Cancelled):
        write(tmp_path / "cells.zarr", annotated)
    assert list(tmp_path.iterdir()) == []
