"""The table of measurements: cases computed by hand, read with pandas."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas
import pyarrow.parquet
import pytest
from scipy.spatial import ConvexHull
from skimage.draw import ellipse
from skimage.measure import regionprops_table

from napari_sam2_ivos.core.errors import Cancelled, FormatError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.prompts import FramePrompts, Mask
from napari_sam2_ivos.io.exports import table
from napari_sam2_ivos.io.exports.columns import COLUMNS
from napari_sam2_ivos.io.exports.measurements import measure
from tests.io.exports.movies import (
    CALIBRATION,
    EVERY,
    annotate,
    blank,
    comes_late,
    division,
    leaves_and_returns,
    nothing,
    odd_shapes,
)

READERS = {".csv": pandas.read_csv, ".parquet": pandas.read_parquet}


@pytest.fixture(params=[".csv", ".parquet"])
def saved(request, tmp_path):
    """Write an annotated movie and read it with pandas."""

    def save(annotated):
        path = tmp_path / f"table{request.param}"
        assert table.write(path, annotated) == []
        assert [item.name for item in tmp_path.iterdir()] == [path.name]
        return READERS[request.param](path)

    return save


def moving_rectangle():
    """2 rows x 4 columns, moving 3 rows down and 4 columns right per frame."""
    labels = blank(3)
    for t in range(3):
        labels[t, 1 + 3 * t : 3 + 3 * t, 2 + 4 * t : 6 + 4 * t] = 9
    return labels


def test_a_moving_rectangle_computed_by_hand(saved):
    rows = saved(annotate(moving_rectangle(), **CALIBRATION))
    assert tuple(rows.columns) == tuple(COLUMNS)
    assert len(rows) == 3
    expected = {
        "track_id": 9,
        "frame": 1,
        "time_s": 30,
        "area_px": 8,
        "area": 1,  # 8 pixels of 0.5 x 0.25 um
        "centroid_y": 4.5,  # rows 4 and 5
        "centroid_x": 7.5,  # columns 6 to 9
        "position_y": 2.25,
        "position_x": 1.875,
        "y_min": 4,
        "x_min": 6,
        "y_max": 5,
        "x_max": 9,
        # On 2 rows 4 crossings, on 4 columns 8, on 5 diagonals either way 10:
        # pi/8 (4 + 8 + 20/sqrt 2)
        "perimeter_px": 10.2659930,
        # atan(2) 0.5/2 4 + (pi/2 - atan(2)) 0.25/2 8 + pi/4 0.125/hypot(.5, .25)/2 20
        "perimeter": 3.32700001,
        "major_axis_px": 4.47213595,  # 4 sqrt(15/12)
        "minor_axis_px": 2,  # 4 sqrt(3/12)
        "major_axis": 1.11803399,  # of a square of 1 x 1 um, but for the pixels
        "minor_axis": 1,
        "eccentricity": 0.447213595,  # sqrt(1 - 1/1.118^2)
        "solidity": 1,
        "circularity": 1,
        "touches_edge": 0,
        "mean_intensity": 901,
        "intensity_mean": 901,
        "intensity_std": 0,
        "intensity_min": 901,
        "intensity_max": 901,
        "intensity_sum": 7208,
        "displacement_px": 5,
        "displacement": 1.80277564,  # hypot(1.5, 1) um
        "speed_px_per_frame": 5,
        "speed": 0.0600925213,
        "centroid_step_px": 5,
        "path_length_px": 5,
        "path_length": 1.80277564,
        "net_displacement_px": 5,
        "net_displacement": 1.80277564,
        "prompted": 0,
        "accepted": 0,
        "object_score": 3.5,
        "predicted_iou": 0.75,
    }
    for name, value in expected.items():
        assert rows[name][1] == pytest.approx(value, rel=1e-7), name
    assert abs(rows.orientation[1]) == pytest.approx(np.pi / 2)
    assert (rows.unit[1], rows.area_unit[1]) == ("um", "um^2")
    assert rows.path_length_px.tolist() == [0, 5, 10]
    assert rows.displacement.isna().tolist() == [True, False, False]
    assert rows.prompted.tolist() == [1, 0, 0]


def test_without_calibration_there_are_pixels_only(saved):
    rows = saved(annotate(moving_rectangle()))
    for name, column in COLUMNS.items():
        unknown = "unit" in (name, column.unit) or name in ("area", "area_unit")
        if unknown or name in ("speed", "time_s", "name", "class"):
            assert rows[name].isna().all(), name
        else:
            assert rows[name][1:].notna().all(), name
    assert rows.speed_px_per_frame[1] == 5
    assert rows.eccentricity[1] == pytest.approx(0.894427191)  # sqrt(1 - 4/20)
    assert rows.circularity[1] == pytest.approx(0.953889, abs=1e-6)  # 4 pi 8/10.266^2


def test_what_is_longer_depends_on_the_pixel_size(saved):
    labels = blank(1)
    labels[0, 10:14, 10:16] = 1  # 2 um high, 1.5 um wide
    rows = saved(annotate(labels, **CALIBRATION))
    assert rows.major_axis_px[0] > rows.minor_axis_px[0]
    assert rows.major_axis[0] == pytest.approx(4 * np.sqrt(15 / 12) * 0.5)
    assert rows.orientation[0] == pytest.approx(0)


def test_across_a_gap_speed_is_over_the_time_that_went_by(saved):
    rows = saved(leaves_and_returns())  # object 4 moves 3 columns per frame
    rows = rows[rows.track_id == 4].set_index("frame")
    assert rows.index.tolist() == [0, 1, 3, 5]
    np.testing.assert_array_equal(rows.displacement_px, [np.nan, 3, 6, 6])
    np.testing.assert_array_equal(rows.speed_px_per_frame, [np.nan, 3, 3, 3])
    np.testing.assert_array_equal(rows.speed, [np.nan, 0.025, 0.025, 0.025])
    np.testing.assert_array_equal(rows.centroid_step_px, [np.nan, 3, np.nan, np.nan])
    np.testing.assert_array_equal(rows.path_length, [0, 0.75, 2.25, 3.75])


def test_a_path_there_and_back(saved):
    labels = blank(3)
    for t, left in enumerate((5, 15, 5)):
        labels[t, 5:9, left : left + 4] = 1
    rows = saved(annotate(labels))
    assert rows.path_length_px.tolist() == [0, 10, 20]
    assert rows.net_displacement_px.tolist() == [0, 10, 0]


def test_lineage_names_and_classes(saved):
    rows = saved(division())
    one = rows.groupby("track_id").first()
    assert one.parent_id.tolist() == [0, 1, 1]
    assert one.root_id.tolist() == [1, 1, 1]
    assert one.generation.tolist() == [0, 1, 1]
    assert one["class"].tolist() == ["mitotic, late", 'Zelle "α"', 'Zelle "α"']
    assert one.name.tolist()[1:] == ["links/oben", "Ωmega; 3"]
    assert rows[rows.track_id == 1].name.isna().all()


def test_grandchildren(saved):
    labels = blank(3)
    for t in range(3):
        labels[t, 5:9, 5:9] = 7 - t
    rows = saved(annotate(labels, {5: 6, 6: 7}))
    assert rows[["track_id", "root_id", "generation"]].to_numpy().tolist() == [
        [7, 7, 0],
        [6, 7, 1],
        [5, 7, 2],
    ]


def test_integers_stay_integers(saved):
    rows = saved(odd_shapes())
    for name, column in COLUMNS.items():
        if column.kind == "int":
            assert rows[name].dtype == np.int64, name
    assert sorted(set(rows.track_id)) == [1, 2, 300, 65535]


def test_odd_shapes(saved):
    rows = saved(odd_shapes()).groupby("track_id").first()
    pixel, ring, parts, corner = (rows.loc[i] for i in (1, 2, 300, 65535))
    assert pixel[["area_px", "solidity", "circularity", "eccentricity"]].tolist() == [
        *(1, 1, 1, 0)
    ]
    assert (
        pixel[["major_axis_px", "minor_axis_px", "intensity_std"]].tolist() == [0] * 3
    )
    assert pixel.perimeter_px == pytest.approx(np.pi / 4 * (2 + np.sqrt(2)))
    assert (ring.area_px, ring.solidity) == (88, pytest.approx(0.88))
    assert (parts.area_px, parts.y_min, parts.y_max) == (49, 25, 36)
    # Corners (24.5, 4.5) (24.5, 9.5) (32.5, 25.5) (36.5, 25.5) (36.5, 19.5) (29.5, 4.5)
    assert parts.solidity == pytest.approx(49 / 135.5)
    assert (corner.touches_edge, ring.touches_edge) == (1, 0)


def test_prompted_and_accepted(saved):
    annotated = annotate(moving_rectangle())
    mask = Mask.from_plane(annotated.labels[2] > 0)
    annotated.tracks[9].prompts[2] = FramePrompts().with_accepted(mask)
    rows = saved(annotated)
    assert rows.prompted.tolist() == [1, 0, 1]
    assert rows.accepted.tolist() == [0, 0, 1]


def test_scores_that_nobody_gave_are_empty(saved):
    annotated = annotate(moving_rectangle())
    mask = Mask.from_plane(annotated.labels[1] > 0)
    annotated.tracks[9].mark_given(1, mask)
    rows = saved(annotated)
    assert rows.object_score.isna().tolist() == [False, True, False]
    assert rows.predicted_iou.isna().tolist() == [False, True, False]


def test_an_rgb_movie(saved):
    labels = moving_rectangle()
    colours = np.zeros((*labels.shape, 3), np.uint8)
    colours[labels > 0] = (10, 20, 60)
    colours[0, 1, 2] = (18, 20, 60)
    rows = saved(annotate(labels, movie=Movie(colours, rgb=True)))
    assert rows.mean_intensity.tolist()[1:] == [30, 30]
    assert rows.intensity_mean_r.tolist() == [11, 10, 10]
    assert rows.intensity_max_r.tolist() == [18, 10, 10]
    assert rows.intensity_sum_g.tolist() == [160] * 3
    assert rows.intensity_min_b.tolist() == [60] * 3
    assert rows.intensity_std_r[0] == pytest.approx(np.sqrt(7))  # 8 sqrt(1/8 7/8)
    assert not {"intensity_mean", "intensity_std"} & set(rows.columns)


def test_missing_pixels_do_not_count(saved):
    labels = moving_rectangle()
    values = np.where(labels > 0, 500.0, np.nan).astype(np.float32)
    values[0, 1, 2:4] = np.nan, np.inf
    values[1] = np.nan
    rows = saved(annotate(labels, movie=Movie(values)))
    np.testing.assert_array_equal(rows.intensity_mean, [500, np.nan, 500])
    np.testing.assert_array_equal(rows.intensity_sum, [3000, np.nan, 4000])
    np.testing.assert_array_equal(rows.intensity_max, [500, np.nan, 500])
    np.testing.assert_array_equal(rows.mean_intensity, [500, np.nan, 500])


def test_the_channel_that_is_held(saved):
    labels = moving_rectangle()
    values = np.stack([labels, labels * 7], axis=1)
    rows = saved(annotate(labels, movie=Movie(values, held={1: 1})))
    assert rows.intensity_mean.tolist() == [63] * 3


def test_frames_without_objects(saved):
    assert saved(comes_late()).frame.tolist() == [2, 3]


def test_an_empty_table_has_its_columns(saved):
    rows = saved(nothing())
    assert len(rows) == 0
    assert tuple(rows.columns) == tuple(COLUMNS)


@pytest.mark.parametrize("make", EVERY)
def test_csv_and_parquet_say_the_same(tmp_path, monkeypatch, make):
    monkeypatch.setattr(table, "ROWS_PER_GROUP", 2)
    for end in READERS:
        table.write(tmp_path / f"t{end}", make())
    csv, parquet = (read(tmp_path / f"t{end}") for end, read in READERS.items())
    parquet = parquet.replace({None: np.nan})
    pandas.testing.assert_frame_equal(csv, parquet, check_dtype=False, rtol=1e-8)


def test_parquet_is_written_in_groups_and_explains_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "ROWS_PER_GROUP", 4)
    path = tmp_path / "t.parquet"
    table.write(path, leaves_and_returns())  # 2, 2 and 1, 2, 1 and 2 rows
    file = pyarrow.parquet.ParquetFile(path)
    groups = range(file.metadata.num_row_groups)
    assert [file.metadata.row_group(i).num_rows for i in groups] == [4, 4, 2]
    assert file.schema_arrow.field("speed").metadata[b"unit"] == b"unit/s"
    assert file.schema_arrow.field("touches_edge").type == pyarrow.bool_()


def test_without_pyarrow_there_is_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FormatError, match="pip install pyarrow"):
        table.write(tmp_path / "t.parquet", division())
    assert not list(tmp_path.iterdir())
    table.write(tmp_path / "t.csv", division())


@pytest.mark.parametrize("end", READERS)
def test_a_cancel_keeps_the_earlier_table(tmp_path, end):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    path = tmp_path / f"t{end}"
    path.write_bytes(b"earlier")
    with pytest.raises(Cancelled):
        table.write(path, replace(division(), on_frame=stop))
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def blobs():
    """Ellipses, some of which cover others or leave the image; labels up to 65000."""
    plane = np.zeros((150, 200), np.uint16)
    rng = np.random.default_rng(1)
    for label in (*range(1, 30), 300, 65000):
        y, x = rng.integers(0, plane.shape)
        a, b = rng.uniform(1, 20, 2)
        at = ellipse(y, x, a, b, plane.shape, rotation=rng.uniform(0, np.pi))
        plane[at] = label
    return plane, rng.normal(100, 30, plane.shape).astype(np.float32)


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.25)])
def test_scikit_image_measures_the_same(blobs, scale):
    plane, values = blobs
    names = {
        "label": "track_id",
        "area": "area",
        "centroid-0": "position_y",
        "centroid-1": "position_x",
        "bbox-0": "y_min",
        "bbox-1": "x_min",
        "axis_major_length": "major_axis",
        "axis_minor_length": "minor_axis",
        "eccentricity": "eccentricity",
        "intensity_mean": "intensity_mean",
        "intensity_std": "intensity_std",
        "intensity_min": "intensity_min",
        "intensity_max": "intensity_max",
    }
    properties = {name.partition("-")[0] for name in names}
    theirs = regionprops_table(plane, values, tuple(properties), spacing=scale)
    ours = measure(plane, values, scale)
    for name, own in names.items():
        np.testing.assert_allclose(
            ours[own], theirs[name], rtol=1e-5, atol=1e-6, err_msg=name
        )


def test_scikit_image_sees_the_same_outline_and_orientation(blobs):
    ours = measure(*blobs)
    names = ("perimeter_crofton", "orientation", "eccentricity")
    theirs = regionprops_table(blobs[0], properties=names)
    np.testing.assert_allclose(ours["perimeter_px"], theirs["perimeter_crofton"])
    turned = ours["orientation"] - theirs["orientation"]
    clear = theirs["eccentricity"] > 0
    np.testing.assert_allclose(np.sin(turned[clear]), 0, atol=1e-9)


def test_scipy_finds_the_same_convex_hulls(blobs):
    plane, values = blobs
    ours = measure(plane, values)
    for label, solidity in zip(ours["track_id"], ours["solidity"], strict=True):
        pixels = np.argwhere(plane == label)
        around = [(dy, dx) for dy in (-0.5, 0.5) for dx in (-0.5, 0.5)]
        corners = (pixels[:, None] + np.array(around)).reshape(-1, 2)
        hull = ConvexHull(corners).volume  # of something flat, the area
        assert solidity == pytest.approx(len(pixels) / hull), label


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.25), (0.2, 1.0)])
def test_a_circle_is_round_whatever_the_pixels(scale):
    radius = 20.0
    plane = np.zeros((500, 500), np.uint8)
    plane[ellipse(250, 250, radius / scale[0], radius / scale[1])] = 1
    found = measure(plane, plane, scale)
    assert found["perimeter"][0] == pytest.approx(2 * np.pi * radius, rel=0.03)
    assert found["circularity"][0] > 0.94
    assert found["eccentricity"][0] < 0.2
    assert found["major_axis"][0] == pytest.approx(2 * radius, rel=0.02)


def test_further_channels_are_measured_by_name(tmp_path):
    labels = blank(1)
    labels[0, 5:7, 5:9] = 1
    red = Movie(np.full((1, 40, 60), 3, np.uint8), name="red")
    annotated = annotate(labels, channels={"red": red})
    table.write(tmp_path / "t.csv", annotated)
    (row,) = pandas.read_csv(tmp_path / "t.csv").to_dict("records")
    assert (row["intensity_mean"], row["intensity_mean_red"]) == (100, 3)
    assert (row["intensity_sum_red"], row["intensity_std_red"]) == (24, 0)
