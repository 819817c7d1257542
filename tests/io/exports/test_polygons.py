"""Polygons of masks as the readers of LabelMe, COCO and YOLO fill them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask
from scipy import ndimage as ndi
from skimage.draw import polygon as skimage_polygon

from napari_sam2_ivos.core.prompts import Mask
from napari_sam2_ivos.io.exports.polygons import joined, mask_of_polygon, outlines

pytestmark = pytest.mark.filterwarnings(
    # numpy's, about `decode` of pycocotools 2.0.11
    "ignore:__array__ implementation:DeprecationWarning"
)


def as_labelme(points, shape):
    """Fill as LabelMe's and X-AnyLabeling's `shape_to_mask` do."""
    picture = Image.new("L", shape[::-1])
    ImageDraw.Draw(picture).polygon([tuple(p) for p in points], outline=1, fill=1)
    return np.asarray(picture).astype(bool)


def as_coco(points, shape):
    """Fill as COCO does; whole numbers are corners of pixels."""
    rle = coco_mask.frPyObjects([np.asarray(points).ravel().tolist()], *shape)
    return coco_mask.decode(rle)[..., 0].astype(bool)


def as_skimage(points, shape):
    """Fill by pixel centres, which skimage has at whole numbers."""
    x, y = np.asarray(points).T - 0.5
    filled = np.zeros(shape, bool)
    filled[skimage_polygon(y, x, shape)] = True
    return filled


def as_we_do(points, shape):
    return mask_of_polygon(np.asarray(points), shape).to_plane(shape)


READERS = [as_labelme, as_coco, as_skimage, as_we_do]

RINGS = np.zeros((11, 11), bool)
for edge in (0, 2, 4):
    RINGS[edge : 11 - edge, edge : 11 - edge] = True
    RINGS[edge + 1 : 10 - edge, edge + 1 : 10 - edge] = False
CHECKERS = np.indices((6, 7)).sum(axis=0) % 2 == 0


@settings(max_examples=300, deadline=None)
@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14)))
@example(np.ones((1, 1), bool))
@example(np.ones((1, 9), bool))
@example(np.eye(8, dtype=bool))
@example(RINGS)
@example(CHECKERS)
@example(~CHECKERS)
def test_every_reader_finds_every_pixel(plane):
    polygons = outlines(Mask.from_plane(plane))
    assert len(polygons) == ndi.label(plane, np.ones((3, 3)))[1]
    for fill in READERS:
        read = np.zeros_like(plane)
        for points in polygons:
            assert len(points) >= 4
            read |= fill(points, plane.shape)
        np.testing.assert_array_equal(read, plane, err_msg=fill.__name__)


@pytest.mark.parametrize("fill", READERS)
def test_large_cells_with_holes_and_ragged_borders(fill):
    random = np.random.default_rng(0)
    for sigma in (0.4, 1, 3):
        plane = ndi.gaussian_filter(random.normal(size=(150, 170)), sigma) > 0
        read = np.zeros_like(plane)
        for points in outlines(Mask.from_plane(plane)):
            read |= fill(points, plane.shape)
        np.testing.assert_array_equal(read, plane)


def test_the_outline_lies_where_the_pixels_are():
    """Whole numbers are corners: a square of 10 pixels has an area of nearly 100."""
    (points,) = outlines(Mask(3, 20, np.ones((10, 10), bool)))
    assert points.min(axis=0).tolist() == [20.01, 3.01]
    assert points.max(axis=0).tolist() == [29.99, 12.99]
    assert len(points) == 8  # corners are cut off
    x, y = points.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(99.1, abs=0.1)


def test_a_slanting_edge_needs_no_stairs():
    plane = np.tri(40, dtype=bool)
    (points,) = outlines(Mask.from_plane(plane))
    assert len(points) < 10


def test_parts_are_joined_without_area():
    plane = np.zeros((40, 60), bool)
    plane[5:15, 5:15] = plane[20:30, 30:45] = plane[35, 3] = True
    whole = joined(outlines(Mask.from_plane(plane)))
    np.testing.assert_array_equal(as_coco(whole, plane.shape), plane)
    drawn = as_labelme(whole, plane.shape)
    assert drawn[plane].all()
    assert (drawn & ~plane).sum() < 45  # the lines, if a reader draws them


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[-50, -50], [200, -50], [200, 200], [-50, 200]], 30),  # all of the plane
        ([[-9, -9], [-3, -9], [-3, -3]], 0),
        ([[6, 2], [9, 2], [9, 3]], 0),
        ([[5.9, 4.9], [5.9, 4.9], [5.9, 4.9]], 1),
        ([[-5, 1.5], [2.5, 1.5], [2.5, 1.6], [-5, 1.6]], 3),
    ],
)
def test_what_lies_outside_is_cut_off(points, expected):
    mask = mask_of_polygon(np.array(points, float), (5, 6))
    assert mask.to_plane((5, 6)).sum() == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-96, 192), st.integers(-80, 160)), min_size=3))
def test_any_polygon_is_filled_as_in_labelme(points):
    """Outside the plane too, but that -0.5 is cut down to -1 there, not up to 0."""
    points = np.array(points) / 8
    filled = as_labelme(np.floor(points), (10, 12))
    ours = mask_of_polygon(points, (10, 12)).to_plane((10, 12))
    np.testing.assert_array_equal(ours, filled)
