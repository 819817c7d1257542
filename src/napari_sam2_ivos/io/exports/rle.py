"""Masks as the run lengths of COCO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pycocotools import mask as coco_mask

if TYPE_CHECKING:
    from napari_sam2_ivos.core.prompts import Mask


def encode(mask: Mask, plane_shape: tuple[int, int]) -> dict[str, Any]:
    """Return a mask as compressed run lengths.

    They run down the columns of the plane, one column after the other, and begin with
    background. Only the crop is looked at: a whole plane for each of hundreds of
    objects would take 40 times as long.

    Parameters
    ----------
    mask : Mask
    plane_shape : tuple of int
        ``(Y, X)``.

    Returns
    -------
    dict
        ``{"size": [Y, X], "counts": str}``, which `pycocotools.mask` decodes.
    """
    height, width = plane_shape
    rows, columns = mask.pixels.shape
    framed = np.zeros((columns, rows + 2), bool)
    framed[:, 1:-1] = mask.pixels.T
    column, row = np.nonzero(framed[:, 1:] != framed[:, :-1])
    changes = (column + mask.left) * height + row + mask.top
    # A run that reaches the foot of a column goes on at the head of the next.
    goes_on = np.flatnonzero(changes[1:] == changes[:-1])
    changes = np.delete(changes, [goes_on, goes_on + 1])
    counts = np.diff(changes, prepend=0, append=height * width).tolist()
    if counts[-1] == 0:
        counts.pop()
    runs = {"size": [height, width], "counts": counts}
    made = coco_mask.frPyObjects(runs, height, width)
    return {"size": [height, width], "counts": made["counts"].decode("ascii")}
