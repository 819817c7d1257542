"""Where the model looks for an object: the whole frame, or a window that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam2_ivos.core.views import LookAt, View
from napari_sam2_ivos.engine.planes import are_large

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.prompts import FramePrompts
    from napari_sam2_ivos.engine.memory import Memory

TIMES_THE_OBJECT = 5.5
"""Side of a window over the longer side of the object in it. At the bundled model's
256 an object has 47 pixels then (docs/architecture.md has what others give)."""

FINEST = 4.0
"""Times that a window is enlarged at most: more shows nothing more."""

STEP = 2**0.5
"""How much larger each window is than the next smaller one."""

MOST_OF_FRAME = 0.7
"""Share of the frame's longer side from which on a window shows hardly more detail."""

LARGEST = 2048
"""Side of the largest window in which a click is tried where planes are too large to be
read whole, pixels."""

LARGE_ON_GRID = 8.0
"""Cells of the mask grid over the whole frame that an object is long, from which on
the whole frame shows it well enough."""

SMALLEST_ON_GRID = 3.0
"""Cells of the mask grid that an object is long at least, to be looked for at all."""

STAY = 1.5
"""How much too large or too small for its object a window may be before it changes."""

STAY_WHOLE = 1.2
"""How much too small for the whole frame an object may be before it gets a window."""

N_SIZES = 3
"""Memories whose median is the size of an object: one bad mask changes no window, and
more of them lag behind an object that shrinks."""

LATTICE = 1 / 3
"""Windows lie at multiples of this share of their side, so that neighbours share them
and that they stay where they are while an object moves a little: with 1/20 there are
three times as many, with 1/2 irregular cells are lost more often."""

OFF_CENTRE = 0.25
"""How far from the middle of its window an object may be before the window moves, as
a share of its side."""

PERSISTENCE = 0.5
"""Share of the last step that is expected to be made again."""


class Look(NamedTuple):
    """Where the model looks, and what it expects there.

    Parameters
    ----------
    view : View
    y, x : float
        Where in the plane the object should be.
    size : float
        How long it should be, pixels; 0 if nobody knows.
    """

    view: View
    y: float
    x: float
    size: float


