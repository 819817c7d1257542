"""Clicks and boxes in a table: one row per prompt."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import FormatError, PromptError
from napari_sam2_ivos.core.prompts import (
    Box,
    FramePrompts,
    Point,
    check_prompts,
    check_track_id,
)
from napari_sam2_ivos.io.atomic import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam2_ivos.io.prompts import Prompts

COLUMNS = ("frame", "track_id", "kind", "y", "x", "y2", "x2", "positive")
REQUIRED = COLUMNS[:5]
SIGNS = {
    "": True, "true": True, "1": True, "yes": True, "+": True, "positive": True,
    "false": False, "0": False, "no": False, "-": False, "negative": False,
}  # fmt: skip
MOST_SHOWN = 10
"""Bad lines named one by one; the rest are counted."""


def read_csv(path: Path, *, plane_shape: tuple[int, int], n_frames: int) -> Prompts:
    """Read a table of prompts.

    Columns are separated by commas, semicolons (then a decimal comma is
    understood) or tabs. A point needs y and x, a box also y2 and x2;
    `positive` may be left empty for yes. All coordinates are pixels.

    Returns
    -------
    dict of int to dict of int to FramePrompts
        Track ID to frame to prompts.
    """
    rows, separator = _rows(path)
    prompts: Prompts = {}
    bad: list[str] = []
    for line, row in rows:
        try:
            _add(prompts, _cells(row, separator), plane_shape, n_frames)
        except PromptError as error:
            bad.append(f"line {line}: {error}")
    if bad:
        more = f"\n  and {len(bad) - MOST_SHOWN} more" if len(bad) > MOST_SHOWN else ""
        shown = "\n  ".join(bad[:MOST_SHOWN])
        raise FormatError(
            f"'{path.name}' has prompts that do not fit:\n  {shown}{more}"
        )
    if not prompts:
        raise PromptError(
            f"'{path.name}' holds no prompts. Give at least one line under the header"
            f" {','.join(COLUMNS)}."
        )
    return prompts


def write_prompts(path: str | os.PathLike[str], prompts: Prompts) -> Path:
    """Write points and boxes as a table that `read_csv` reads back.

    Raises
    ------
    FormatError
        If there is a mask among the prompts: a table cannot hold one.
    """
    from pathlib import Path

    with (
        replacing(path) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for track_id, frames in prompts.items():
            for frame, given in frames.items():
                if given.mask is not None:
                    raise FormatError(
                        f"Object {track_id} has a mask on frame {frame}, which a table"
                        " cannot hold. Save the prompts as a label stack."
                    )
                for p in given.points:
                    sign = int(p.positive)
                    table.writerow((frame, track_id, "point", p.y, p.x, "", "", sign))
                if given.box is not None:
                    b = given.box
                    table.writerow((frame, track_id, "box", b.y0, b.x0, b.y1, b.x1, ""))
    return Path(path).expanduser()


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], str]:
    """Rows with their line numbers, and the separator."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            f"'{path.name}' cannot be read as a table: {error}. Save it as CSV (UTF-8)."
        ) from error
    lines = text.splitlines()
    header = lines[0] if lines else ""
    separator = next((s for s in ("\t", ";") if s in header), ",")
    names = [name.strip().strip('"').lower() for name in header.split(separator)]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise FormatError(
            f"'{path.name}' lacks the column{'s' * (len(missing) > 1)}"
            f" {', '.join(missing)}. Its first line should be {','.join(COLUMNS)}."
        )
    rows = []
    for line, cells in enumerate(csv.reader(lines[1:], delimiter=separator), 2):
        if any(cell.strip() for cell in cells):
            padded = cells + [""] * (len(names) - len(cells))
            rows.append((line, dict(zip(names, padded, strict=False))))
    return rows, separator


def _cells(row: Mapping[str, str], separator: str) -> dict[str, str]:
    cells = {name: row.get(name, "").strip().strip('"') for name in COLUMNS}
    if separator == ";":
        for name in ("y", "x", "y2", "x2"):
            cells[name] = cells[name].replace(",", ".")
    return cells


def _add(
    prompts: Prompts,
    cells: Mapping[str, str],
    plane_shape: tuple[int, int],
    n_frames: int,
) -> None:
    """Add the prompt of one row; `PromptError` if there is anything wrong."""
    frame = _whole(cells, "frame")
    if not 0 <= frame < n_frames:
        raise PromptError(
            f"frame {frame} is outside the movie, which has frames 0 to {n_frames - 1}."
        )
    track_id = check_track_id(_whole(cells, "track_id"))
    before = prompts.get(track_id, {}).get(frame, FramePrompts())
    kind = cells["kind"].lower()
    y, x = _number(cells, "y"), _number(cells, "x")
    if kind == "point":
        sign = cells["positive"].lower()
        sign = sign.removesuffix(".0")  # pandas writes 1.0 where a cell is empty
        if sign not in SIGNS:
            raise PromptError(f"positive is '{cells['positive']}' instead of 1 or 0.")
        point = Point(y, x, SIGNS[sign])
        check_prompts(FramePrompts(points=(point,)), plane_shape)
        after = before.with_points((point,))
    elif kind == "box":
        if before.box is not None:
            raise PromptError(f"object {track_id} has a second box on frame {frame}.")
        y2, x2 = _number(cells, "y2"), _number(cells, "x2")
        box = Box(min(y, y2), min(x, x2), max(y, y2), max(x, x2))
        check_prompts(FramePrompts(box=box), plane_shape)
        after = before.with_box(box)
    else:
        raise PromptError(f"kind is '{cells['kind']}' instead of point or box.")
    prompts.setdefault(track_id, {})[frame] = after


def _number(cells: Mapping[str, str], name: str) -> float:
    try:
        value = float(cells[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = f"'{cells[name]}'" if cells[name] else "empty"
        raise PromptError(f"{name} is {shown} instead of a number.")
    return value


def _whole(cells: Mapping[str, str], name: str) -> int:
    value = _number(cells, name)
    if value != int(value):
        raise PromptError(f"{name} is '{cells[name]}' instead of a whole number.")
    return int(value)
