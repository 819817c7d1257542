"""The user's prompts in the model's own terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from napari_sam2_ivos.core.prompts import FramePrompts, Mask

# Labels of SAM's prompt encoder.
NEGATIVE, POSITIVE, BOX_TOP_LEFT, BOX_BOTTOM_RIGHT = 0, 1, 2, 3


def point_inputs(
    prompts: FramePrompts,
    plane_shape: tuple[int, int],
    image_size: int,
    device: torch.device,
) -> dict[str, torch.Tensor]:
    """Return points and box as one list of labelled points.

    A box is two points in front of the others, as SAM 2 was trained.

    Returns
    -------
    dict
        ``point_coords`` (1, P, 2) float32, (x, y) in pixels of the model's
        input, and ``point_labels`` (1, P) int32.
    """
    coordinates: list[tuple[float, float]] = []
    labels: list[int] = []
    if prompts.box is not None:
        b = prompts.box
        coordinates += [(b.x0, b.y0), (b.x1, b.y1)]
        labels += [BOX_TOP_LEFT, BOX_BOTTOM_RIGHT]
    for p in prompts.points:
        coordinates.append((p.x, p.y))
        labels.append(POSITIVE if p.positive else NEGATIVE)
    height, width = plane_shape
    points = torch.tensor(coordinates, dtype=torch.float32, device=device)
    points = points / torch.tensor([width, height], device=device) * image_size
    return {
        "point_coords": points[None],
        "point_labels": torch.tensor([labels], dtype=torch.int32, device=device),
    }


def mask_input(
    mask: Mask, plane_shape: tuple[int, int], image_size: int, device: torch.device
) -> torch.Tensor:
    """Return a mask at the size of the model's input.

    A mask too thin for that size keeps its strongest pixels: upstream's fixed
    threshold of a half makes it vanish, and the object counts as absent.

    Returns
    -------
    Tensor, (1, 1, image_size, image_size) float32
        1 inside, 0 outside.
    """
    plane = torch.from_numpy(mask.to_plane(plane_shape)).float()
    size = (image_size, image_size)
    soft = F.interpolate(
        plane[None, None], size, mode="bilinear", align_corners=False, antialias=True
    )
    threshold = torch.clamp(soft.max(), max=0.5)
    return ((soft >= threshold) & (soft > 0)).float().to(device)
