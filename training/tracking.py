"""One training pass over a batch of clips, through SAM 2's own modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from augment import to_model
from objective import decode_loss
from prompts import click_or_box, correct

if TYPE_CHECKING:
    from objective import DenseTask
    from sam2.modeling.sam2_base import SAM2Base

ABSENT = -10.0
N_FRAMES_TOLD = 100  # what the model is told as the length of the movie
MAX_CLICKS = 5  # on the first frame


@dataclass
class Batch:
    """Clips and the objects to follow in them.

    Attributes
    ----------
    frames : torch.Tensor, (B, T, S, S) float32
    labels : torch.Tensor, (B, T, S, S) int64
    clip : torch.Tensor, (N,) int64
        Clip of each object.
    ids : torch.Tensor, (N,) int64
        Track ID of each object.
    """

    frames: torch.Tensor
    labels: torch.Tensor
    clip: torch.Tensor
    ids: torch.Tensor

    def masks(self, t: int) -> torch.Tensor:
        """Masks of all objects at frame `t`, (N, S, S) bool."""
        return self.labels[self.clip, t] == self.ids[:, None, None]


@dataclass
class Decoded:
    """What the mask decoder says of N objects, all four mask tokens."""

    masks: torch.Tensor  # (N, 4, h, w) logits
    ious: torch.Tensor  # (N, 4)
    tokens: torch.Tensor  # (N, 4, C)
    scores: torch.Tensor  # (N, 1) logits

    def chosen(self, labels: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Mask (N, 1, h, w) and token (N, C) that inference would go on with.

        The best of three candidates where there is at most one click, or none at
        all (`labels` None), and else the single mask.
        """
        best = self.ious[:, 1:].argmax(1) + 1
        if labels is not None:
            best[(labels >= 0).sum(1) > 1] = 0
        rows = torch.arange(len(best))
        return self.masks[rows, best][:, None], self.tokens[rows, best]


