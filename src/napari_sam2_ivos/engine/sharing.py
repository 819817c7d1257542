"""What is the same for all objects that look at the same image is computed once."""

from __future__ import annotations

from typing import Any

import torch


class Sharing:
    """Lets what sees nothing but the image run once per image of a forward.

    That is the self-attention of the memory attention's first layer and the memory
    encoder's projection of the image: for objects in the same view of a frame they
    give the same, and upstream computes them for each. Exact up to rounding.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
        Changed in place.

    Attributes
    ----------
    rows : tuple of int
        Which image each object of the coming forward looks at, from 0 on, in the
        order in which they first come.
    """

    def __init__(self, net: Any) -> None:
        self.rows: tuple[int, ...] = ()
        layer, projection = net.memory_attention.layers[0], net.memory_encoder
        projection = projection.pix_feat_proj
        attend, project = layer._forward_sa, projection.forward

        def attend_once(
            image: torch.Tensor, position: torch.Tensor | None
        ) -> torch.Tensor:
            first, rows = self._of(image)
            one = image[first]
            place = None if position is None else position[first]
            return torch.as_tensor(attend(one, place))[rows]

        def project_once(image: torch.Tensor) -> torch.Tensor:
            first, rows = self._of(image)
            return torch.as_tensor(project(image[first]))[rows]

        layer._forward_sa = attend_once
        projection.forward = project_once

    def _of(self, image: torch.Tensor) -> tuple[list[int], list[int]]:
        """Return which objects stand for the images, and the image of each object."""
        rows = self.rows or tuple(range(len(image)))
        assert len(rows) == len(image), "one image per object"
        return [rows.index(i) for i in range(max(rows) + 1)], list(rows)
