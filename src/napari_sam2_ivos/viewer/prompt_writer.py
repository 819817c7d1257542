"""Prompts of the session written into layers, for sessions not made by clicking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.viewer.layers import POSITIVE, TRACK_ID

if TYPE_CHECKING:
    from collections.abc import Container

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.reading import Cell, Target


def write_prompts(
    session: Session,
    target: Target,
    points: Any | None,
    shapes: Any | None,
    skip: Container[Cell] = (),
) -> None:
    """Add the points and boxes of a session to its layers; masks have no row.

    Parameters
    ----------
    session : Session
    target : Target
    points, shapes : napari layers or None
        Layers placed like the image; None leaves that kind out.
    skip : container of (track ID, frame)
        Cells that some layer shows already.
    """
    rows: list[np.ndarray] = []
    features: list[tuple[int, bool]] = []
    boxes: list[np.ndarray] = []
    owners: list[int] = []
    for track in session.tracks.values():
        for frame, prompts in track.prompts.items():
            if (track.track_id, frame) in skip:
                continue
            for point in prompts.points:
                rows.append(_at(target, frame, point.y, point.x))
                features.append((track.track_id, point.positive))
            if prompts.box is not None:
                b = prompts.box
                corners = ((b.y0, b.x0), (b.y0, b.x1), (b.y1, b.x1), (b.y1, b.x0))
                boxes.append(np.array([_at(target, frame, y, x) for y, x in corners]))
                owners.append(track.track_id)
    if points is not None and rows:
        table = points.features.copy()
        points.data = np.vstack([points.data, rows])
        table = table.reindex(range(len(points.data)))
        ids, signs = zip(*features, strict=True)
        table[TRACK_ID] = [*table[TRACK_ID][: -len(rows)], *ids]
        table[POSITIVE] = [*table[POSITIVE][: -len(rows)], *signs]
        points.features = table.astype({TRACK_ID: np.int64, POSITIVE: bool})
        points.selected_data = set()
    if shapes is not None and boxes:
        before = [int(v) for v in shapes.features[TRACK_ID]]
        shapes.add(boxes, shape_type="rectangle")
        table = shapes.features.copy()
        table[TRACK_ID] = np.array(before + owners, dtype=np.int64)
        shapes.features = table
        shapes.selected_data = set()


def _at(target: Target, frame: int, y: float, x: float) -> np.ndarray:
    """Return a position in the image as a row of a layer placed like it."""
    row = np.zeros(target.image.ndim)
    row[target.time_axis] = frame
    for axis, index in target.held.items():
        row[axis] = index
    row[-2:] = y, x
    return row


def drop_rows(layer: Any, rows: set[int]) -> None:
    """Remove rows of a Points or Shapes layer, whatever is selected."""
    if rows:
        layer.selected_data = set(rows)
        layer.remove_selected()
