"""All keys, in one table: shown in the panel, listed in the README.

napari asks the active layer for a key before it asks the viewer, and a layer
itself before its class. So the first key of each action is one that no napari
layer uses: bound on the viewer, it works whatever is active. The others are
easier to remember, or those of X-AnyLabeling, and napari uses them on some
kind of layer; they are bound on our layers and the image too and work while one
of these is active (`key_bindings`).

- napari leaves the letters G H J K N Q U W free. With Shift each of them does
  what is related: Q and W click, Shift+Q and Shift+W scribble; N makes a new object,
  Shift+N many from a layer; K clears a frame, Shift+K deletes the object; G tracks,
  Shift+G pauses; H paints, Shift+H hides.
- Of the letters that napari uses we take those whose use nobody misses who works
  with this program. D E F I R T X are modes of Shapes or Labels that have a number
  too or that the tools replace, B keeps labels, which the session does, M is napari's
  new label, O X Y turn a plane in 3-D. With Shift most do the same on every layer.
  Left alone: A (select all), C (contrast), L (pick a label), P, S and Z (modes of
  every layer), V (hide a layer).
- Undo is ours on our Labels layer too, where napari's own would bring back pixels
  that were computed anew since. On a Labels layer of the user it stays napari's.
- Not taken: Space (pan), numbers (modes of layers), arrows (frames), Delete and
  Backspace (selected clicks), Enter and Escape (end an outline), ``[ ]`` (brush),
  Home, End, and Ctrl with C, V, Y, R, E, T or G.

Shift with a key other than a letter or one with a name does not reach napari.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """What a key does.

    Attributes
    ----------
    action : str
        Name under which a view offers it, and of the setting that changes it.
    keys : tuple of str
        In napari's spelling; Ctrl is Cmd on a Mac. What it is if nobody changes it.
    doc : str
    """

    action: str
    keys: tuple[str, ...]
    doc: str


GROUPS: dict[str, tuple[Key, ...]] = {
    "Prompt": (
        Key("positive", ("Q",), "Click: this is the object"),
        Key("negative", ("W", "E"), "Click: this is not the object"),
        Key("scribble", ("Shift+Q",), "Scribble: this is the object"),
        Key("not_scribble", ("Shift+W",), "Scribble: this is not the object"),
        Key("box", ("U",), "Box"),
        Key("outline", ("J",), "Outline"),
        Key("paint", ("H",), "Paint the mask"),
        Key("erase", ("Shift+X", "X"), "Erase from the mask"),
        Key("candidate", ("Shift+M", "M"), "Another mask for the click"),
        Key("clear_frame", ("K", "B"), "Clear the prompts on this frame"),
        Key("undo", ("Ctrl+Z",), "Undo"),
        Key("redo", ("Ctrl+Shift+Z",), "Redo"),
    ),
    "Objects": (
        Key("new_object", ("N", "F"), "New object"),
        Key("take_over", ("Shift+N",), "New objects from a Labels layer"),
        Key("next_object", ("PageDown",), "Next object"),
        Key("previous_object", ("PageUp",), "Previous object"),
        Key("divide", ("Shift+D", "D"), "The object divides here"),
        Key("delete_object", ("Shift+K",), "Delete the object"),
    ),
    "Track": (
        Key("track", ("G",), "Track, or stop tracking"),
        Key("pause", ("Shift+G",), "Pause, or go on"),
    ),
    "Review": (
        Key("next_place", ("Shift+T", "T"), "Next place to check"),
        Key("previous_place", ("Shift+R", "R"), "Previous place to check"),
        Key("accept", ("Shift+Y", "Y"), "Yes: accept the mask on this frame"),
        Key("looks_fine", ("Shift+O", "O"), "OK: this place is fine"),
        Key("next_prompt", ("Shift+Right",), "Next prompt of the object"),
        Key("previous_prompt", ("Shift+Left",), "Previous prompt of the object"),
    ),
    "View": (
        Key("hide", ("Shift+H",), "Hide the object, or show it"),
        Key("isolate", ("Shift+I", "I"), "Show only this object, or all"),
    ),
}

KEYS = tuple(key for group in GROUPS.values() for key in group)
