"""Memories as the model attends to them: seen the way an object is looked at now.

Positions in a memory are relative to the view that it was made in. A window follows
its object, so they say where things lie around the object. Where a window has moved
against its object since, the memory is moved by as many tokens; where it has another
scale, the memory is made anew at that scale. So whatever window an object was seen in,
the model finds it in its memory where it is expected now, at the size it has now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_sam2_ivos.engine.paste import regrid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.views import View
    from napari_sam2_ivos.engine.contexts import Context
    from napari_sam2_ivos.engine.forward import Forward
    from napari_sam2_ivos.engine.memory import Key, Memory, MemoryBank
    from napari_sam2_ivos.engine.windows import Look, Windows


class Recall:
    """Gives the memories of objects to the network.

    Parameters
    ----------
    forward : Forward
        Makes memory features.
    bank : MemoryBank
    windows : Windows
        Says where a memory lies at another scale.
    """

    def __init__(self, forward: Forward, bank: MemoryBank, windows: Windows) -> None:
        self._forward = forward
        self._bank = bank
        self._windows = windows

    def outputs(
        self, frame: int, looks: Sequence[Look], contexts: Sequence[Context]
    ) -> dict[str, Any]:
        """Return memories of several objects in the shape of sam2's ``output_dict``.

        Parameters
        ----------
        frame : int
        looks : sequence of Look
            Where each is looked for now.
        contexts : sequence of Context
            One per object, with equal `frames`.
        """
        anchors = [context.anchors for context in contexts]
        recent = [context.recent for context in contexts]
        return {
            f"{kind}_frame_outputs": {
                objects[0].frame: self._stacked(frame, looks, objects)
                for objects in zip(*keys, strict=True)
            }
            for kind, keys in (("cond", anchors), ("non_cond", recent))
        }

    def _stacked(
        self, frame: int, looks: Sequence[Look], keys: Sequence[Key]
    ) -> dict[str, Any]:
        """Return the memories of N objects on one frame."""
        networks = self._forward.networks
        memories = [self._known(key) for key in keys]
        pointers = np.stack([memory.pointer for memory in memories])
        out: dict[str, Any] = {
            "obj_ptr": torch.from_numpy(pointers).to(networks.device)
        }
        if keys[0].is_anchor or abs(keys[0].frame - frame) < networks.any.num_maskmem:
            views = [
                self._windows.at_scale_of(look.view, memory)
                for look, memory in zip(looks, memories, strict=True)
            ]
            features = self._features(keys, memories, views)
            n_tokens = features.shape[-1]
            shifts = [
                (0, 0)
                if look.view == self._windows.whole
                else _shift(memory, view, look, n_tokens)
                for memory, view, look in zip(memories, views, looks, strict=True)
            ]
            out["maskmem_features"] = moved(features, shifts).float()
            out["maskmem_pos_enc"] = [self._forward.memory_position(features)]
        return out

    def _features(
        self, keys: Sequence[Key], memories: Sequence[Memory], views: Sequence[View]
    ) -> torch.Tensor:
        """Return memory features of N objects in views of a frame, ``(N, C, H, W)``.

        Made (again) from the compact memories if they are not there, as upstream does
        for prompted frames.
        """
        found: dict[Key, torch.Tensor] = {}
        lacking = []
        for n, (key, view) in enumerate(zip(keys, views, strict=True)):
            kept = self._bank.features(key, view)
            if kept is None:
                lacking.append(n)
            else:
                found[key] = kept
        if lacking:
            side = int(self._forward.networks.seeing(views[0]).image_size) // 4
            grids = [
                regrid(memories[n].low_res, memories[n].view, views[n], side)
                for n in lacking
            ]
            made = self._forward.encode_grids(
                keys[0].frame,
                [views[n] for n in lacking],
                np.stack(grids),
                [memories[n].object_score for n in lacking],
                from_prompts=keys[0].is_anchor,
            )
            for n, features in zip(lacking, made, strict=True):
                found[keys[n]] = features[None].clone()
                self._bank.put_features(keys[n], views[n], found[keys[n]])
        return torch.cat([found[key] for key in keys])

    def _known(self, key: Key) -> Memory:
        memory = self._bank.get(key)
        assert memory is not None, "contexts name only what the bank holds"
        return memory


def _shift(memory: Memory, view: View, look: Look, n: int) -> tuple[int, int]:
    """Return by how many of n x n tokens a memory lies off where it is looked for."""
    now, then = look.view, memory.extent
    if np.isnan(then.y):
        return 0, 0
    down = (look.y - now.top) - (then.y - view.top)
    right = (look.x - now.left) - (then.x - view.left)
    return round(down * n / now.height), round(right * n / now.width)


def moved(features: torch.Tensor, shifts: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Move each of N feature maps ``(N, C, H, W)`` down and right by whole tokens.

    What comes in from outside is a copy of the tokens at the border.
    """
    if not any(down or right for down, right in shifts):
        return features
    device, (height, width) = features.device, features.shape[-2:]
    down, right = torch.tensor(shifts, device=device).T
    rows = torch.arange(height, device=device) - down[:, None]
    columns = torch.arange(width, device=device) - right[:, None]
    objects = torch.arange(len(features), device=device)
    taken = features.permute(0, 2, 3, 1)[
        objects[:, None, None],
        rows.clamp(0, height - 1)[:, :, None],
        columns.clamp(0, width - 1)[:, None, :],
    ]
    return taken.permute(0, 3, 1, 2)
