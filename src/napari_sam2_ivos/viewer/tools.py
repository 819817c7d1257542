"""The tools for prompting, and the napari layer and mode behind each."""

from __future__ import annotations

from enum import StrEnum


class Tool(StrEnum):
    """What the next click in the canvas does."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    SCRIBBLE = "scribble"
    NOT_SCRIBBLE = "not_scribble"
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
    def is_positive(self) -> bool:
        """Whether its clicks and scribbles say where the object is, not where not."""
        return self not in (Tool.NEGATIVE, Tool.NOT_SCRIBBLE)

    @property
    def hint(self) -> str:
        """What to do with it, in one sentence."""
        return _HINTS[self]


_LAYER_AND_MODE = {
    Tool.POSITIVE: ("points", "add"),
    Tool.NEGATIVE: ("points", "add"),
    # the only mode in which napari draws an open line while the button is down
    Tool.SCRIBBLE: ("shapes", "add_path"),
    Tool.NOT_SCRIBBLE: ("shapes", "add_path"),
    Tool.BOX: ("shapes", "add_rectangle"),
    Tool.OUTLINE: ("shapes", "add_polygon"),
    Tool.PAINT: ("labels", "paint"),
    Tool.ERASE: ("labels", "erase"),
}

_HINTS = {
    Tool.POSITIVE: "Click on the object. Its mask appears at once.",
    Tool.NEGATIVE: "Click on what does not belong to the object.",
    Tool.SCRIBBLE: "Draw a line along the object, with the mouse button down.",
    Tool.NOT_SCRIBBLE: (
        "Draw a line along what does not belong to the object, with the mouse button"
        " down."
    ),
    Tool.BOX: "Drag a box around the object.",
    Tool.OUTLINE: "Click along the edge of the object; double-click to finish.",
    Tool.PAINT: "Paint the object. The mask is taken exactly as painted.",
    Tool.ERASE: "Rub out what does not belong to the object.",
}
