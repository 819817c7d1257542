"""Prompts of the session written into layers, for sessions not made by clicking."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes

from napari_sam2_ivos.core.prompts import FramePrompts
from napari_sam2_ivos.viewer.layers import POSITIVE, TRACK_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from napari_sam2_ivos.core.prompts import Box, Point
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.reading import Cell, Reading, Target


def write_prompts(
    session: Session,
    target: Target,
    points: Any | None,
    shapes: Any | None,
    shown: Mapping[Cell, FramePrompts],
) -> None:
    """Add the points and boxes of a session to its layers; masks have no row.

    A scribble that is not shown any more comes back as the clicks it stands for.

    Parameters
    ----------
    session : Session
    target : Target
    points, shapes : napari layers or None
        Layers placed like the image; None leaves that kind out.
    shown : mapping of (track ID, frame) to FramePrompts
        What layers show already.
    """
    rows: list[np.ndarray] = []
    features: list[tuple[int, bool]] = []
    boxes: list[np.ndarray] = []
    owners: list[int] = []
    for track in session.tracks.values():
        for frame, prompts in track.prompts.items():
            there = shown.get((track.track_id, frame), FramePrompts())
            missing = _counted(prompts.points) - _counted(there.points)
            for point in missing.elements():
                rows.append(_at(target, frame, point.y, point.x))
                features.append((track.track_id, point.positive))
            if prompts.box is not None and there.box is None:
                b = prompts.box
                corners = ((b.y0, b.x0), (b.y0, b.x1), (b.y1, b.x1), (b.y1, b.x0))
                boxes.append(np.array([_at(target, frame, y, x) for y, x in corners]))
                owners.append(track.track_id)
    if points is not None and rows:
        points.data = np.vstack([points.data, rows])
        _fill_last(points, *zip(*features, strict=True))
    if shapes is not None and boxes:
        shapes.add(boxes, shape_type="rectangle")
        _fill_last(shapes, owners, [True] * len(owners))


def _fill_last(layer: Any, ids: Sequence[int], signs: Sequence[bool]) -> None:
    """Say whose the rows are that a layer has got last."""
    table = layer.features.copy()
    last = table.index[-len(ids) :]
    table.loc[last, TRACK_ID] = ids
    table.loc[last, POSITIVE] = signs
    layer.features = table
    layer.selected_data = set()


def _at(target: Target, frame: int, y: float, x: float) -> np.ndarray:
    """Return a position in the image as a row of a layer placed like it."""
    row = np.zeros(target.image.ndim)
    row[target.time_axis] = frame
    for axis, index in target.held.items():
        row[axis] = index
    row[-2:] = y, x
    return row


def wrong_rows(reading: Reading, session: Session) -> dict[Any, set[int]]:
    """Return the rows of layers, by layer, that say what the session does not."""
    left = {cell: _counted(session.prompts(*cell).points) for cell in reading.prompts}
    wrong: dict[Any, set[int]] = {}
    for (layer, row), (cell, said) in reading.rows.items():
        wanted, points = session.prompts(*cell), _counted(said.points)
        is_right = (
            points <= left[cell]
            and (said.box is None or _is_near(said.box, wanted.box))
            and (said.mask is None or reading.prompts[cell].mask == wanted.mask)
        )
        if is_right:
            left[cell] -= points
        else:
            wrong.setdefault(layer, set()).add(row)
    return wrong


def _counted(points: Iterable[Point]) -> Counter[Point]:
    """Count points, those as one that only differ by what layers make of numbers."""
    return Counter(replace(p, y=round(p.y, 3), x=round(p.x, 3)) for p in points)


def _is_near(a: Box, b: Box | None) -> bool:
    return b is not None and bool(np.allclose(astuple(a), astuple(b), atol=1e-3))


def drop_rows(layer: Any, rows: set[int]) -> None:
    """Remove rows of a Points or Shapes layer, whatever is selected."""
    if not rows:
        return
    mode = layer.mode
    if isinstance(layer, Shapes):
        # napari tells of a shape before it is done with drawing it, and removing
        # would have it end the drawing a second time, which fails
        layer.mode = "pan_zoom"
    layer.selected_data = set(rows)
    layer.remove_selected()
    layer.mode = mode
