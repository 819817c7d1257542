"""Ours and upstream behind one small interface, on the same weights and frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sam2 import sam2_video_predictor, sam2_video_predictor_legacy

from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.prompts import FramePrompts, Mask, Point
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.engine.frames import to_input
from napari_sam2_ivos.engine.precision import autocast
from tests.engine.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.engine.segmenter import Sam2Segmenter


def _no_bar(frames: Iterable[int], **_: Any) -> Iterable[int]:
    return frames


# Upstream draws a progress bar per propagation, which would hide our table.
sam2_video_predictor.tqdm = _no_bar
sam2_video_predictor_legacy.tqdm = _no_bar


class Ours:
    """A session of ours on a segmenter of ours.

    Parameters
    ----------
    segmenter : Sam2Segmenter
    labels : LabelStore, optional
        In memory by default.
    """

    def __init__(
        self, segmenter: Sam2Segmenter, labels: LabelStore | None = None
    ) -> None:
        movie = segmenter.movie
        if labels is None:
            labels = np.zeros(movie.shape, np.uint16)
        self.session = Session(movie, segmenter, labels)
        # The masks of random weights do spread. Refused, they would not get into the
        # memory, and ours would have less to attend to than upstream.
        self.session.guards = Guards(spread=False)

    def mask(self, track_id: int, frame: int, mask: np.ndarray) -> None:
        """Give the ``(Y, X)`` mask of an object."""
        self.session.add_mask(track_id, frame, mask)

    def track(self) -> Iterator[None]:
        """Track all objects over all frames, whether or not it was done before."""
        for _ in self.session.propagate(recompute=True):
            yield

    def click(self, track_id: int, frame: int, point: tuple[float, float]) -> None:
        """Replace the prompts of an object by a ``(y, x)`` click; get its mask."""
        prompts = FramePrompts(points=(Point(*point),))
        self.session.set_prompts(track_id, frame, prompts)
        self.session.preview(frame, [track_id])

    def repair(self, track_id: int, frame: int, mask: np.ndarray) -> None:
        """Correct an object on a frame, and what was tracked from it."""
        prompts = FramePrompts(mask=Mask.from_plane(mask))
        self.session.set_prompts(track_id, frame, prompts)
        self.session.preview(frame, [track_id])
        for _ in self.session.propagate():
            pass


class _Frames:
    """Frames of a movie as a model's input, made when they are asked for."""

    def __init__(
        self, movie: Movie, mapping: IntensityMapping, size: int, device: torch.device
    ) -> None:
        self._movie = movie
        self._mapping = mapping
        self._size = size
        self.device = device

    def __len__(self) -> int:
        return self._movie.n_frames

    def __getitem__(self, frame: int) -> torch.Tensor:
        image = to_input(self._movie.plane(frame), self._mapping, self._size)
        return image.to(self.device)


class Theirs(Upstream):
    """`SAM2VideoPredictor` on a movie of ours.

    Parameters
    ----------
    net : SAM2VideoPredictor
    movie : Movie
    mapping : IntensityMapping
    preload : bool
        Whether all frames are loaded before, as its `init_state` does. If not, the
        time that this takes is where ours has it too: in each frame.
    """

    def __init__(
        self,
        net: Any,
        movie: Movie,
        mapping: IntensityMapping,
        *,
        preload: bool = False,
    ) -> None:
        # Not super's: it builds a net of its own each time, on the CPU.
        self.net = net
        # Upstream calls this method and forgot to write it (sam2 issue 571).
        net._clear_obj_non_cond_mem_around_input = self._clear_around
        size = net.image_size
        images: Any = _Frames(movie, mapping, size, net.device)
        if preload:
            loaded = torch.empty(len(images), 3, size, size, device=net.device)
            for t in range(len(images)):
                loaded[t] = images[t]
            images = loaded
        self.state = self._state(images, movie.plane_shape)

    def _state(
        self, images: torch.Tensor, plane_shape: tuple[int, int]
    ) -> dict[str, Any]:
        state = super()._state(images, plane_shape)
        state["device"] = state["storage_device"] = images.device
        return state

    def mask(self, track_id: int, frame: int, mask: np.ndarray) -> None:
        """Give the ``(Y, X)`` mask of an object."""
        with autocast(self.net.device):
            super().mask(track_id, frame, mask)

    def track(self, start: int = 0) -> Iterator[np.ndarray]:
        """Track all objects over the frames from `start` on.

        Yields
        ------
        ndarray, (N, Y, X) bool
            Masks of one frame.
        """
        frames = self.net.propagate_in_video(self.state, start_frame_idx=start)
        while True:
            # Entered anew for each frame: others run between two of them.
            with autocast(self.net.device):
                found = next(frames, None)
            if found is None:
                return
            yield _to_host(found[2][:, 0])

    def click(self, track_id: int, frame: int, point: tuple[float, float]) -> None:
        """Replace the prompts of an object by a ``(y, x)`` click; get its mask."""
        y, x = point
        with autocast(self.net.device):
            _, ids, logits = self.net.add_new_points_or_box(
                self.state, frame, track_id, points=[[x, y]], labels=[1]
            )
        _to_host(logits[ids.index(track_id), 0])

    def repair(self, track_id: int, frame: int, mask: np.ndarray) -> None:
        """Correct an object on a frame, and all objects on the frames from it on."""
        self.mask(track_id, frame, mask)
        for _ in self.track(frame):
            pass


class Legacy(Theirs):
    """The older predictor of upstream, which tracks all objects in one batch."""

    def _state(
        self, images: torch.Tensor, plane_shape: tuple[int, int]
    ) -> dict[str, Any]:
        state = super()._state(images, plane_shape)
        kinds = ("cond_frame_outputs", "non_cond_frame_outputs")
        state["output_dict"] = {kind: {} for kind in kinds}
        state["consolidated_frame_inds"] = {kind: set() for kind in kinds}
        state["tracking_has_started"] = False
        state["frames_already_tracked"] = {}
        return state


def _to_host(logits: torch.Tensor) -> np.ndarray:
    mask: np.ndarray = (logits > 0).cpu().numpy()
    return mask
