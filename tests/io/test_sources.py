"""Movies of every format open lazily with the right axes, or fail with one word."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from napari_sam2_ivos.core.errors import FormatError, MovieError
from napari_sam2_ivos.io.sources import guess_axes, natural_key, open_source
from tests.io.opened import as_movie, check, stack

# ---- zarr and numpy ------------------------------------------------------


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_plain_zarr(tmp_path, zarr_format):
    data = stack((5, 7, 9))
    zarr.create_array(tmp_path / "m.zarr", data=data, zarr_format=zarr_format)
    check(open_source(tmp_path / "m.zarr"), data)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr(tmp_path, version):
    data = stack((5, 2, 8, 10))
    group = zarr.open_group(
        tmp_path / "m.zarr", mode="w", zarr_format=2 if version == "0.4" else 3
    )
    group.create_array("0", data=data)
    group.create_array("1", data=data[..., ::2, ::2])
    axes = [
        {"name": "t", "type": "time", "unit": "minute"},
        {"name": "c", "type": "channel"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    levels = [
        {
            "path": str(i),
            "coordinateTransformations": [
                {"type": "scale", "scale": [1.0, 1.0, 0.25 * 2**i, 0.5 * 2**i]}
            ],
        }
        for i in range(2)
    ]
    whole = [{"type": "scale", "scale": [3.0, 1.0, 1.0, 1.0]}]
    image = {"axes": axes, "datasets": levels, "coordinateTransformations": whole}
    if version == "0.4":
        group.attrs["multiscales"] = [{**image, "version": "0.4"}]
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    source = open_source(tmp_path / "m.zarr")
    assert source.axes == "TCYX"
    assert source.scale == (0.25, 0.5)
    assert source.unit == "um"
    assert source.interval_s == 180.0
    check(source, data[:, 0])


def test_a_zarr_group_of_one_array_is_that_array(tmp_path):
    data = stack((5, 7, 9))
    zarr.open_group(tmp_path / "m.zarr", mode="w").create_array("a", data=data)
    check(open_source(tmp_path / "m.zarr"), data)


def test_a_zarr_group_of_several_arrays_says_which(tmp_path):
    group = zarr.open_group(tmp_path / "m.zarr", mode="w")
    for name in "ab":
        group.create_array(name, data=stack((5, 7, 9)))
    with pytest.raises(FormatError, match=r"a, b.*m\.zarr/a"):
        open_source(tmp_path / "m.zarr")
    check(open_source(tmp_path / "m.zarr" / "a"), stack((5, 7, 9)))


def test_a_damaged_chunk_names_the_file(tmp_path):
    zarr.create_array(tmp_path / "m.zarr", data=stack((5, 7, 9)), chunks=(1, 7, 9))
    chunk = tmp_path / "m.zarr" / "c" / "3" / "0" / "0"
    chunk.write_bytes(b"not zstd at all")
    movie = as_movie(open_source(tmp_path / "m.zarr"))
    movie.plane(2)
    with pytest.raises(MovieError, match=r"m\.zarr"):
        movie.plane(3)


def test_an_empty_zarr_folder(tmp_path):
    (tmp_path / "m.zarr").mkdir()
    with pytest.raises(FormatError, match=r"m\.zarr"):
        open_source(tmp_path / "m.zarr")


def test_npy_is_not_loaded(tmp_path):
    np.save(tmp_path / "m.npy", stack((5, 7, 9)))
    source = open_source(tmp_path / "m.npy")
    assert isinstance(source.data, np.memmap)
    check(source, stack((5, 7, 9)))


def test_npy_of_objects(tmp_path):
    np.save(tmp_path / "m.npy", np.array([[["a", None]]], dtype=object))
    with pytest.raises(FormatError, match=r"m\.npy"):
        open_source(tmp_path / "m.npy")


def test_npy_cut_short(tmp_path):
    np.save(tmp_path / "m.npy", stack((5, 7, 9)))
    raw = (tmp_path / "m.npy").read_bytes()
    (tmp_path / "m.npy").write_bytes(raw[:200])
    with pytest.raises(FormatError, match="cut short"):
        open_source(tmp_path / "m.npy")


# ---- folders -------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["tif", "png"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_folder_in_natural_order(tmp_path, suffix, dtype):
    data = stack((12, 7, 9), dtype)
    data[:, 0, 0] = np.arange(12)
    for i, plane in enumerate(data):
        file = tmp_path / f"frame{i}.{suffix}"
        if suffix == "tif":
            tifffile.imwrite(file, plane, photometric="minisblack")
        else:
            Image.fromarray(plane).save(file)
    (tmp_path / "notes.txt").write_text("not a frame")
    (tmp_path / ".hidden.png").write_bytes(b"junk")
    source = open_source(tmp_path)
    assert source.data.dtype == dtype
    np.testing.assert_array_equal(source.data[:, 0, 0], np.arange(12))
    np.testing.assert_array_equal(source.data[3:5, 2:4], data[3:5, 2:4])
    np.testing.assert_array_equal(source.data[-1], data[-1])
    check(source, data)


def test_a_folder_of_jpegs(tmp_path):
    for i in range(3):
        Image.new("RGB", (9, 7), (10 * i, 20, 30)).save(tmp_path / f"{i}.jpg")
    source = open_source(tmp_path)
    assert source.rgb
    assert source.data.shape == (3, 7, 9, 3)


def test_colour_tables_and_transparency_become_rgb(tmp_path):
    for i, mode in enumerate(["P", "RGBA"]):
        Image.new("RGB", (9, 7), (200, 20, 30)).convert(mode).save(
            tmp_path / f"{i}.png"
        )
    movie = as_movie(open_source(tmp_path))
    assert movie.rgb
    np.testing.assert_allclose(movie.plane(0)[0, 0], (200, 20, 30), atol=26)
    np.testing.assert_array_equal(movie.plane(1)[0, 0], (200, 20, 30))


def test_the_odd_frame_is_named(tmp_path):
    for i in range(5):
        shape = (7, 9) if i != 3 else (7, 8)
        tifffile.imwrite(tmp_path / f"t{i}.tif", stack(shape))
    with pytest.raises(FormatError, match=r"'t3\.tif' has shape \(7, 8\)"):
        open_source(tmp_path)


def test_frames_of_two_types(tmp_path):
    tifffile.imwrite(tmp_path / "t0.tif", stack((7, 9), "uint8"))
    tifffile.imwrite(tmp_path / "t1.tif", stack((7, 9), "uint16"))
    with pytest.raises(FormatError, match=r"'t1\.tif'.*uint16"):
        open_source(tmp_path)


def test_frames_of_two_kinds(tmp_path):
    tifffile.imwrite(tmp_path / "t0.tif", stack((7, 9), "uint8"))
    Image.fromarray(stack((7, 9), "uint8")).save(tmp_path / "t1.png")
    with pytest.raises(FormatError, match="one kind"):
        open_source(tmp_path)


def test_a_damaged_frame_is_named(tmp_path):
    for i in range(2):
        Image.fromarray(stack((7, 9), "uint8")).save(tmp_path / f"{i}.png")
    (tmp_path / "1.png").write_bytes(b"not a picture")
    with pytest.raises(FormatError, match=r"'1\.png'"):
        open_source(tmp_path)


def test_a_frame_deleted_after_opening(tmp_path):
    for i in range(2):
        Image.fromarray(stack((7, 9), "uint8")).save(tmp_path / f"{i}.png")
    movie = as_movie(open_source(tmp_path))
    (tmp_path / "1.png").unlink()
    with pytest.raises(FormatError, match=r"'1\.png'"):
        movie.plane(1)


# ---- what is not a movie -------------------------------------------------


def test_missing(tmp_path):
    with pytest.raises(MovieError, match=r"no file or folder.*nope\.tif"):
        open_source(tmp_path / "nope.tif")


def test_empty_folder(tmp_path):
    with pytest.raises(MovieError, match="no frames"):
        open_source(tmp_path)


def test_unknown_suffix(tmp_path):
    (tmp_path / "m.xyz").write_text("x")
    with pytest.raises(FormatError, match=r"'\.xyz'"):
        open_source(tmp_path / "m.xyz")


@pytest.mark.parametrize("name", ["m.tif", "m.npy", "m.mp4", "m.avi"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(FormatError, match=name):
        open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["m.tif", "m.npy", "m.zarr"])
def test_a_single_image(tmp_path, name):
    image = stack((7, 9))
    if name == "m.tif":
        tifffile.imwrite(tmp_path / name, image)
    elif name == "m.npy":
        np.save(tmp_path / name, image)
    else:
        zarr.create_array(tmp_path / name, data=image)
    with pytest.raises(MovieError, match="single image"):
        open_source(tmp_path / name)


def test_a_single_picture(tmp_path):
    Image.new("L", (9, 7)).save(tmp_path / "m.png")
    with pytest.raises(MovieError, match="single picture"):
        open_source(tmp_path / "m.png")


def test_complex_numbers(tmp_path):
    np.save(tmp_path / "m.npy", stack((5, 7, 9)).astype(complex))
    with pytest.raises(MovieError, match="complex128"):
        open_source(tmp_path / "m.npy")


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((5, 7, 9), "TYX"),
        ((5, 7, 9, 3), "TYXS"),
        ((5, 2, 7, 9), "TQYX"),
        ((5, 7, 3), "TYX"),
        ((7, 9), "YX"),
    ],
)
def test_guessed_axes(shape, axes):
    assert guess_axes(shape) == axes


def test_natural_order():
    names = ["t10.tif", "t9.tif", "t1.tif", "a2.tif", "10.tif", "9.tif"]
    ordered = ["9.tif", "10.tif", "a2.tif", "t1.tif", "t9.tif", "t10.tif"]
    assert sorted(names, key=natural_key) == sorted(ordered, key=natural_key)
    assert sorted(names[:3], key=natural_key) == ["t1.tif", "t9.tif", "t10.tif"]
