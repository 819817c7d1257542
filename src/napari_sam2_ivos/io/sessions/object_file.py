"""One object in a file: what the user says of it, and the state of its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError, PromptError
from napari_sam2_ivos.core.prompts import (
    MAX_TRACK_ID,
    N_CANDIDATES,
    Box,
    FramePrompts,
    Mask,
    Point,
    check_prompts,
)
from napari_sam2_ivos.core.tracks import Track
from napari_sam2_ivos.io.sessions.cells import (
    columns_of,
    known_frames,
    put,
    read_columns,
)

if TYPE_CHECKING:
    from napari_sam2_ivos.io.sessions.json_files import Fields


def object_to_json(track: Track) -> dict[str, Any]:
    """Return everything about an object as JSON has it."""
    frames = known_frames(track)
    return {
        "track_id": track.track_id,
        "name": track.name,
        "class": track.class_name,
        "parent": track.parent,
        "lifespan": [track.lifespan.start, track.lifespan.stop],
        "locked": track.is_locked,
        "prompts": [
            {"frame": frame, **_prompts_to_json(track.prompts[frame])}
            for frame in track.anchors
        ],
        "cells": {"frame": frames.tolist(), **columns_of(track, frames)},
    }


def object_from_json(fields: Fields, shape: tuple[int, int, int]) -> Track:
    """Return the object that a file holds, for a movie of ``(T, Y, X)`` `shape`.

    Raises
    ------
    FormatError
        If anything in it cannot be.
    """
    n_frames, plane_shape = shape[0], shape[1:]
    track = Track(fields.whole("track_id", 1, MAX_TRACK_ID), n_frames)
    track.name, track.class_name = fields.text("name"), fields.text("class")
    if fields.has("parent"):
        track.parent = fields.whole("parent", 1, MAX_TRACK_ID)
    start, stop = fields.wholes("lifespan", 2, 0, n_frames)
    track.lifespan = range(start, max(start, stop))
    track.is_locked = fields.flag("locked")
    for one in fields.each("prompts"):
        frame = one.whole("frame", 0, n_frames - 1)
        track.prompts[frame] = _prompts_from_json(one, plane_shape)
    cells = fields.fields("cells")
    frames = _frames(cells, n_frames)
    put(track, frames, read_columns(cells, len(frames), plane_shape))
    return track


def _frames(cells: Fields, n_frames: int) -> np.ndarray:
    frames = cells.items("frame")
    is_frame = (type(f) is int and 0 <= f < n_frames for f in frames)
    if not all(is_frame) or len(set(frames)) != len(frames):
        raise FormatError(f"'{cells.place}' is damaged: frames of another movie.")
    return np.array(frames, dtype=int)


def _prompts_to_json(prompts: FramePrompts) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if prompts.points:
        known["points"] = [
            {"y": p.y, "x": p.x, "positive": p.positive} for p in prompts.points
        ]
    if prompts.box is not None:
        b = prompts.box
        known["box"] = {"y0": b.y0, "x0": b.x0, "y1": b.y1, "x1": b.x1}
    for name, mask in (("mask", prompts.mask), ("accepted", prompts.accepted)):
        if mask is not None:
            known[name] = mask_to_json(mask)
    if prompts.refines:
        known["refines"] = True
    if prompts.candidate:
        known["candidate"] = prompts.candidate
    return known


def _prompts_from_json(fields: Fields, plane_shape: tuple[int, int]) -> FramePrompts:
    given = fields.each("points") if fields.has("points") else ()
    points = [Point(p.number("y"), p.number("x"), p.flag("positive")) for p in given]
    box = None
    if fields.has("box"):
        b = fields.fields("box")
        box = Box(*(b.number(name) for name in ("y0", "x0", "y1", "x1")))
    masks = {
        name: mask_from_json(fields.fields(name), plane_shape)
        for name in ("mask", "accepted")
        if fields.has(name)
    }
    prompts = FramePrompts(
        tuple(points),
        box,
        masks.get("mask"),
        fields.has("refines") and fields.flag("refines"),
        fields.whole("candidate", 0, N_CANDIDATES - 1)
        if fields.has("candidate")
        else 0,
        masks.get("accepted"),
    )
    try:
        check_prompts(prompts, plane_shape)
    except PromptError as error:
        raise FormatError(f"'{fields.place}' is damaged: {error}") from error
    if not prompts:
        raise FormatError(f"'{fields.place}' is damaged: a frame without prompts.")
    return prompts


def mask_to_json(mask: Mask) -> dict[str, Any]:
    """Return a mask as where it lies and COCO's uncompressed RLE of the crop.

    ``counts`` are lengths of runs down the columns, of background first.
    """
    pixels = mask.pixels.ravel(order="F")
    edges = np.flatnonzero(np.diff(pixels, prepend=False)).tolist()
    counts = np.diff([0, *edges, pixels.size]).tolist() if pixels.size else []
    return {
        "top": mask.top,
        "left": mask.left,
        "size": list(mask.pixels.shape),
        "counts": counts,
    }


def mask_from_json(fields: Fields, plane_shape: tuple[int, int]) -> Mask:
    """Return a mask of a frame of ``(Y, X)`` `plane_shape`, or raise `FormatError`."""
    top = fields.whole("top", 0, plane_shape[0])
    left = fields.whole("left", 0, plane_shape[1])
    height, width = fields.wholes("size", 2, 0, max(plane_shape))
    counts = fields.items("counts")
    if (
        any(type(n) is not int or n < 0 for n in counts)
        or sum(counts) != height * width
    ):
        raise FormatError(f"'{fields.place}' is damaged: counts do not fill its size.")
    values = np.arange(len(counts)) % 2 == 1
    pixels = np.repeat(values, counts).reshape((height, width), order="F")
    return Mask(top, left, np.ascontiguousarray(pixels))
