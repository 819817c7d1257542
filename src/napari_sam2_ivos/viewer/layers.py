"""The layers the program adds to a viewer, laid exactly over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from napari.layers import Labels, Points, Shapes

from napari_sam2_ivos.viewer.label_view import expand
from napari_sam2_ivos.viewer.palette import object_colormap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam2_ivos.core.ports import LabelStore

PLACING = ("scale", "translate", "rotate", "shear", "affine", "units")
"""Events of an image that its layers follow."""

TRACK_ID = "track_id"
POSITIVE = "positive"


def placement(image: Any) -> dict[str, Any]:
    """Return what makes a layer follow an image: transforms, units, axis names."""
    return {
        "scale": image.scale,
        "translate": image.translate,
        "rotate": image.rotate,
        "shear": image.shear,
        "affine": image.affine,
        "units": image.units,
        "axis_labels": image.axis_labels,
    }


def label_placement(image: Any, held: Mapping[int, int]) -> dict[str, Any]:
    """Return the placement of a layer whose other axes start where they are held."""
    place = placement(image)
    origin, at = np.zeros(image.ndim), np.zeros(image.ndim)
    for axis, index in held.items():
        at[axis] = index
    shift = np.subtract(image.data_to_world(at), image.data_to_world(origin))
    linear = np.asarray(image.affine.linear_matrix)
    place["translate"] = image.translate + np.linalg.solve(linear, shift)
    return place


def make_labels(
    image: Any, store: LabelStore, time_axis: int, held: Mapping[int, int]
) -> Labels:
    """Make the layer that shows the label stack over an image.

    Axes other than time have length 1 and lie where the image is held.
    """
    return Labels(
        expand(store, time_axis, image.ndim - 2),
        name=f"{image.name} objects",
        opacity=0.5,
        colormap=object_colormap(),
        **label_placement(image, held),
    )


def make_points(image: Any) -> Points:
    """Make an empty layer for clicks on an image."""
    return Points(
        ndim=image.ndim,
        name=f"{image.name} clicks",
        features=_no_rows(TRACK_ID, POSITIVE),
        feature_defaults={TRACK_ID: 1, POSITIVE: True},
        size=max(4.0, plane_size(image) / 40),
        border_color="white",
        canvas_size_limits=(0, 14),
        **placement(image),
    )


def make_shapes(image: Any) -> Shapes:
    """Make an empty layer for boxes, outlines and scribbles on an image."""
    return Shapes(
        ndim=image.ndim,
        name=f"{image.name} boxes",
        features=_no_rows(TRACK_ID, POSITIVE),
        feature_defaults={TRACK_ID: 1, POSITIVE: True},
        face_color="transparent",
        edge_width=max(1.0, plane_size(image) / 300),
        opacity=0.9,
        **placement(image),
    )


def plane_size(image: Any) -> float:
    """Return the shorter side of a plane of an image layer in pixels."""
    data = image.data[0] if image.multiscale else image.data
    return float(min(data.shape[-3:-1] if image.rgb else data.shape[-2:]))


def add_columns(layer: Any, track_id: int) -> None:
    """Give a layer of the user the columns that prompts need, if they lack.

    Rows it has already count as positive and as `track_id`.
    """
    table = layer.features.copy()
    missing = False
    if TRACK_ID not in table:
        table[TRACK_ID] = np.full(len(layer.data), track_id, dtype=np.int64)
        missing = True
    if POSITIVE not in table:
        table[POSITIVE] = np.ones(len(layer.data), dtype=bool)
        missing = True
    if missing:
        layer.features = table
    set_next(layer, track_id, True)


def set_next(layer: Any, track_id: int, positive: bool) -> None:
    """Say which object the next point or shape belongs to.

    `feature_defaults` and never `current_*`, which would rewrite the point
    that was placed last, because napari leaves it selected.
    """
    defaults = {TRACK_ID: track_id, POSITIVE: positive}
    have = layer.feature_defaults
    if all(len(have) and have[k].iloc[0] == v for k, v in defaults.items()):
        return
    layer.feature_defaults = defaults


def end_drawing(layer: Any) -> None:
    """End a shape that is half drawn, as Enter does; one too short for that goes.

    To be called before the layer gets another mode, in which napari would keep
    what is too short. Not while the layer tells of an edit.
    """
    if isinstance(layer, Shapes):
        layer.remove([])


def drop_lost_rows(layer: Any) -> None:
    """Take rows out of the table of a layer that belong to no shape.

    napari forgets this where it drops a shape that was too short, and would give
    the row to the next shape, which would then belong to another object.
    """
    if len(layer.features) > len(layer.data):
        defaults = layer.feature_defaults
        layer.features = layer.features.iloc[: len(layer.data)]
        layer.feature_defaults = defaults


def _no_rows(*columns: str) -> pd.DataFrame:
    dtypes = {TRACK_ID: np.int64, POSITIVE: bool}
    return pd.DataFrame({c: pd.Series(dtype=dtypes[c]) for c in columns})
