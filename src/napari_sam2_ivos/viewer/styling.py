"""Colours and symbols of prompts: the object's colour, the sign's symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.viewer.layers import POSITIVE, TRACK_ID
from napari_sam2_ivos.viewer.scribbles import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy.typing as npt

_WHITE, _BLACK = np.array([[1, 1, 1, 1], [0, 0, 0, 1]], np.float32)

_CROSS = "✕"

UNUSED = (0.55, 0.55, 0.55, 1.0)
"""Colour of a prompt that is drawn but not used; the message said why."""


def colours_of(
    layer: Any, color_of: Callable[[int], Any], unused: Collection[int]
) -> npt.NDArray[np.float32]:
    """Return one RGBA colour per row of a prompt layer."""
    colours = np.tile(np.asarray(UNUSED, np.float32), (len(layer.data), 1))
    known: dict[int, npt.NDArray[np.float32]] = {}
    for row, value in enumerate(layer.features[TRACK_ID].to_numpy()):
        if row in unused or value != value or value <= 0:
            continue
        track_id = int(value)
        if track_id not in known:
            known[track_id] = np.asarray(color_of(track_id), np.float32)
        colours[row, :3] = known[track_id][:3]
    return colours


def style_points(
    layer: Any, color_of: Callable[[int], Any], unused: Collection[int] = ()
) -> None:
    """Colour points by object; a disc is positive, a cross is negative."""
    if not len(layer.data):
        return
    colours = colours_of(layer, color_of, unused)
    positive = layer.features[POSITIVE].to_numpy().astype(bool)
    layer.face_color = colours
    layer.border_color = np.where(positive[:, None], _WHITE, _BLACK)
    layer.symbol = np.where(positive, "disc", "x").tolist()


def style_shapes(
    layer: Any, color_of: Callable[[int], Any], unused: Collection[int] = ()
) -> None:
    """Colour shapes by object; a negative scribble is dark and bears a cross.

    napari draws no dashed lines. Dark line and bright cross are seen on images of
    any brightness, one or the other at least.
    """
    if not len(layer.data):
        return
    colours = colours_of(layer, color_of, unused)
    positive = layer.features[POSITIVE].to_numpy().astype(bool)
    negative = ~positive & np.isin(layer.shape_type, OPEN)
    lines = colours.copy()
    lines[negative, :3] *= 0.45
    layer.edge_color = lines
    crosses = np.where(negative, _CROSS, "")
    if _CROSS in crosses or _CROSS in layer.text.values:  # else it is the user's
        layer.text = {"string": crosses.tolist(), "color": colours, "size": 15}
