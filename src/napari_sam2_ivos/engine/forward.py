"""The forward passes of SAM 2 for several objects on one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from napari_sam2_ivos.core.guards import Extent
from napari_sam2_ivos.engine.memory import Memory, packed
from napari_sam2_ivos.engine.recall import Recall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.views import View
    from napari_sam2_ivos.engine.contexts import Context
    from napari_sam2_ivos.engine.features import FeatureCache, Features
    from napari_sam2_ivos.engine.memory import MemoryBank
    from napari_sam2_ivos.engine.networks import Networks
    from napari_sam2_ivos.engine.windows import Look, Windows

TOKENS_PER_BATCH = {"cpu": 4_096, "mps": 8_192}
"""Objects times image tokens in one forward, where memory is not the limit: a CPU
gains nothing from more, and a cancel waits for the whole batch."""

BYTES_PER_TOKEN = 32_768
"""What a forward needs on a graphics card per object and image token: 0.13 GB for an
object at 1024 px."""

LARGEST_BATCH = 64
"""Objects in one forward on a graphics card: more are not faster."""


@dataclass(frozen=True, eq=False)
class Raw:
    """What the model makes of N objects on one frame, on its device.

    Parameters
    ----------
    low_res : Tensor, (N, 1, S / 4, S / 4) float16
        Mask logits, `compressible`.
    pointer : Tensor, (N, C)
    score : Tensor, (N, 1)
    iou : Tensor, (N,)
    """

    low_res: torch.Tensor
    pointer: torch.Tensor
    score: torch.Tensor
    iou: torch.Tensor


class Forward:
    """Runs the modules of a network on what features and memory bank hold.

    Parameters
    ----------
    networks : Networks
    features : FeatureCache
    bank : MemoryBank
    windows : Windows
        Says where a memory is seen at another scale.
    n_frames : int
        Frames of the movie; SAM 2 scales pointer distances by it if it is short.

    """

    def __init__(
        self,
        networks: Networks,
        features: FeatureCache,
        bank: MemoryBank,
        windows: Windows,
        n_frames: int,
    ) -> None:
        self.networks = networks
        self._features = features
        self.n_frames = n_frames
        self._memory_positions: dict[tuple[int, ...], torch.Tensor] = {}
        self._recall = Recall(self, bank, windows)
        self._batch_sizes: dict[bool, int] = {}

    def decode(
        self,
        frame: int,
        looks: Sequence[Look],
        contexts: list[Context],
        *,
        reverse: bool,
        points: dict[str, Any] | None = None,
        mask: torch.Tensor | None = None,
        prior: torch.Tensor | None = None,
    ) -> Raw:
        """Run memory attention and mask decoder.

        Parameters
        ----------
        frame : int
        looks : sequence of Look
            Where to look for each object: windows, or the whole frame for all.
        contexts : list of Context
            One per object, with equal `frames`; without anchors no memory is
            attended to.
        reverse : bool
        points, mask, prior
            Prompts, see `engine.prompting`.
        """
        memories = self._recall.outputs(frame, looks, contexts)
        net, features = self._seen(frame, [look.view for look in looks])
        _, outputs, _, _ = net._track_step(
            frame_idx=frame,
            is_init_cond_frame=not contexts[0].anchors,
            current_vision_feats=features.flat(),
            current_vision_pos_embeds=[self._features.position(features)],
            feat_sizes=features.sizes,
            point_inputs=points,
            mask_inputs=mask,
            output_dict=memories,
            num_frames=self.n_frames,
            track_in_reverse=reverse,
            prev_sam_mask_logits=prior,
        )
        _, _, iou, low_res, _, pointer, score = outputs
        return Raw(compressible(low_res), pointer, score, iou[:, 0])

    def encode(
        self, frame: int, views: Sequence[View], raw: Raw, *, from_prompts: bool
    ) -> torch.Tensor:
        """Make memory features of masks in views of a frame, ``(N, C, H, W)`` bfloat16.

        From the masks as the bank keeps them, so that they can be made again.
        """
        net, features = self._seen(frame, views)
        size = (net.image_size, net.image_size)
        low_res = raw.low_res.float()
        high_res = F.interpolate(low_res, size, mode="bilinear", align_corners=False)
        maps, positions = net._encode_new_memory(
            current_vision_feats=features.flat(),
            feat_sizes=features.sizes,
            pred_masks_high_res=high_res,
            object_score_logits=raw.score,
            is_mask_from_pts=from_prompts,
        )
        self._memory_positions.setdefault(maps.shape[-2:], positions[-1][:1].float())
        return torch.as_tensor(maps).to(torch.bfloat16)

    def memory_position(self, features: torch.Tensor) -> torch.Tensor:
        """Return the positional encoding of memory features ``(N, C, H, W)``."""
        position = self._memory_positions[features.shape[-2:]]
        return position.expand(len(features), -1, -1, -1)

    def encode_grids(
        self,
        frame: int,
        views: Sequence[View],
        grids: np.ndarray,
        scores: Sequence[float],
        *,
        from_prompts: bool,
    ) -> torch.Tensor:
        """Make memory features of mask logits ``(N, S / 4, S / 4)`` float32."""
        device, unused = self.networks.device, torch.empty(0)
        low_res = torch.from_numpy(grids)[:, None].to(device)
        score = torch.tensor(scores, device=device)[:, None]
        raw = Raw(low_res, unused, score, unused)
        return self.encode(frame, views, raw, from_prompts=from_prompts)

    def memories(
        self, views: Sequence[View], raw: Raw, *, reverse: bool
    ) -> list[Memory]:
        """Return the compact memories of N objects, fetched from the device at once."""
        grids = raw.low_res[:, 0].cpu().numpy()
        pointers = raw.pointer.float().cpu().numpy()
        scores = torch.stack([raw.score[:, 0].float(), raw.iou.float()]).cpu().tolist()
        return [
            Memory(
                packed(grid), pointer, score, iou, extent_of(grid, view), view, reverse
            )
            for view, grid, pointer, score, iou in zip(
                views, grids, pointers, *scores, strict=True
            )
        ]

    def batch_size(self, view: View) -> int:
        """Return how many objects that look at such a view fit through one forward."""
        is_whole = view == self.networks.whole_view
        if is_whole not in self._batch_sizes:
            self._batch_sizes[is_whole] = _batch_size(self.networks.seeing(view))
        return self._batch_sizes[is_whole]

    def limit_batch(self, view: View, n: int) -> None:
        """Take no more than `n` objects from now on: more did not fit."""
        self._batch_sizes[view == self.networks.whole_view] = n

    # ---- inside ----------------------------------------------------------

    def _seen(self, frame: int, views: Sequence[View]) -> tuple[Any, Features]:
        """Return features of views, and the network that is to go on with them."""
        net, features = self.networks.seeing(views[0]), self._features.get(frame, views)
        net.sharing.rows = features.rows
        return net, features


def extent_of(grid: np.ndarray, view: View) -> Extent:
    """Return how large a mask ``(h, w)`` over a view is and where, in movie pixels."""
    rows, columns = np.nonzero(grid > 0)
    if rows.size == 0:
        return Extent(0.0, *[np.nan] * 6)
    height, width = view.height / grid.shape[0], view.width / grid.shape[1]

    def in_pixels(row: float, column: float) -> tuple[float, float]:
        return (
            view.top + (row + 0.5) * height - 0.5,
            view.left + (column + 0.5) * width - 0.5,
        )

    # Enlarged, a mask reaches up to one cell of the grid further.
    return Extent(
        rows.size * height * width,
        *in_pixels(float(rows.mean()), float(columns.mean())),
        *in_pixels(int(rows.min()) - 1, int(columns.min()) - 1),
        *in_pixels(int(rows.max()) + 1, int(columns.max()) + 1),
    )


def compressible(logits: torch.Tensor) -> torch.Tensor:
    """Return mask logits in half precision, in eighths where they are sure.

    Beyond 10 a logit is a probability of less than 0.00005 or more than 0.99995,
    and finer digits there are noise that does not compress.
    """
    clipped = logits.float().clamp(-32, 32)
    sure = clipped.abs() > 10
    return torch.where(sure, (clipped * 8).round() / 8, clipped).half()


def _batch_size(net: Any) -> int:
    """Return how many objects fit through one forward."""
    n_tokens = int(net.sam_image_embedding_size) ** 2
    if net.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(net.device)
        fitting = free // 2 // (BYTES_PER_TOKEN * n_tokens)
        return max(1, min(LARGEST_BATCH, int(fitting)))
    return max(1, TOKENS_PER_BATCH[net.device.type] // n_tokens)
