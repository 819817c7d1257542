"""Seconds per tracked frame with random weights, which take as long as trained ones."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.clock import seconds_of
from benchmarks.models import find_model
from benchmarks.subjects import Ours
from benchmarks.window_scenes import SmallDiscs
from benchmarks.window_scores import how_it_looked
from napari_sam2_ivos.api import load_segmenter
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.engine.windows import TIMES_THE_OBJECT

if TYPE_CHECKING:
    from pathlib import Path

    from torch.utils.hooks import RemovableHandle

SIDE = 2048


def seconds_per_frame(
    folder: Path,
    input_size: int,
    look_at: str,
    n_objects: int,
    n_frames: int,
    device: str,
) -> tuple[float, str]:
    """Track discs of 30 pixels from frame 0, where their masks are given.

    Early frames attend to fewer memories per object than later ones, which is in favour
    of the whole frame: attention is the larger part of what it takes.

    Parameters
    ----------
    folder : Path
        For the files of the model.
    input_size : int
        Of the model, pixels.
    look_at : {'whole-frame', 'windows', 'automatic'}
    n_objects : int
    n_frames : int
        From frame 1 on.
    device : str

    Returns
    -------
    seconds : float
        Mean over these frames.
    looked_at : str
    """
    own = folder / str(input_size)
    own.mkdir(exist_ok=True)
    model = find_model(f"tiny-{input_size}", own)
    discs = SmallDiscs(1 + n_frames, SIDE, n_objects)
    # Drawn before: that takes no part in the time.
    movie = Movie(np.stack([discs[t,] for t in range(1 + n_frames)]))
    chosen: Any = {"checkpoint": model.checkpoint, "config": model.config}
    chosen |= {"device": device, "look_at": look_at}
    segmenter = load_segmenter(movie, **chosen)
    is_whole = look_at == "whole-frame"
    share = discs.diameter / SIDE if is_whole else 1 / TIMES_THE_OBJECT
    loaded = segmenter.model
    net = loaded.net if is_whole else loaded.window_net or loaded.net
    hook = _find_discs(net, share)
    subject = Ours(segmenter)
    for number in range(n_objects):
        subject.mask(number + 1, 0, discs.mask(number, 0))
    run = subject.track()
    next(run)
    seconds = [seconds_of(lambda: next(run), device) for _ in range(n_frames)]
    looked_at = how_it_looked(subject.session)
    segmenter.close()
    hook.remove()  # the network may be used again
    return mean(seconds), looked_at


def _find_discs(net: Any, share: float) -> RemovableHandle:
    """Let a network decode as ever, and then say that it saw a disc in the middle.

    Masks of random weights cover most of what was looked at, and windows would grow
    until they are whole frames.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
        Changed in place.
    share : float
        Diameter of the disc over the side of what is looked at.
    """

    def instead(_: Any, __: Any, output: tuple[torch.Tensor, ...]) -> Any:
        masks, *others = output
        side = masks.shape[-1]
        at = torch.arange(side, device=masks.device) - (side - 1) / 2
        from_middle = torch.hypot(at[:, None], at[None])
        disc = (share * side / 2 - from_middle).clamp(-10, 10)
        return (disc.to(masks.dtype).expand_as(masks).clone(), *others)

    return net.sam_mask_decoder.register_forward_hook(instead)