class ClipPass:
    """Follows the objects of a batch and adds up the losses.

    Parameters
    ----------
    model : SAM2Base
    dense_task : DenseTask
    dense_weight : float
    p_refine : float
        Share of passes that add a correction click.
    """

    def __init__(
        self,
        model: SAM2Base,
        dense_task: DenseTask,
        dense_weight: float,
        p_refine: float,
    ) -> None:
        self.model = model
        self.dense_task = dense_task
        self.dense_weight = dense_weight
        self.p_refine = p_refine
        self.ious: dict[str, list[float]] = {}

    def __call__(
        self, rng: np.random.Generator, batch: Batch, p_mask: float, p_box: float
    ) -> torch.Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        rng : np.random.Generator
        batch : Batch
        p_mask : float
            Share of objects prompted by their mask on the first frame.
        p_box : float
            Share of boxes among the others; the rest gets a click.

        Returns
        -------
        torch.Tensor, ()
        """
        self.batch, self.rng = batch, rng
        n_frames, size = batch.frames.shape[1:3]
        self.n_frames = n_frames
        self._place(size)
        self._encode(batch.frames.view(-1, size, size))
        loss = self.dense_weight * self.dense_task(
            self.finest, batch.labels.view(-1, size, size)
        )
        by_mask = np.zeros(len(batch.ids), bool)
        if n_frames > 1:
            by_mask = rng.random(len(batch.ids)) < p_mask
        groups = [torch.from_numpy(np.flatnonzero(g)) for g in (by_mask, ~by_mask)]
        outs, order = [], []
        decoded_losses = []
        for is_mask, who in zip((True, False), groups, strict=True):
            if not len(who):
                continue
            order.append(who)
            if is_mask:
                outs.append(self._start_from_mask(who))
            else:
                out, part = self._start_from_points(who, p_box)
                outs.append(out)
                decoded_losses.append(part)
        if decoded_losses:
            loss = loss + sum(decoded_losses) / len(decoded_losses)
        if n_frames > 1:
            self.who = torch.cat(order)
            first = {k: torch.cat([o[k] for o in outs]) for k in outs[0]}
            loss = loss + self._follow(first)
        return loss

    def _place(self, size: int) -> None:
        """Put the crops at a random place of the model's image.

        Every positional encoding is the one of that place, so that what is learned
        on small crops, which cost little, holds anywhere in the whole image.
        """
        model = self.model
        stride = model.backbone_stride
        full, side = model.image_size // stride, size // stride
        y, x = self.rng.integers(0, full - side + 1, 2)
        window = np.s_[:, :, y : y + side, x : x + side]
        self.size = size
        self.shift = stride * torch.tensor([float(x), float(y)])
        grid = torch.zeros(1, 1, full, full)
        self.prompt_positions = model.sam_prompt_encoder.get_dense_pe()[window]
        self.image_positions = model.image_encoder.neck.position_encoding(grid)[window]
        self.memory_positions = model.memory_encoder.position_encoding(grid)[window]

    def _encode(self, frames: torch.Tensor) -> None:
        model = self.model
        encoded = model.image_encoder(to_model(frames))
        levels = encoded["backbone_fpn"]
        self.finest = levels[0]
        levels[0] = model.sam_mask_decoder.conv_s0(levels[0])
        levels[1] = model.sam_mask_decoder.conv_s1(levels[1])
        _, self.feats, _, self.sizes = model._prepare_backbone_features(encoded)

    def _at(self, t: int, who: torch.Tensor) -> list[torch.Tensor]:
        index = self.batch.clip[who] * self.n_frames + t
        return [f[:, index] for f in self.feats]

    def _maps(self, feats: list[torch.Tensor]) -> list[torch.Tensor]:
        return [
            f.permute(1, 2, 0).reshape(f.shape[1], f.shape[2], *size)
            for f, size in zip(feats, self.sizes, strict=True)
        ]

    def _decode(
        self,
        pixels: torch.Tensor,
        fine: list[torch.Tensor],
        points: tuple[torch.Tensor, torch.Tensor] | None,
        mask: torch.Tensor | None = None,
    ) -> Decoded:
        model = self.model
        encoder = model.sam_prompt_encoder
        n = len(pixels)
        if points is None:
            points = torch.zeros(n, 1, 2), -torch.ones(n, 1, dtype=torch.int32)
        sparse = encoder._embed_points(points[0] + self.shift, points[1], pad=True)
        if mask is None:
            dense = encoder.no_mask_embed.weight.view(1, -1, 1, 1).expand_as(pixels)
        else:
            dense = encoder._embed_masks(mask)
        masks, ious, tokens, scores = model.sam_mask_decoder.predict_masks(
            image_embeddings=pixels,
            image_pe=self.prompt_positions,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            repeat_image=False,
            high_res_features=fine,
        )
        return Decoded(masks, ious, tokens, scores)

    def _loss(self, name: str, decoded: Decoded, masks: torch.Tensor) -> torch.Tensor:
        target = F.avg_pool2d(masks[:, None].float(), 4)[:, 0]
        present = masks.flatten(1).sum(1) >= 12
        loss, iou = decode_loss(
            decoded.masks, decoded.ious, decoded.scores, target, present
        )
        if present.any():
            self.ious.setdefault(name, []).append(iou[present, 0].mean().item())
            best = decoded.ious[present, 1:].argmax(1) + 1
            picked = iou[present].gather(1, best[:, None])
            self.ious.setdefault(name + "*", []).append(picked.mean().item())
        right = (decoded.scores[:, 0] > 0) == present
        self.ious.setdefault("present", []).append(right.float().mean().item())
        return loss

    def _start_from_mask(self, who: torch.Tensor) -> dict[str, torch.Tensor]:
        feats = self._at(0, who)
        *fine, pixels = self._maps(feats)
        given = self.batch.masks(0)[who][:, None].float()
        decoded = self._decode(pixels, fine, None, mask=self._as_mask_prompt(given))
        pointer = self.model.obj_ptr_proj(decoded.tokens[:, 0])
        scores = torch.full((len(who), 1), 10.0)
        return self._remember(feats, given * 20 - 10, scores, pointer)

    def _as_mask_prompt(self, given: torch.Tensor) -> torch.Tensor:
        return self.model.mask_downsample(given)

    def _start_from_points(
        self, who: torch.Tensor, p_box: float
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        feats = self._at(0, who)
        *fine, pixels = self._maps(feats)
        pixels = pixels + self.model.no_mem_embed.view(1, -1, 1, 1)
        truth = self.batch.masks(0)[who]
        points = click_or_box(self.rng, truth, p_box)
        decoded = self._decode(pixels, fine, points)
        loss = self._loss("prompt", decoded, truth)
        n_losses = 1
        while n_losses < MAX_CLICKS and self.rng.random() < self.p_refine:
            points, decoded, more = self._refine(pixels, fine, points, decoded, truth)
            loss = loss + more
            n_losses += 1
        loss = loss / n_losses
        if self.n_frames == 1:
            return {}, loss
        logits, token = decoded.chosen(points[1])
        high = self._upsample(logits)
        if self.rng.random() < 0.5:  # as inference does with masks from points
            high = (high > 0).float() * 20 - 10
        pointer = self.model.obj_ptr_proj(token)
        scores = torch.full((len(who), 1), 10.0)
        return self._remember(feats, high, scores, pointer), loss

    def _refine(
        self,
        pixels: torch.Tensor,
        fine: list[torch.Tensor],
        points: tuple[torch.Tensor, torch.Tensor] | None,
        decoded: Decoded,
        truth: torch.Tensor,
    ) -> tuple[tuple[torch.Tensor, torch.Tensor], Decoded, torch.Tensor]:
        """Add one click where the mask is wrong; points None: to a followed one."""
        logits, _ = decoded.chosen(None if points is None else points[1])
        logits = logits.detach().float().clamp(-32, 32)
        guess = self._upsample(logits)[:, 0] > 0
        coords, labels = correct(self.rng, guess, truth)
        if points is not None:
            coords = torch.cat([points[0], coords], 1)
            labels = torch.cat([points[1], labels], 1)
        decoded = self._decode(pixels, fine, (coords, labels), mask=logits)
        return (coords, labels), decoded, self._loss("click", decoded, truth)

    def _upsample(self, logits: torch.Tensor) -> torch.Tensor:
        size = (self.size, self.size)
        return F.interpolate(logits.float(), size, mode="bilinear", align_corners=False)

    def _remember(
        self,
        feats: list[torch.Tensor],
        high: torch.Tensor,
        scores: torch.Tensor,
        pointer: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Encode memory; gates masks and pointers by the score as inference does."""
        model = self.model
        here = (scores > 0).float()
        high = torch.where(here[..., None, None] > 0, high, ABSENT)
        pointer = here * pointer + (1 - here) * model.no_obj_ptr
        features, _ = model._encode_new_memory(
            current_vision_feats=feats,
            feat_sizes=self.sizes,
            pred_masks_high_res=high,
            object_score_logits=scores,
            is_mask_from_pts=False,
        )
        return {
            "maskmem_features": features,
            "maskmem_pos_enc": self.memory_positions.expand(len(high), -1, -1, -1),
            "obj_ptr": pointer,
        }

    def _follow(self, first: dict[str, torch.Tensor]) -> torch.Tensor:
        model, who = self.model, self.who
        bank = {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}
        bank["cond_frame_outputs"][0] = _wrap(first)
        positions = self.image_positions.flatten(2).permute(2, 0, 1)
        positions = positions.expand(-1, len(who), -1)
        losses = []
        for t in range(1, self.n_frames):
            if t == 2 and self.rng.random() < 0.5:  # a prompt long ago
                long_ago = -int(self.rng.integers(1, 25))
                bank["cond_frame_outputs"] = {long_ago: _wrap(first)}
            feats = self._at(t, who)
            *fine, _ = self._maps(feats)
            pixels = model._prepare_memory_conditioned_features(
                frame_idx=t,
                is_init_cond_frame=False,
                current_vision_feats=feats[-1:],
                current_vision_pos_embeds=[positions],
                feat_sizes=self.sizes[-1:],
                output_dict=bank,
                num_frames=N_FRAMES_TOLD,
            )
            decoded = self._decode(pixels, fine, None)
            truth = self.batch.masks(t)[who]
            losses.append(self._loss("track", decoded, truth))
            logits, token = decoded.chosen(None)
            scores = decoded.scores.detach()
            last = t == self.n_frames - 1
            if last and self.rng.random() < self.p_refine:
                losses.append(self._refine(pixels, fine, None, decoded, truth)[2])
            if not last:
                memory = self._remember(
                    feats, self._upsample(logits), scores, model.obj_ptr_proj(token)
                )
                bank["non_cond_frame_outputs"][t] = _wrap(memory)
        return 1.5 * sum(losses) / len(losses)


def _wrap(memory: dict[str, torch.Tensor]) -> dict[str, object]:
    return {**memory, "maskmem_pos_enc": [memory["maskmem_pos_enc"]]}
