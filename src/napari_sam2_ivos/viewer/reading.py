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
    """

    prompts: dict[Cell, FramePrompts] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)
    unused: list[tuple[Any, int]] = field(default_factory=list)

    def unused_rows(self, layer: Any) -> set[int]:
        """Return the rows of a layer that are not used."""
        return {row for owner, row in self.unused if owner == layer}


@dataclass(frozen=True)
class Target:
    """What prompts are read for: an image layer and the movie in it."""

    image: Any
    movie: Movie
    time_axis: int
    held: Mapping[int, int]


def read_layers(layers: Iterable[Any], target: Target) -> Reading:
    """Read all prompts of Points and Shapes layers.

    A prompt belongs to the frame it lies on, whatever is on screen. What
    cannot be used is named in `problems` and leaves the others as they are.
    """
    reading = Reading()
    for layer in layers:
        if layer.ndim < target.image.ndim:
            reading.problems[
                f"'{layer.name}' has no time axis, so that it lies on every frame."
                " Press New object to get layers that fit the movie."
            ] = None
        elif isinstance(layer, Points):
            _read_points(layer, target, reading)
        else:
            _read_shapes(layer, target, reading)
    for cell, prompts in list(reading.prompts.items()):
        if prompts.mask is not None and (prompts.points or prompts.box):
            reading.prompts[cell] = FramePrompts(mask=prompts.mask)
            reading.problems[
                f"Object {cell[0]} has an outline on frame {cell[1]}, which is taken as"
                " it is: clicks and boxes beside it are not used. Delete the outline to"
                " use them."
            ] = None
    return reading


def _read_points(layer: Any, target: Target, reading: Reading) -> None:
    rows = layer_to_layer(layer, layer.data, target.image)
    signs = layer.features[POSITIVE].to_numpy()
    for i, row in enumerate(rows):
        try:
            cell = _cell(layer, i, row, target)
            point = Point(float(row[-2]), float(row[-1]), bool(signs[i]))
            new = FramePrompts(points=(point,))
            check_prompts(new, target.movie.plane_shape)
        except PromptError as error:
            _refuse(reading, layer, i, str(error))
            continue
        old = reading.prompts.get(cell, FramePrompts())
        reading.prompts[cell] = replace(old, points=(*old.points, point))


def _read_shapes(layer: Any, target: Target, reading: Reading) -> None:
    shape = target.movie.plane_shape
    for i, (vertices, kind) in enumerate(
        zip(layer.data, layer.shape_type, strict=True)
    ):
        rows = layer_to_layer(layer, vertices, target.image)
        try:
            cell = _cell(layer, i, rows[0], target)
            if np.ptp(rows[:, target.time_axis]) >= 1:
                raise PromptError(
                    "A shape reaches over several frames; draw it on one."
                )
            old = reading.prompts.get(cell, FramePrompts())
            if kind == "rectangle":
                if old.box is not None:
                    raise PromptError(
                        f"Object {cell[0]} has a box on frame {cell[1]} already; the"
                        " second one is not used. Move the first, or press N first to"
                        " begin a new object."
                    )
                new = replace(old, box=corners_box(rows[:, -2:]))
                check_prompts(FramePrompts(box=new.box), shape)
            elif kind in CLOSED:
                new = replace(
                    old, mask=outline_mask(rows[:, -2:], kind, shape, old.mask)
                )
            else:
                raise PromptError(
                    f"A {kind} is not a prompt. Draw a closed outline (polygon or"
                    " ellipse), a box, or click."
                )
        except PromptError as error:
            _refuse(reading, layer, i, str(error))
            continue
        reading.prompts[cell] = new


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
