"""Edits of whole objects.

Each is one action of `Session.history`, checks everything before it changes
anything, and touches no other object than those named.
"""

from napari_sam2_ivos.core.edits.existing import adopt_stack, take_over
from napari_sam2_ivos.core.edits.identity import reassign, split, swap
from napari_sam2_ivos.core.edits.lives import (
    cut,
    delete_frames,
    divide,
    fill_gap,
    set_parent,
)
from napari_sam2_ivos.core.edits.notes import (
    accept,
    mark_fine,
    reopen,
    set_class,
    set_locked,
    set_name,
)

__all__ = [
    "accept",
    "adopt_stack",
    "cut",
    "delete_frames",
    "divide",
    "fill_gap",
    "mark_fine",
    "reassign",
    "reopen",
    "set_class",
    "set_locked",
    "set_name",
    "set_parent",
    "split",
    "swap",
    "take_over",
]
