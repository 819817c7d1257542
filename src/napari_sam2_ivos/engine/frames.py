"""Planes of a movie as the model's input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from napari_sam2_ivos.core.intensity import IntensityMapping

# ImageNet statistics, which SAM 2 was trained with.
_MEAN = torch.tensor((0.485, 0.456, 0.406))[:, None, None]
_STD = torch.tensor((0.229, 0.224, 0.225))[:, None, None]


def to_input(
    plane: np.ndarray, mapping: IntensityMapping, image_size: int
) -> torch.Tensor:
    """Map, resize and normalise a plane.

    The plane is squeezed to a square, as SAM 2 does; shrinking is antialiased.

    Parameters
    ----------
    plane : ndarray, (Y, X) or (Y, X, 3)
    mapping : IntensityMapping
    image_size : int
        Side of the model's input, pixels.

    Returns
    -------
    Tensor, (3, image_size, image_size) float32
    """
    values = mapping(plane)
    if plane.ndim == 2 or mapping.is_grey:
        values = values[..., :1]  # resize a grey plane once, not three times
    image = torch.from_numpy(np.array(values)).permute(2, 0, 1)
    size = (image_size, image_size)
    image = F.interpolate(image[None], size, mode="bilinear", antialias=True)[0]
    return (image.expand(3, -1, -1) - _MEAN) / _STD
