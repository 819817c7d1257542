"""The tools for prompting, and the napari layer and mode behind each."""

from __future__ import annotations

from enum import StrEnum


class Tool(StrEnum):
    """What the next click in the canvas does."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    BOX = "box"
    OUTLINE = "outline"
    PAINT = "paint"
    ERASE = "erase"

    @property
    def kind(self) -> str:
        """Which of the layers it works on: "points", "shapes" or "labels"."""
        return _LAYER_AND_MODE[self][0]

    @property
    def mode(self) -> str:
        """The mode of that layer."""
        return _LAYER_AND_MODE[self][1]

    @property
    def hint(self) -> str:
        """What to do with it, in one sentence."""
        return _HINTS[self]


_LAYER_AND_MODE = {
    Tool.POSITIVE: ("points", "add"),
    Tool.NEGATIVE: ("points", "add"),
    Tool.BOX: ("shapes", "add_rectangle"),
    Tool.OUTLINE: ("shapes", "add_polygon"),
    Tool.PAINT: ("labels", "paint"),
    Tool.ERASE: ("labels", "erase"),
}

_HINTS = {
    Tool.POSITIVE: "Click on the object. Its mask appears at once.",
    Tool.NEGATIVE: "Click on what does not belong to the object.",
    Tool.BOX: "Drag a box around the object.",
    Tool.OUTLINE: "Click along the edge of the object; double-click to finish.",
    Tool.PAINT: "Paint the object. The mask is taken exactly as painted.",
    Tool.ERASE: "Rub out what does not belong to the object.",
}
