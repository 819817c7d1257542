"""The forward passes of SAM 2 for several objects on one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from napari_sam2_ivos.core.guards import Extent
from napari_sam2_ivos.engine.memory import Key, Memory, packed

if TYPE_CHECKING:
    from napari_sam2_ivos.engine.contexts import Context
    from napari_sam2_ivos.engine.features import FeatureCache
    from napari_sam2_ivos.engine.memory import MemoryBank

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
    net : sam2.modeling.sam2_base.SAM2Base
    features : FeatureCache
    bank : MemoryBank
    plane_shape : (int, int)
        Height and width of a plane, pixels.
    n_frames : int
        Frames of the movie; SAM 2 scales pointer distances by it if it is short.

    Attributes
    ----------
    batch_size : int
        Objects that go through one forward.
    """

    def __init__(
        self,
        net: Any,
        features: FeatureCache,
        bank: MemoryBank,
        plane_shape: tuple[int, int],
        n_frames: int,
    ) -> None:
        self.net = net
        self._features = features
        self._bank = bank
        self.plane_shape = plane_shape
        self.n_frames = n_frames
        self._memory_position: torch.Tensor | None = None
        self.batch_size = _batch_size(net)

    def decode(
        self,
        frame: int,
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
        contexts : list of Context
            One per object, with equal `frames`; without anchors no memory is
            attended to.
        reverse : bool
        points, mask, prior
            Prompts of a single object, see `engine.prompting`.
        """
        n = len(contexts)
        features = self._features.get(frame)
        _, outputs, _, _ = self.net._track_step(
            frame_idx=frame,
            is_init_cond_frame=not contexts[0].anchors,
            current_vision_feats=features.flat(n),
            current_vision_pos_embeds=[self._features.position(n)],
            feat_sizes=features.sizes,
            point_inputs=points,
            mask_inputs=mask,
            output_dict=self._outputs(frame, contexts),
            num_frames=self.n_frames,
            track_in_reverse=reverse,
            prev_sam_mask_logits=prior,
        )
        _, _, iou, low_res, _, pointer, score = outputs
        return Raw(compressible(low_res), pointer, score, iou[:, 0])

    def encode(self, frame: int, raw: Raw, *, from_prompts: bool) -> torch.Tensor:
        """Make memory features of masks on a frame, ``(N, C, H, W)`` bfloat16.

        From the masks as the bank keeps them, so that they can be made again.
        """
        size = (self.net.image_size, self.net.image_size)
        low_res = raw.low_res.float()
        high_res = F.interpolate(low_res, size, mode="bilinear", align_corners=False)
        features = self._features.get(frame)
        maps, positions = self.net._encode_new_memory(
            current_vision_feats=features.flat(len(high_res)),
            feat_sizes=features.sizes,
            pred_masks_high_res=high_res,
            object_score_logits=raw.score,
            is_mask_from_pts=from_prompts,
        )
        if self._memory_position is None:
            self._memory_position = positions[-1][:1].float()
        return torch.as_tensor(maps).to(torch.bfloat16)

    def memories(self, raw: Raw, *, reverse: bool) -> list[Memory]:
        """Return the compact memories of N objects, fetched from the device at once."""
        grids = raw.low_res[:, 0].cpu().numpy()
        pointers = raw.pointer.float().cpu().numpy()
        scores = torch.stack([raw.score[:, 0].float(), raw.iou.float()]).cpu().tolist()
        return [
            Memory(packed(grid), pointer, score, iou, self._extent(grid), reverse)
            for grid, pointer, score, iou in zip(grids, pointers, *scores, strict=True)
        ]

    # ---- inside ----------------------------------------------------------

    def _extent(self, grid: np.ndarray) -> Extent:
        """Return how large a mask is and where, in pixels of the movie."""
        rows, columns = np.nonzero(grid > 0)
        if rows.size == 0:
            return Extent(0.0, *[np.nan] * 6)
        height, width = np.divide(self.plane_shape, grid.shape).tolist()

        def in_pixels(row: float, column: float) -> tuple[float, float]:
            return (row + 0.5) * height - 0.5, (column + 0.5) * width - 0.5

        # Enlarged, a mask reaches up to one cell of the grid further.
        return Extent(
            rows.size * height * width,
            *in_pixels(float(rows.mean()), float(columns.mean())),
            *in_pixels(int(rows.min()) - 1, int(columns.min()) - 1),
            *in_pixels(int(rows.max()) + 1, int(columns.max()) + 1),
        )

    def _outputs(self, frame: int, contexts: list[Context]) -> dict[str, Any]:
        """Return memories of several objects in the shape of sam2's ``output_dict``."""

        def stacked(keys: tuple[Key, ...]) -> dict[str, Any]:
            pointers = np.stack([self._known(key).pointer for key in keys])
            out: dict[str, Any] = {
                "obj_ptr": torch.from_numpy(pointers).to(self.net.device)
            }
            if keys[0].is_anchor or abs(keys[0].frame - frame) < self.net.num_maskmem:
                out["maskmem_features"] = self._memory_features(keys).float()
                assert self._memory_position is not None
                position = self._memory_position.expand(len(keys), -1, -1, -1)
                out["maskmem_pos_enc"] = [position]
            return out

        def by_frame(keys: list[tuple[Key, ...]]) -> dict[int, dict[str, Any]]:
            return {
                objects[0].frame: stacked(objects)
                for objects in zip(*keys, strict=True)
            }

        return {
            "cond_frame_outputs": by_frame([c.anchors for c in contexts]),
            "non_cond_frame_outputs": by_frame([c.recent for c in contexts]),
        }

    def _known(self, key: Key) -> Memory:
        memory = self._bank.get(key)
        assert memory is not None, "contexts name only what the bank holds"
        return memory

    def _memory_features(self, keys: tuple[Key, ...]) -> torch.Tensor:
        """Return memory features of objects on one frame, ``(N, C, H, W)``.

        Made (again) if they are not there, from the low-resolution masks, as
        upstream does for prompted frames.
        """
        lacking = [key for key in keys if self._bank.features(key) is None]
        if lacking:
            memories, device = [self._known(key) for key in lacking], self.net.device
            low_res = torch.from_numpy(np.stack([m.low_res for m in memories]))
            scores = torch.tensor([[m.object_score] for m in memories], device=device)
            unused = torch.empty(0, device=device)
            raw = Raw(low_res[:, None].to(device), unused, scores, unused)
            made = self.encode(keys[0].frame, raw, from_prompts=keys[0].is_anchor)
            for i, key in enumerate(lacking):
                self._bank.put_features(key, made[i : i + 1].clone())
        found = [self._bank.features(key) for key in keys]
        return torch.cat([features for features in found if features is not None])


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
