"""A picture of each frame, for formats whose labels lie beside the pictures."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.io.exports.frame_names import frame_names

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie


class FramePictures:
    """Writes frames as 8-bit PNG, all in one contrast.

    Parameters
    ----------
    annotated : AnnotatedMovie

    Attributes
    ----------
    names : list of str
        Of every frame's picture, without an ending; no two are the same.
    """

    def __init__(self, annotated: AnnotatedMovie) -> None:
        names = [PurePath(name).stem for name in frame_names(annotated)]
        if len({name.lower() for name in names}) < len(names):  # a.png and A.tif
            names = [f"{name}_{frame:06d}" for frame, name in enumerate(names)]
        self.names = names
        self._movie = annotated.movie
        self._mapping = IntensityMapping.of_movie(annotated.movie)

    def save(self, frame: int, folder: Path) -> str:
        """Write the picture of a frame into a folder; return the name of the file."""
        name = f"{self.names[frame]}.png"
        values = 255 * self._mapping.scaled(self._movie.plane(frame))
        picture = Image.fromarray(np.rint(values).astype(np.uint8))
        picture.save(folder / name, compress_level=1)
        return name
