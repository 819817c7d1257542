"""Prompts are read as given, and every line that does not fit is named."""

from __future__ import annotations

import numpy as np
import pandas
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_sam2_ivos.core.errors import FormatError, PromptError
from napari_sam2_ivos.core.prompts import Box, FramePrompts, Mask, Point
from napari_sam2_ivos.io.prompts import read_prompts
from napari_sam2_ivos.io.prompts_csv import write_prompts

HEADER = "frame,track_id,kind,y,x,y2,x2,positive\n"


def read(tmp_path, text, name="p.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_prompts(path, plane_shape=(30, 40), n_frames=5)


def test_points_and_a_box(tmp_path):
    prompts = read(
        tmp_path,
        HEADER
        + "0,1,point,10,20,,,1\n"
        + "0,1,point,12.5,21,,,0\n"
        + "0,1,box,5,6,15,26,\n"
        + "3,2,Point,1,2,,,\n",
    )
    assert prompts == {
        1: {
            0: FramePrompts(
                (Point(10, 20), Point(12.5, 21, positive=False)), Box(5, 6, 15, 26)
            )
        },
        2: {3: FramePrompts((Point(1, 2),))},
    }


def test_short_tables(tmp_path):
    """The columns for boxes and signs may be left out."""
    prompts = read(tmp_path, "Track_ID,frame,kind,y,x\n7,0,point,1,2\n\n")
    assert prompts == {7: {0: FramePrompts((Point(1, 2),))}}


def test_a_table_of_excel_in_german(tmp_path):
    text = "\ufeff" + HEADER.replace(",", ";") + "0;1;point;1,5;2,25;;;falsch\n"
    with pytest.raises(FormatError, match="line 2: positive is 'falsch'"):
        read(tmp_path, text)
    prompts = read(tmp_path, text.replace("falsch", "true"))
    assert prompts[1][0].points == (Point(1.5, 2.25),)


def test_a_table_with_quotes(tmp_path):
    text = '"frame","track_id","kind","y","x"\n"0","1","point","1","2"\n'
    assert read(tmp_path, text)[1][0].points == (Point(1, 2),)


def test_a_table_of_pandas(tmp_path):
    rows = [
        {"frame": 0, "track_id": 1, "kind": "point", "y": 1, "x": 2, "positive": 1},
        {"frame": 0, "track_id": 2, "kind": "box", "y": 9, "x": 8, "y2": 1, "x2": 2},
    ]
    pandas.DataFrame(rows).to_csv(tmp_path / "p.csv", index=False)
    prompts = read_prompts(tmp_path / "p.csv", plane_shape=(30, 40), n_frames=5)
    assert prompts[1][0].points == (Point(1, 2),)
    assert prompts[2][0].box == Box(1, 2, 9, 8)  # corners in any order


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("5,1,point,1,2,,,", "frame 5 is outside the movie, which has frames 0 to 4"),
        ("-1,1,point,1,2,,,", "frame -1 is outside"),
        ("0.5,1,point,1,2,,,", "frame is '0.5' instead of a whole number"),
        (",1,point,1,2,,,", "frame is empty"),
        ("0,0,point,1,2,,,", "Track ID 0 is the background"),
        ("0,70000,point,1,2,,,", "Track ID 70000 is outside"),
        ("0,cell,point,1,2,,,", "track_id is 'cell' instead of a number"),
        ("0,1,circle,1,2,,,", "kind is 'circle' instead of point or box"),
        ("0,1,point,1,99,,,", "lies outside the image"),
        ("0,1,point,nan,2,,,", "y is 'nan'"),
        ("0,1,point,1,,,,", "x is empty"),
        ("0,1,box,1,2,,,", "y2 is empty"),
        ("0,1,box,1,2,1,9,", "has no area"),
        ("0,1,box,50,60,70,80,", "outside the image"),
        ("0,1,point,1,2,,,maybe", "positive is 'maybe'"),
        ("0,1", "y is empty"),
    ],
)
def test_a_bad_line_is_named(tmp_path, row, message):
    with pytest.raises(FormatError) as caught:
        read(tmp_path, f"{HEADER}0,9,point,1,2,,,\n{row}\n")
    assert "'p.csv'" in str(caught.value)
    assert "line 3: " in str(caught.value)
    assert message in str(caught.value)


def test_every_bad_line_is_named(tmp_path):
    with pytest.raises(FormatError) as caught:
        read(tmp_path, HEADER + "0,0,point,1,2,,,\n" * 12)
    for line in range(2, 12):
        assert f"line {line}: " in str(caught.value)
    assert "and 2 more" in str(caught.value)


def test_a_second_box(tmp_path):
    with pytest.raises(FormatError, match="line 3: object 1 has a second box"):
        read(tmp_path, HEADER + "0,1,box,1,2,5,6,\n" * 2)


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", "0,1,point,1,2,,,\n"])
def test_a_missing_header(tmp_path, text):
    with pytest.raises(FormatError, match=r"lacks the column.*first line should be"):
        read(tmp_path, text)


