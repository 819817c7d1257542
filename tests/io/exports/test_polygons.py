"""Masks that become polygons are the same masks again, whoever fills them."""

from __future__ import annotations

import numpy as np
import pycocotools.mask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from scipy import ndimage

from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.io.exports.polygons import fill_polygons, polygons_of

SHAPE = (30, 40)


def by_pillow(polygons, shape):
    """Fill at 8 times the size, where an edge is a few per cent of a pixel."""
    plane = np.zeros(shape, bool)
    for points in polygons:
        picture = Image.new("1", (shape[1] * 8, shape[0] * 8))
        xy = [((x + 0.5) * 8 - 0.5, (y + 0.5) * 8 - 0.5) for y, x in points]
        ImageDraw.Draw(picture).polygon(xy, fill=1)
        plane |= np.asarray(picture)[4::8, 4::8]
    return plane


def by_coco(polygons, shape):
    flat = [(points[:, ::-1] + 0.5).ravel().tolist() for points in polygons]
    rle = pycocotools.mask.frPyObjects(flat, *shape)
    return pycocotools.mask.decode(pycocotools.mask.merge(rle)).astype(bool)


def a_ring():
    plane = np.zeros(SHAPE, bool)
    plane[5:25, 5:30] = True
    plane[10:15, 10:15] = False
    plane[10:20, 20:26] = False
    plane[12:14, 12:13] = True  # an island in a hole
    return plane


@pytest.mark.parametrize("fill", [fill_polygons, by_pillow])
def test_holes_and_islands(fill):
    plane = a_ring()
    polygons = polygons_of(Mask.from_plane(plane))
    assert len(polygons) == 2
    np.testing.assert_array_equal(fill(polygons, SHAPE), plane)


def test_a_single_pixel():
    plane = np.zeros(SHAPE, bool)
    plane[0, 39] = True
    (points,) = polygons_of(Mask.from_plane(plane))
    corners = {(-0.5, 38.5), (-0.5, 39.5), (0.5, 39.5), (0.5, 38.5)}
    assert set(map(tuple, points.tolist())) == corners
    np.testing.assert_array_equal(fill_polygons([points], SHAPE), plane)


def test_the_largest_part_comes_first():
    plane = np.zeros(SHAPE, bool)
    plane[2:4, 2:4] = plane[10:20, 10:20] = True
    first, second = polygons_of(Mask.from_plane(plane))
    assert (len(first), np.ptp(first[:, 0])) == (4, 10)
    assert np.ptp(second[:, 0]) == 2


def test_nothing():
    assert polygons_of(Mask.from_plane(np.zeros(SHAPE))) == []


@settings(max_examples=150, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_any_mask_comes_back(pixels):
    polygons = polygons_of(Mask.from_plane(pixels))
    np.testing.assert_array_equal(fill_polygons(polygons, pixels.shape), pixels)
    _, n_parts = ndimage.label(pixels)
    assert len(polygons) == n_parts


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_cells_come_back_from_the_fillers_of_others(seed):
    rng = np.random.default_rng(seed)
    plane = ndimage.gaussian_filter(rng.normal(size=(60, 60)), 5) > 0.02
    polygons = polygons_of(Mask.from_plane(plane))
    np.testing.assert_array_equal(by_pillow(polygons, plane.shape), plane)
    coco = by_coco(polygons, plane.shape)
    assert (coco & plane).sum() / max(1, (coco | plane).sum()) > 0.97
