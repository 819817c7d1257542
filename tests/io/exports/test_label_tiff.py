"""Label stacks as ImageJ and OME readers see them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from weakref import ref

import numpy as np
import pytest
import tifffile
import zarr

from napari_sam2_ivos.core.errors import Cancelled
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.exports import label_npy, label_tiff, ome_zarr, ome_zarr_image
from napari_sam2_ivos.io.labels import write_labels
from napari_sam2_ivos.io.sources import open_source
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


@pytest.mark.parametrize(
    ("unit", "in_ome", "in_imagej"),
    [
        ("um", "µm", "um"),
        ("µm", "µm", "um"),  # micro sign
        ("\u03bcm", "µm", "um"),  # Greek mu
        ("micrometer", "µm", "micrometer"),  # as napari has it
        ("micron", "µm", "micron"),
        ("nanometer", "nm", "nanometer"),
        ("mm", "mm", "mm"),
        ("Å", "Å", "angstrom"),
        ("angstrom", "Å", "angstrom"),
        ("inch", "in", "inch"),
    ],
)
def test_units_are_spelled_as_each_format_wants_them(tmp_path, unit, in_ome, in_imagej):
    """OME-XML has a list of symbols, and ImageJ's description is ASCII."""
    annotated = annotate(blank(), scale=(0.5, 0.25), unit=unit)
    for name in ("labels.ome.tif", "labels.tif"):
        assert label_tiff.write(tmp_path / name, annotated) == []
    with tifffile.TiffFile(tmp_path / "labels.ome.tif") as tiff:
        pixels = ET.fromstring(tiff.ome_metadata)[0][0]
    assert {pixels.get(f"PhysicalSize{axis}Unit") for axis in "XY"} == {in_ome}
    with tifffile.TiffFile(tmp_path / "labels.tif") as tiff:
        assert tiff.imagej_metadata["unit"] == in_imagej
    assert open_source(tmp_path / "labels.tif").scale == (0.5, 0.25)


def test_a_unit_that_ome_does_not_know_is_left_out_and_said(tmp_path):
    annotated = annotate(blank(), scale=(0.5, 0.25), unit="ell", interval_s=30.0)
    (remark,) = label_tiff.write(tmp_path / "labels.ome.tif", annotated)
    assert "'ell'" in remark
    with tifffile.TiffFile(tmp_path / "labels.ome.tif") as tiff:
        pixels = ET.fromstring(tiff.ome_metadata)[0][0]
    assert pixels.get("PhysicalSizeX") is None
    assert float(pixels.get("TimeIncrement")) == 30
    assert label_tiff.write(tmp_path / "labels.tif", annotated) == []
    with tifffile.TiffFile(tmp_path / "labels.tif") as tiff:
        assert tiff.imagej_metadata["unit"] == "ell"


def test_any_unit_of_imagej_is_kept_as_imagej_keeps_it(tmp_path):
    """Java properties: other than ASCII is escaped."""
    annotated = annotate(blank(), scale=(0.5, 0.25), unit="мкм")
    label_tiff.write(tmp_path / "labels.tif", annotated)
    with tifffile.TiffFile(tmp_path / "labels.tif") as tiff:
        assert tiff.imagej_metadata["unit"] == r"\u043C\u043A\u043C"


@pytest.mark.parametrize("name", ["labels.tif", "labels.ome.tif"])
@pytest.mark.parametrize("shape", [(3, 1, 1), (4, 5, 1), (4, 1, 5), (1, 1, 1)])
def test_frames_of_one_row_or_column(tmp_path, name, shape):
    labels = np.arange(1, 1 + np.prod(shape)).reshape(shape)
    label_tiff.write(tmp_path / name, annotate(labels))
    with tifffile.TiffFile(tmp_path / name) as tiff:
        series = tiff.series[0]
        sizes = dict(zip(series.get_axes(False), series.get_shape(False), strict=True))
        read = series.asarray(squeeze=False)
    assert (sizes["T"], sizes["Y"], sizes["X"]) == shape
    np.testing.assert_array_equal(read.reshape(shape), labels)


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


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (label_tiff.write, "long.tif"),
        (label_npy.write, "long.npy"),
        (ome_zarr.write, "long.zarr"),
        (ome_zarr_image.write, "long.zarr"),
    ],
)
def test_a_long_movie_is_written_plane_by_plane(tmp_path, write, name):
    """At no time more than a few planes are in memory, of labels and movie together."""
    alive = []

    class Long:
        shape, dtype, ndim = (400, 300, 300), np.dtype(np.uint16), 3

        def __getitem__(self, index):
            frame = index[0] if isinstance(index, tuple) else index
            plane = np.full(self.shape[1:], frame + 1, np.uint16)
            alive.append(ref(plane))
            assert sum(one() is not None for one in alive) < 5
            return plane

    annotated = annotate(blank(1), movie=Movie(Long()))
    object.__setattr__(annotated, "labels", Long())
    tracks = {track_id: Track(track_id, 400) for track_id in range(1, 401)}
    object.__setattr__(annotated, "tracks", tracks)
    write(tmp_path / name, annotated)
    assert len(alive) >= 400
    if name.endswith(".tif"):
        last = tifffile.imread(tmp_path / name, key=399)
    elif name.endswith(".npy"):
        last = np.load(tmp_path / name, mmap_mode="r")[399]
    else:
        last = zarr.open_group(tmp_path / name, mode="r")["0"][399]
    assert last.min() == last.max() == 400


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 7, 1), (3, 1, 7), (1, 2, 2)])
def test_tiny_frames(tmp_path, shape):
    labels = np.ones(shape, np.uint16)
    label_tiff.write(tmp_path / "tiny.tif", annotate(labels))
    read = tifffile.imread(tmp_path / "tiny.tif", squeeze=False)
    np.testing.assert_array_equal(read.reshape(shape), labels)
