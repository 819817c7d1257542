"""Label stacks as plain numpy files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.atomic import replacing
from napari_sam2_ivos.io.labels import planes_of

if TYPE_CHECKING:
    import os

    from napari_sam2_ivos.core.ports import LabelStore


def write_npy(path: str | os.PathLike[str], labels: LabelStore) -> Path:
    """Write a ``(T, Y, X)`` uint16 array; a numpy file keeps no calibration."""
    with replacing(path) as part, part.open("wb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(np.uint16)),
            "fortran_order": False,
            "shape": tuple(int(n) for n in labels.shape),
        }
        np.lib.format.write_array_header_1_0(file, header)
        for plane in planes_of(labels):
            file.write(plane.tobytes())
    return Path(path).expanduser()


def read_npy(path: Path) -> np.ndarray:
    """Open a label array from a numpy file, reading only what is asked for."""
    try:
        return np.asanyarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise FormatError(
            f"'{path.name}' is not a plain numpy array or is cut short: {error}. Save"
            " it again with numpy.save."
        ) from error