@dataclass(frozen=True)
class Windows:
    """Chooses the view in which an object is prompted, tracked and searched.

    What it chooses follows from the object's own prompts and masks, whatever other
    objects there are.

    Parameters
    ----------
    plane_shape : (int, int)
        Height and width of a plane, pixels.
    input_size, window_size : int
        Side of the model's input for the whole frame and for windows, pixels.
    look_at : {"automatic", "windows", "whole-frame"}
    """

    plane_shape: tuple[int, int]
    input_size: int
    window_size: int
    look_at: LookAt

    @property
    def whole(self) -> View:
        """The whole frame."""
        return View.whole(self.plane_shape)

    @property
    def may_look_at_whole(self) -> bool:
        """Whether the whole frame may be tried: not large ones, unless asked for."""
        return self.look_at == "whole-frame" or not are_large(self.plane_shape)

    @property
    def sides(self) -> list[int]:
        """Sides of windows, smallest first, in pixels of the movie."""
        if self.look_at == "whole-frame":
            return []
        shortest, most = min(self.plane_shape), MOST_OF_FRAME * max(self.plane_shape)
        side, sides = self.window_size / FINEST, []
        while side < min(shortest, most):
            sides.append(round(side))
            side *= STEP
        # In a long frame, a square as high as the frame is not squeezed as it is.
        return [*sides, shortest] if shortest <= most else sides

    def look(self, y: float, x: float, size: float) -> Look:
        """Look at a place for an object so many pixels long."""
        if self._is_seen_whole(size):
            return Look(self.whole, y, x, size)
        wanted = max(size, 1.0) * TIMES_THE_OBJECT
        side = min(self.sides, key=lambda s: abs(np.log(s / wanted)))
        return Look(self._around(y, x, side), y, x, size)

    def anywhere(self) -> Look:
        """Look somewhere, for an object that is not there, at as little as can be."""
        y, x = self.whole.centre
        return self.look(y, x, 0.0)

    def follow(self, past: Sequence[tuple[int, Memory]], frame: int) -> Look:
        """Look where an object should be by now.

        Parameters
        ----------
        past : sequence of (int, Memory)
            Frames and what was remembered of them, nearest first; not empty.
        frame : int
        """
        at, last = past[0]
        if np.isnan(last.extent.y):
            return Look(last.view, *last.view.centre, 0.0)
        y, x = last.extent.y, last.extent.x
        for before, memory in past[1:2]:
            if not np.isnan(memory.extent.y):
                n = PERSISTENCE * (frame - at) / (at - before)
                y += n * (last.extent.y - memory.extent.y)
                x += n * (last.extent.x - memory.extent.x)
        height, width = self.plane_shape
        y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
        sizes = [self.size_of(memory) for _, memory in past[:N_SIZES]]
        sizes = [size for size in sizes if size > 0]
        # What has left the frame in part is no smaller for it.
        size = max(sizes) if self._touches_border(last) else float(np.median(sizes))
        if not self._suits(last.view, size):
            return self.look(y, x, size)
        view = last.view
        middle_y, middle_x = view.centre
        off = max(abs(y - middle_y), abs(x - middle_x)) / view.height
        if view != self.whole and off > OFF_CENTRE:
            view = self._around(y, x, view.height)
        return Look(view, y, x, size)

    def larger(self, look: Look) -> Look | None:
        """Look at more: twice as much, then the whole frame.

        None if it was that, or if the object would be too small to be seen there.
        """
        if look.view == self.whole:
            return None
        smallest, side = look.size / SMALLEST_ON_GRID, 2 * look.view.height
        if side <= self.sides[-1]:
            is_seen = smallest * self.window_size / 4 >= side
            wider = self._around(look.y, look.x, side)
        else:
            longest = max(self.plane_shape)
            is_seen = smallest * self.input_size / 4 >= longest
            is_seen &= self.may_look_at_whole
            wider = self.whole
        return look._replace(view=wider) if is_seen else None

    def ladder(self, y: float, x: float) -> list[Look]:
        """Look at a place in ever larger views, for an object of any size."""
        sides = self.sides[::2]
        if self.may_look_at_whole:
            last = [Look(self.whole, y, x, 0.0)]
        else:
            last, sides = [], [side for side in sides if side <= LARGEST]
        return [Look(self._around(y, x, side), y, x, 0.0) for side in sides] + last

    def holds(self, look: Look, prompts: FramePrompts) -> bool:
        """Whether all of a frame's prompts that have to be seen are seen."""
        needed = self._needed(prompts)
        return needed is None or look.view.holds(*needed)

    def holding(self, look: Look, prompts: FramePrompts) -> Look:
        """Look at no less than the prompts of a frame."""
        needed = self._needed(prompts)
        if needed is None or look.view.holds(*needed):
            return look
        y0, x0, y1, x1 = needed
        y0, y1 = min(y0, look.y), max(y1, look.y)
        x0, x1 = min(x0, look.x), max(x1, look.x)
        y, x, view = (y0 + y1) / 2, (x0 + x1) / 2, self.whole
        for side in self.sides:
            window = self._around(y, x, side)
            if side >= look.view.height and window.holds(y0, x0, y1, x1):
                view = window
                break
        return look._replace(view=view)

    def at_scale_of(self, view: View, memory: Memory) -> View:
        """Return where what is remembered lay, at the scale of a view."""
        if memory.view[2:] == view[2:]:
            return memory.view
        if view == self.whole:
            return view
        y, x = memory.extent.y, memory.extent.x
        if np.isnan(y):
            y, x = memory.view.centre
        return self._around(y, x, view.height)

    def size_of(self, memory: Memory) -> float:
        """Return how long an object is, the longer side of its box, pixels; 0 for none.

        Its extent reaches half a cell of the mask grid further on each side.
        """
        view, extent = memory.view, memory.extent
        if np.isnan(extent.y):
            return 0.0
        n_cells = (self.input_size if view == self.whole else self.window_size) / 4
        height = extent.y_max - extent.y_min - view.height / n_cells
        width = extent.x_max - extent.x_min - view.width / n_cells
        return float(max(height, width))

    def cuts(self, memory: Memory) -> bool:
        """Whether a mask reaches to the border of its window, and may go on beyond."""
        view, inside = memory.view, memory.low_res > 0
        height, width = self.plane_shape
        return bool(
            (view.top > 0 and inside[0].any())
            or (view.left > 0 and inside[:, 0].any())
            or (view.rows.stop < height and inside[-1].any())
            or (view.columns.stop < width and inside[:, -1].any())
        )

    # ---- inside ----------------------------------------------------------

    def _is_seen_whole(self, size: float) -> bool:
        """Whether an object so many pixels long is looked at in the whole frame."""
        if not self.sides:
            return True
        if size * TIMES_THE_OBJECT > self.sides[-1] * STEP:
            return True
        on_grid = size / max(self.plane_shape) * self.input_size / 4
        is_well_seen = on_grid >= LARGE_ON_GRID and self.may_look_at_whole
        return self.look_at == "automatic" and is_well_seen

    def _needed(
        self, prompts: FramePrompts
    ) -> tuple[float, float, float, float] | None:
        """Return the box ``(y0, x0, y1, x1)`` of the prompts that have to be seen.

        "Not this" outside what is looked at is obeyed anyway: no mask reaches there.
        """
        points = [p for p in prompts.points if p.positive]
        if not points and prompts.box is None:
            return None
        ys, xs = [p.y for p in points], [p.x for p in points]
        if prompts.box is not None:
            ys += [prompts.box.y0, prompts.box.y1]
            xs += [prompts.box.x0, prompts.box.x1]
        height, width = self.plane_shape
        y0, y1 = np.clip([min(ys), max(ys)], -0.5, height - 0.5).tolist()
        x0, x1 = np.clip([min(xs), max(xs)], -0.5, width - 0.5).tolist()
        return y0, x0, y1, x1

    def _touches_border(self, memory: Memory) -> bool:
        """Whether a mask reaches to the border of the frame."""
        height, width = self.plane_shape
        e = memory.extent
        return bool(
            e.y_min <= 0
            or e.x_min <= 0
            or e.y_max >= height - 1
            or e.x_max >= width - 1
        )

    def _suits(self, view: View, size: float) -> bool:
        """Whether an object of a size may go on being looked at in a view as large."""
        if view == self.whole:
            return self._is_seen_whole(size * STAY_WHOLE)
        if self._is_seen_whole(size / STAY):
            return False
        return 1 / STAY <= view.height / (size * TIMES_THE_OBJECT) <= STAY

    def _around(self, y: float, x: float, side: int) -> View:
        """Return the window of a side around a place, inside the plane."""
        step = LATTICE * side
        top, left = (
            round(min(max(round((at - side / 2) / step) * step, 0), n - side))
            for at, n in zip((y, x), self.plane_shape, strict=True)
        )
        return View(top, left, side, side)