def test_no_prompts(tmp_path):
    with pytest.raises(PromptError, match="no prompts"):
        read(tmp_path, HEADER)


def test_not_text(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x00\x81" * 10)
    with pytest.raises(FormatError, match="UTF-8"):
        read_prompts(tmp_path / "p.csv", plane_shape=(30, 40), n_frames=5)


def test_missing(tmp_path):
    with pytest.raises(PromptError, match="no prompt file"):
        read_prompts(tmp_path / "p.csv", plane_shape=(30, 40), n_frames=5)


coordinates = st.floats(0, 29, allow_nan=False).map(lambda v: round(v, 3))
points = st.builds(Point, y=coordinates, x=coordinates, positive=st.booleans())
boxes = st.builds(
    lambda y, x, h, w: Box(y, x, y + h, x + w),
    coordinates,
    coordinates,
    st.integers(1, 9),
    st.integers(1, 9),
)
given_prompts = st.builds(
    FramePrompts,
    points=st.lists(points, max_size=3).map(tuple),
    box=st.none() | boxes,
).filter(bool)


@given(
    st.dictionaries(
        st.integers(1, 65535),
        st.dictionaries(st.integers(0, 4), given_prompts, min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read(tmp_path_factory, prompts):
    path = write_prompts(tmp_path_factory.mktemp("p") / "p.csv", prompts)
    assert read_prompts(path, plane_shape=(30, 40), n_frames=5) == prompts


def test_a_mask_does_not_go_into_a_table(tmp_path):
    mask = FramePrompts(mask=Mask.from_plane(np.eye(5)))
    with pytest.raises(FormatError, match="Object 1 has a mask on frame 0"):
        write_prompts(tmp_path / "p.csv", {1: {0: mask}})
    assert not (tmp_path / "p.csv").exists()


# ---- masks ---------------------------------------------------------------


def save(path, labels):
    if path.suffix == ".npy":
        np.save(path, labels)
    elif path.suffix == ".zarr":
        zarr.create_array(path, data=labels)
    elif path.suffix == ".png":
        Image.fromarray(labels).save(path)
    else:
        tifffile.imwrite(path, labels, photometric="minisblack")
    return path


def image_of_two():
    labels = np.zeros((30, 40), np.uint16)
    labels[2:10, 3:13] = 4
    labels[4:6, 5:8] = 0  # a hole
    labels[20:25, 30:40] = 300
    labels[28, 0] = 300  # a part that lies apart
    return labels


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".zarr", ".png"])
def test_a_label_image_counts_for_one_frame(tmp_path, suffix):
    labels = image_of_two()
    path = save(tmp_path / f"l{suffix}", labels)
    prompts = read_prompts(path, plane_shape=(30, 40), n_frames=5, prompt_frame=3)
    assert {k: list(v) for k, v in prompts.items()} == {4: [3], 300: [3]}
    for track_id in prompts:
        plane = prompts[track_id][3].mask.to_plane((30, 40))
        np.testing.assert_array_equal(plane, labels == track_id)


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".zarr"])
def test_a_label_stack_has_an_anchor_on_every_labelled_frame(tmp_path, suffix):
    labels = np.zeros((5, 30, 40), np.uint8)
    labels[1, 2:5, 2:5] = 1
    labels[4, 3:6, 2:5] = 1
    labels[2, 9:12, 9:12] = 2
    path = save(tmp_path / f"l{suffix}", labels)
    prompts = read_prompts(path, plane_shape=(30, 40), n_frames=5)
    assert {k: sorted(v) for k, v in prompts.items()} == {1: [1, 4], 2: [2]}
    plane = prompts[1][4].mask.to_plane((30, 40))
    np.testing.assert_array_equal(plane, labels[4] == 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((31, 40), "31 x 40 pixels, but the movie has 30 x 40"),
        ((4, 30, 40), "4 frames, but the movie has 5"),
    ],
)
def test_labels_of_another_movie(tmp_path, shape, message):
    path = save(tmp_path / "l.tif", np.ones(shape, np.uint8))
    with pytest.raises(PromptError, match=message):
        read_prompts(path, plane_shape=(30, 40), n_frames=5)


def test_a_prompt_frame_outside(tmp_path):
    path = save(tmp_path / "l.tif", image_of_two())
    with pytest.raises(PromptError, match="Prompt frame 5 is outside"):
        read_prompts(path, plane_shape=(30, 40), n_frames=5, prompt_frame=5)


def test_no_label(tmp_path):
    path = save(tmp_path / "l.tif", np.zeros((30, 40), np.uint8))
    with pytest.raises(PromptError, match="no label above 0"):
        read_prompts(path, plane_shape=(30, 40), n_frames=5)


@pytest.mark.parametrize("bad", [70000, -3])
def test_labels_that_are_no_track_ids(tmp_path, bad):
    labels = image_of_two().astype(np.int32)
    labels[0, 0] = bad
    path = save(tmp_path / "l.npy", labels)
    with pytest.raises(PromptError, match=f"label {bad}.*Renumber"):
        read_prompts(path, plane_shape=(30, 40), n_frames=5)
