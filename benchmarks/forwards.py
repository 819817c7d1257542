"""The bare modules of a model, without anything that makes a tracker of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from napari_sam2_ivos.engine.precision import autocast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.engine.segmenter import Sam2Segmenter


class BareForwards:
    """The forwards that tracking objects from frame 0 takes, on random numbers.

    Image encoder, memory attention, mask decoder and memory encoder of the very net
    that ours runs, with the shapes and in the batches that ours has, and nothing
    between them. So the time of ours over this one is what our own code costs.

    Parameters
    ----------
    segmenter : Sam2Segmenter
    n_objects : int
    """

    def __init__(self, segmenter: Sam2Segmenter, n_objects: int) -> None:
        self._net = net = segmenter.model.net
        self._device = segmenter.model.device
        self._n_frames = segmenter.movie.n_frames
        side = int(net.sam_image_embedding_size)
        self._n_tokens = side * side
        batch = segmenter._tracker._forward.batch_size
        self._batches = [
            min(batch, n_objects - start) for start in range(0, n_objects, batch)
        ]
        size = int(net.image_size)
        self._image = self._random(1, 3, size, size)
        n_objects = self._batches[0]
        spatial, pointers = self._memory_tokens(self._n_frames)
        self._memory = self._random(spatial + pointers, n_objects, net.mem_dim)
        self._position = self._random(spatial + pointers, n_objects, net.mem_dim)

    def track(self) -> Iterator[None]:
        """Run the forwards of each frame; frame 0 is prompted and takes none here."""
        yield
        for frame in range(1, self._n_frames):
            with torch.inference_mode(), autocast(self._device):
                self._frame(frame)
            yield

    def _frame(self, frame: int) -> None:
        out = self._net.forward_image(self._image)
        n_levels = self._net.num_feature_levels
        maps = out["backbone_fpn"][-n_levels:]
        position = out["vision_pos_enc"][-1].flatten(2).permute(2, 0, 1)
        for n in self._batches:
            self._objects(frame, n, maps, position)

    def _objects(
        self, frame: int, n: int, maps: list[torch.Tensor], position: torch.Tensor
    ) -> None:
        net = self._net
        flat = [m.flatten(2).permute(2, 0, 1).expand(-1, n, -1) for m in maps]
        sizes = [(m.shape[-2], m.shape[-1]) for m in maps]
        spatial, pointers = self._memory_tokens(frame)
        attended = net.memory_attention(
            curr=flat[-1:],
            curr_pos=[position.expand(-1, n, -1)],
            memory=self._memory[: spatial + pointers, :n],
            memory_pos=self._position[: spatial + pointers, :n],
            num_obj_ptr_tokens=pointers,
        )
        finer = [m.expand(n, -1, -1, -1) for m in maps[:-1]]
        heads = net._forward_sam_heads(
            backbone_features=attended.permute(1, 2, 0).view(n, -1, *sizes[-1]),
            high_res_features=finer or None,
            multimask_output=net._use_multimask(False, None),
        )
        _, _, _, low_res, _, _, score = heads
        size = (net.image_size, net.image_size)
        high_res = F.interpolate(low_res, size, mode="bilinear")
        net._encode_new_memory(flat, sizes, high_res, score, is_mask_from_pts=False)

    def _memory_tokens(self, frame: int) -> tuple[int, int]:
        """Return how many tokens of memories and of pointers a frame attends to.

        One memory is that of frame 0, the others are of the frames just before.
        """
        net = self._net
        n_memories = min(frame, int(net.num_maskmem))
        if not net.use_obj_ptrs_in_encoder:
            return n_memories * self._n_tokens, 0
        n_pointers = min(frame, self._n_frames, int(net.max_obj_ptrs_in_encoder))
        per_pointer = int(net.hidden_dim) // int(net.mem_dim)
        return n_memories * self._n_tokens, n_pointers * per_pointer

    def _random(self, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, device=self._device)
