"""What the rows of Points and Shapes layers say about objects and frames."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from napari.layers import Points

from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.prompts import (
    FramePrompts,
    Point,
    check_prompts,
    check_track_id,
)
from napari_sam2_ivos.viewer.axes import axis_name, layer_to_layer
from napari_sam2_ivos.viewer.layers import POSITIVE, TRACK_ID
from napari_sam2_ivos.viewer.outlines import CLOSED, corners_box, outline_mask
from napari_sam2_ivos.viewer.scribbles import OPEN, scribble_points

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_sam2_ivos.core.movie import Movie

Cell: TypeAlias = tuple[int, int]
"""Track ID and frame."""


@dataclass(frozen=True)
class Reading:
    """Prompts by cell, and what was drawn but cannot be used.

    Attributes
    ----------
    prompts : dict of (track ID, frame) to FramePrompts
    problems : dict of str to None
        One sentence per thing that cannot be used, in order.
    unused : list of (layer, row)
    rows : dict of (layer, row) to (Cell, FramePrompts)
        What each row that is used says, by itself.
    """

    prompts: dict[Cell, FramePrompts] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)
    unused: list[tuple[Any, int]] = field(default_factory=list)
    rows: dict[tuple[Any, int], tuple[Cell, FramePrompts]] = field(default_factory=dict)

    def unused_rows(self, layer: Any) -> set[int]:
        """Return the rows of a layer that are not used."""
        return {row for owner, row in self.unused if owner == layer}


@dataclass(frozen=True)
class Target:
    """What prompts are read for: an image layer and the movie in it.

    Parameters
    ----------
    image : napari.layers.Image
    movie : Movie
    time_axis : int
    held : mapping of int to int
        Where the other axes are held.
    others : tuple of napari.layers.Image
        Layers whose channels the movie holds too.
    """

    image: Any
    movie: Movie
    time_axis: int
    held: Mapping[int, int]
    others: tuple[Any, ...] = ()


def read_layers(layers: Iterable[Any], target: Target) -> Reading:
    """Read all prompts of Points and Shapes layers.

    A prompt belongs to the frame it lies on, whatever is on screen. Clicks come
    before scribbles, whichever layer is older; clicks and scribbles correct an
    outline of the same object and frame. What cannot be used is named in
    `problems` and leaves the others as they are.
    """
    reading = Reading()
    for layer in sorted(layers, key=lambda layer: not isinstance(layer, Points)):
        if layer.ndim < target.image.ndim:
            reading.problems[
                f"'{layer.name}' has no time axis, so that it lies on every frame."
                " Press New object to get layers that fit the movie."
            ] = None
        elif isinstance(layer, Points):
            _read_points(layer, target, reading)
        else:
            _read_shapes(layer, target, reading)
    for (layer, row), (cell, said) in list(reading.rows.items()):
        prompts = reading.prompts[cell]
        if said.box is not None and prompts.mask is not None:
            reading.prompts[cell] = replace(prompts, box=None)
            del reading.rows[layer, row]
            reason = (
                f"Object {cell[0]} has an outline on frame {cell[1]}: the box beside it"
                " is not used. Click to correct the outline, or delete it to use the"
                " box."
            )
            _refuse(reading, layer, row, reason)
    return reading


def _read_points(layer: Any, target: Target, reading: Reading) -> None:
    rows = _placed(layer, layer.data, target)
    signs = layer.features[POSITIVE].to_numpy()
    for i, row in enumerate(rows):
        try:
            cell = _cell(layer, i, row, target)
            point = Point(float(row[-2]), float(row[-1]), bool(signs[i]))
            said = FramePrompts(points=(point,))
            check_prompts(said, target.movie.plane_shape)
        except PromptError as error:
            _refuse(reading, layer, i, str(error))
            continue
        _use(reading, layer, i, cell, said)


def _read_shapes(layer: Any, target: Target, reading: Reading) -> None:
    for i, (vertices, kind) in enumerate(
        zip(layer.data, layer.shape_type, strict=True)
    ):
        rows = _placed(layer, vertices, target)
        try:
            cell = _cell(layer, i, rows[0], target)
            if np.ptp(rows[:, target.time_axis]) >= 1:
                raise PromptError(
                    "A shape reaches over several frames; draw it on one."
                )
            positive = bool(layer.features[POSITIVE].iloc[i])
            old = reading.prompts.get(cell, FramePrompts())
            said = _said_by(rows[:, -2:], kind, positive, target, old)
            if said.box is not None and old.box is not None:
                raise PromptError(
                    f"Object {cell[0]} has a box on frame {cell[1]} already; the"
                    " second one is not used. Move the first, or press N first to"
                    " begin a new object."
                )
        except PromptError as error:
            _refuse(reading, layer, i, str(error))
            continue
        _use(reading, layer, i, cell, said)


def _placed(layer: Any, rows: Any, target: Target) -> np.ndarray:
    """Return positions in pixels of the movie, to a millionth.

    The way there leads through the world, and the last digits depend on how many
    go together; nobody's prompts may change because there is one more row.
    """
    return layer_to_layer(layer, rows, target.image).round(6)


def _said_by(
    vertices: np.ndarray,
    kind: str,
    positive: bool,
    target: Target,
    beside: FramePrompts,
) -> FramePrompts:
    """Return what a shape says, ``(N, 2)`` vertices in pixels of the movie."""
    shape = target.movie.plane_shape
    if kind in OPEN:
        return FramePrompts(points=scribble_points(vertices, shape, positive))
    if kind in CLOSED:
        return FramePrompts(mask=outline_mask(vertices, kind, shape, beside.mask))
    box = FramePrompts(box=corners_box(vertices))
    check_prompts(box, shape)
    return box


def _use(
    reading: Reading, layer: Any, row: int, cell: Cell, said: FramePrompts
) -> None:
    """Add what a row says to the prompts of its cell."""
    old = reading.prompts.get(cell, FramePrompts())
    reading.prompts[cell] = FramePrompts(
        old.points + said.points, said.box or old.box, said.mask or old.mask
    )
    reading.rows[layer, row] = cell, said


def _refuse(reading: Reading, layer: Any, row: int, reason: str) -> None:
    reading.problems[reason] = None
    reading.unused.append((layer, row))


def _cell(layer: Any, i: int, row: np.ndarray, target: Target) -> Cell:
    """Return the object and frame of a row, or raise if it has none."""
    value = layer.features[TRACK_ID].iloc[i]
    if value != value:
        raise PromptError(
            f"A prompt in '{layer.name}' has no track ID. Type one into the features"
            " table, or delete it and place it again."
        )
    track_id = check_track_id(value)
    if not np.isfinite(row).all():
        raise PromptError(f"A prompt in '{layer.name}' has no position.")
    frame = round(float(row[target.time_axis]))
    if not 0 <= frame < target.movie.n_frames:
        raise PromptError(
            f"A prompt lies on frame {frame}, but '{target.image.name}' has frames 0 to"
            f" {target.movie.n_frames - 1}. It is not used."
        )
    for axis, index in target.held.items():
        found = round(float(row[axis]))
        if found != index:
            name = axis_name(target.image, axis)
            raise PromptError(
                f"A prompt lies on {name} {found}, but '{target.image.name}' is tracked"
                f" on {name} {index}. It is not used; go to {name} {index} first."
            )
    return track_id, frame
