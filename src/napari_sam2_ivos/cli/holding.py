"""Where to hold the axes of a movie that are neither time nor the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import MovieError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.io.sources import Source


def held_axes(chosen: Sequence[str], source: Source) -> dict[int, int]:
    """Read ``AXIS=INDEX``, the axis being a letter of `source.axes` or a number.

    Raises
    ------
    MovieError
        If there is no such axis, or it is not one that can be held.
    """
    others = [axis for axis in _outer(source) if axis != source.time_axis]
    names = ", ".join(
        f"{source.axes[axis]} (0 to {source.data.shape[axis] - 1})" for axis in others
    )
    held: dict[int, int] = {}
    for text in chosen:
        name, _, index = text.partition("=")
        axis = int(name) if name.isdigit() else source.axes.find(name.strip().upper())
        if axis not in others or not index.strip().isdigit():
            raise MovieError(
                f"--hold {text} does not fit '{source.name}'. It takes AXIS=INDEX with"
                f" one of: {names or 'no axis; this movie has time and a plane only'}."
            )
        held[axis] = int(index)
    return held


def _outer(source: Source) -> range:
    return range(len(source.data.shape) - (3 if source.rgb else 2))
