"""Colours of objects: bright on dark images, neighbours in ID far apart in hue."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.utils.colormaps import CyclicLabelColormap

# fmt: off
_HEX = (
    "e6a000", "56b4e9", "d16ba5", "3ecf8e", "f0e442", "ff7350", "8c9eff", "9be15d",
    "ff9ed8", "2dd4cf", "ffc27a", "b07cff", "c9d94a", "6fd3ff", "ff6b8b", "63e6be",
    "e3b7ff", "d4a017", "7fb3ff", "f78fb3", "a3e635", "ff8f3f", "5eead4", "c4a5ff",
    "ffd84d", "4fc3a1", "ff87c3", "90caf9", "d7e08a", "e57373",
)
# fmt: on


def object_colormap() -> Any:
    """Return the colormap of the Labels layer; 0 is transparent, IDs repeat."""
    rgb = [[int(h[i : i + 2], 16) / 255 for i in (0, 2, 4)] for h in _HEX]
    colours = np.array([[0, 0, 0, 0], *([*c, 1] for c in rgb)], dtype=np.float32)
    return CyclicLabelColormap(
        name="objects",
        colors=colours,
        controls=np.linspace(0, 1, len(colours) + 1),
        interpolation="zero",
        background_value=0,
    )
