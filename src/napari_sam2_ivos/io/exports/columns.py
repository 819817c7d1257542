"""The columns of the table of measurements: what each means, and its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from napari_sam2_ivos.io.exports.measurements import STATISTICS, channels_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["int", "float", "bool", "text"]


class Column(NamedTuple):
    """What a column holds.

    Parameters
    ----------
    kind : str
        Integers and booleans are never missing; floats and texts may be.
    unit : str
        ``"unit"`` stands for what the column `unit` says; empty if there is none.
    text : str
        What it says about an object on a frame.
    """

    kind: Kind
    unit: str
    text: str


COLUMNS = {
    "track_id": Column("int", "", "track ID, which is the value in the label stack"),
    "frame": Column("int", "", "index of the frame, from 0"),
    "time_s": Column("float", "s", "frame × frame interval"),
    "name": Column("text", "", "what the user calls the object"),
    "class": Column("text", "", "what kind of thing the user says it is"),
    "parent_id": Column(
        "int", "", "track ID of the object that it came from by division, 0 for none"
    ),
    "root_id": Column(
        "int", "", "track ID of the founder of its lineage, its own if it is one"
    ),
    "generation": Column("int", "", "divisions since the founder, 0 for a founder"),
    "area_px": Column("int", "px", "number of pixels, without holes"),
    "area": Column("float", "unit²", "area_px × pixel height × pixel width"),
    "area_unit": Column("text", "", 'unit of area, such as "um^2"'),
    "unit": Column("text", "", 'unit of lengths and places, such as "um"'),
    "centroid_y": Column("float", "px", "mean row; the centre of the first row is 0"),
    "centroid_x": Column("float", "px", "mean column; as centroid_y"),
    "position_y": Column("float", "unit", "centroid_y × pixel height"),
    "position_x": Column("float", "unit", "centroid_x × pixel width"),
    "y_min": Column("int", "px", "first row of the bounding box"),
    "x_min": Column("int", "px", "first column of the bounding box"),
    "y_max": Column("int", "px", "last row of the bounding box, which belongs to it"),
    "x_max": Column("int", "px", "last column, likewise"),
    "perimeter_px": Column(
        "float", "px", "length of the outline and of holes, by Crofton's formula"
    ),
    "perimeter": Column("float", "unit", "the same, on pixels of their true size"),
    "major_axis_px": Column(
        "float", "px", "longer axis of the ellipse with the same second moments"
    ),
    "major_axis": Column("float", "unit", "the same, on pixels of their true size"),
    "minor_axis_px": Column("float", "px", "shorter axis of that ellipse"),
    "minor_axis": Column("float", "unit", "the same, on pixels of their true size"),
    "eccentricity": Column(
        "float", "", "of that ellipse: 0 for a circle, towards 1 for a line"
    ),
    "orientation": Column(
        "float",
        "rad",
        "angle from the y axis (downward) to the longer axis, towards x, -π/2 to π/2",
    ),
    "solidity": Column(
        "float", "", "area / area of the convex hull of its pixels as squares"
    ),
    "circularity": Column(
        "float", "", "4π area / perimeter², at most 1: 1 for a circle"
    ),
    "touches_edge": Column("bool", "", "whether it touches the edge of the image"),
    "mean_intensity": Column(
        "float", "grey value", "mean of its pixels; in colour, mean of the three means"
    ),
    "intensity_mean": Column("float", "grey value", "mean of its pixels"),
    "intensity_std": Column(
        "float",
        "grey value",
        "population standard deviation of its pixels",
    ),
    "intensity_min": Column("float", "grey value", "lowest value"),
    "intensity_max": Column("float", "grey value", "highest value"),
    "intensity_sum": Column("float", "grey value", "sum of its pixels"),
    "displacement_px": Column(
        "float", "px", "distance of the centroid from where it was when last there"
    ),
    "displacement": Column("float", "unit", "the same, on pixels of their true size"),
    "speed_px_per_frame": Column(
        "float", "px/frame", "displacement_px / number of frames since then"
    ),
    "speed": Column("float", "unit/s", "displacement / time since then"),
    "centroid_step_px": Column(
        "float", "px", "displacement_px if it was there on the frame before, else empty"
    ),
    "path_length_px": Column("float", "px", "sum of displacement_px up to this frame"),
    "path_length": Column("float", "unit", "sum of displacement up to this frame"),
    "net_displacement_px": Column(
        "float", "px", "distance of the centroid from where it was on its first frame"
    ),
    "net_displacement": Column(
        "float", "unit", "the same, on pixels of their true size"
    ),
    "prompted": Column("bool", "", "whether the user prompted it on this frame"),
    "accepted": Column("bool", "", "whether the user accepted its mask on this frame"),
    "object_score": Column(
        "float", "logit", "how sure the model is that it is there: above 0 if so"
    ),
    "predicted_iou": Column(
        "float", "", "how well the model thinks the mask fits, 0 to 1"
    ),
}
"""By name, in order. Floats and texts are empty (CSV) or null (Parquet) where nothing
is known: lengths in units without a pixel size, speed without a frame interval, scores
of frames that no model computed. The shape of an object (eccentricity, orientation,
circularity) is measured on pixels of their true size if that is known. Pixels that are
NaN or infinite do not count as intensities. In a movie in colour there are three of
each column ``intensity_…``, which end in ``_r``, ``_g`` and ``_b``; of further images
that were chosen as colours in the window, such columns end in their names."""


def columns_of(n_channels: int, names: Iterable[str] = ()) -> dict[str, Column]:
    """Return the columns of the table of a movie with so many colours.

    And with further channels of some names, which are measured beside it.
    """
    found = {}
    for name, column in COLUMNS.items():
        is_one_of_each = name.removeprefix("intensity_") in STATISTICS
        for suffix in channels_of(n_channels) if is_one_of_each else ("",):
            found[name + suffix] = column
    for channel in names:
        for statistic in STATISTICS:
            column = COLUMNS[f"intensity_{statistic}"]
            found[f"intensity_{statistic}_{channel}"] = column
    return found
