"""Label stacks as ImageJ and OME readers see them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from weakref import ref

import numpy as np
import pytest
import tifffile

from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.io.exports import label_npy, label_tiff
from napari_sam2_ivos.io.labels import write_labels
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    division,
    odd_shapes,
    one_frame,
)


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("name", ["labels.tif", "labels.ome.tif"])
def test_every_pixel(tmp_path, make, name):
    annotated = make()
    assert label_tiff.write(tmp_path / name, annotated) == []
    read = tifffile.imread(tmp_path / name, squeeze=False)
    np.testing.assert_array_equal(
        read.reshape(annotated.labels.shape), annotated.labels
    )


def test_as_imagej_opens_it(tmp_path):
    """A hyperstack with time, y and x of their own size, and 8 bits that are enough."""
    label_tiff.write(tmp_path / "labels.tif", division())
    with tifffile.TiffFile(tmp_path / "labels.tif") as tiff:
        assert tiff.is_imagej
        assert tiff.series[0].axes == "TYX"
        meta, page = tiff.imagej_metadata, tiff.pages[0]
        assert (meta["frames"], meta["unit"]) == (6, "um")
        assert meta["finterval"] == 30.0
        per_unit = [np.divide(*page.tags[name].value) for name in (282, 283)]
        np.testing.assert_allclose(per_unit, [4.0, 2.0], rtol=1e-6)  # x, y
        assert page.dtype == np.uint8
        assert page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        assert meta.get("slices", 1) == meta.get("channels", 1) == 1


def test_ids_above_255_take_16_bits(tmp_path):
    label_tiff.write(tmp_path / "labels.tif", odd_shapes())
    with tifffile.TiffFile(tmp_path / "labels.tif") as tiff:
        assert tiff.is_imagej
        assert tiff.pages[0].dtype == np.uint16


def test_labels_above_65535_take_32_bits(tmp_path):
    """Labels of another program, saved from its layer: ImageJ has no such pixels."""
    labels = np.zeros((3, 5, 6), np.int64)
    labels[1, 2, 3] = 70_000
    write_labels(tmp_path / "labels.tif", labels, scale=(0.5, 0.25), unit="um")
    with tifffile.TiffFile(tmp_path / "labels.tif") as tiff:
        assert tiff.is_ome
        assert tiff.pages[0].dtype == np.uint32
        np.testing.assert_array_equal(tiff.asarray(), labels)


def test_as_ome_readers_open_it(tmp_path):
    label_tiff.write(tmp_path / "labels.ome.tif", division())
    with tifffile.TiffFile(tmp_path / "labels.ome.tif") as tiff:
        assert tiff.is_ome
        root = ET.fromstring(tiff.ome_metadata)
    pixels = next(e for e in root.iter() if e.tag.endswith("Pixels"))
    known = {name: pixels.get(name) for name in ("SizeT", "SizeZ", "SizeC", "Type")}
    assert known == {"SizeT": "6", "SizeZ": "1", "SizeC": "1", "Type": "uint8"}
    assert float(pixels.get("PhysicalSizeY")) == 0.5
    assert float(pixels.get("PhysicalSizeX")) == 0.25
    assert pixels.get("PhysicalSizeXUnit") == "µm"
    assert (float(pixels.get("TimeIncrement")), pixels.get("TimeIncrementUnit")) == (
        30,
        "s",
    )


def test_one_frame_is_still_a_stack(tmp_path):
    label_tiff.write(tmp_path / "labels.ome.tif", one_frame())
    with tifffile.TiffFile(tmp_path / "labels.ome.tif") as tiff:
        pixels = ET.fromstring(tiff.ome_metadata)[0][0]
        assert (pixels.get("SizeT"), len(tiff.pages)) == ("1", 1)


@pytest.mark.parametrize(
    ("write", "name"), [(label_tiff.write, "l.tif"), (label_npy.write, "l.npy")]
)
def test_stopped_in_the_middle_the_earlier_file_is_whole(tmp_path, write, name):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    write(tmp_path / name, division())
    before = (tmp_path / name).read_bytes()
    with pytest.raises(Cancelled):
        write(tmp_path / name, annotate(blank(), on_frame=stop))
    assert (tmp_path / name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_long_movie_is_written_plane_by_plane(tmp_path):
    """At no time more than a few planes are in memory."""
    alive = []

    class Long:
        shape, dtype = (400, 300, 300), np.dtype(np.uint16)

        def __getitem__(self, frame):
            plane = np.full(self.shape[1:], frame + 1, np.uint16)
            alive.append(ref(plane))
            assert sum(one() is not None for one in alive) < 5
            return plane

    annotated = annotate(blank(1))
    object.__setattr__(annotated, "labels", Long())
    object.__setattr__(annotated, "tracks", dict.fromkeys(range(1, 401)))
    label_tiff.write(tmp_path / "long.tif", annotated)
    assert tifffile.imread(tmp_path / "long.tif", key=399).max() == 400
