"""Upstream's SAM2VideoPredictor on our frames, to compare masks with."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from napari_sam2_ivos.engine import catalogue
from napari_sam2_ivos.engine.checkpoint import build
from napari_sam2_ivos.engine.frames import to_input

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie


def random_tiny(folder: Path, image_size: int = 128) -> tuple[Path, Path]:
    """Write a checkpoint of random weights of sam2.1_hiera_t, with its config.

    The object score is biased to "present": random weights say "absent" half
    of the time, and then there is no mask to compare.
    """
    config = OmegaConf.load(catalogue.config_path(catalogue.find("sam2.1-tiny")))
    config.model.image_size = image_size
    config_file = folder / "tiny.yaml"
    OmegaConf.save(config, config_file)
    torch.manual_seed(0)
    net = build(config_file)
    weights = net.state_dict()
    weights["sam_mask_decoder.pred_obj_score_head.layers.2.bias"] += 10.0
    checkpoint = folder / "tiny.pt"
    torch.save({"model": weights}, checkpoint)
    return checkpoint, config_file


class Upstream:
    """`SAM2VideoPredictor` as its authors advise it for corrections (sam2 issue 154).

    Corrected frames are kept, and memories from before a correction are cleared.
    """

    def __init__(
        self,
        checkpoint: Path,
        config_file: Path,
        movie: Movie,
        mapping: IntensityMapping,
    ) -> None:
        config = OmegaConf.load(config_file).model
        settings = {
            "_target_": "sam2.sam2_video_predictor.SAM2VideoPredictor",
            "add_all_frames_to_correct_as_cond": True,
            "clear_non_cond_mem_around_input": True,
            "binarize_mask_from_pts_for_mem_enc": True,
            "sam_mask_decoder_extra_args": {
                "dynamic_multimask_via_stability": True,
                "dynamic_multimask_stability_delta": 0.05,
                "dynamic_multimask_stability_thresh": 0.98,
            },
        }
        self.net: Any = instantiate(OmegaConf.merge(config, settings))
        # Upstream calls this method and forgot to write it (sam2 issue 571).
        self.net._clear_obj_non_cond_mem_around_input = self._clear_around
        weights = torch.load(checkpoint, weights_only=True)["model"]
        self.net.load_state_dict(weights)
        self.net.eval()
        images = torch.stack(
            [
                to_input(movie.plane(t), mapping, self.net.image_size)
                for t in range(movie.n_frames)
            ]
        )
        self.state = self._state(images, movie.plane_shape)

    def _state(self, images: torch.Tensor, plane_shape: tuple[int, int]) -> dict:
        """What `init_state` makes, which reads only JPEG folders and mp4."""
        state: dict[str, Any] = {
            "images": images,
            "num_frames": len(images),
            "offload_video_to_cpu": False,
            "offload_state_to_cpu": False,
            "video_height": plane_shape[0],
            "video_width": plane_shape[1],
            "device": torch.device("cpu"),
            "storage_device": torch.device("cpu"),
            "constants": {},
            "obj_ids": [],
        }
        state["obj_id_to_idx"] = OrderedDict()
        state["obj_idx_to_id"] = OrderedDict()
        for name in (
            "point_inputs_per_obj",
            "mask_inputs_per_obj",
            "cached_features",
            "output_dict_per_obj",
            "temp_output_dict_per_obj",
            "frames_tracked_per_obj",
        ):
            state[name] = {}
        return state

    def _clear_around(self, state: dict, frame: int, obj_idx: int) -> None:
        """Forget what one object looked like on the frames around a correction."""
        outputs = state["output_dict_per_obj"][obj_idx]["non_cond_frame_outputs"]
        reach = self.net.num_maskmem
        for near in range(frame - reach, frame + reach + 1):
            outputs.pop(near, None)

    def points(
        self,
        track_id: int,
        frame: int,
        points: list[tuple[float, float]],
        positive: list[bool],
        box: list[list[float]] | None = None,
    ) -> None:
        """Give (y, x) points and a [[y0, x0], [y1, x1]] box."""
        self.net.add_new_points_or_box(
            self.state,
            frame,
            track_id,
            points=[(x, y) for y, x in points] or None,
            labels=[int(p) for p in positive] or None,
            box=None if box is None else [box[0][1], box[0][0], box[1][1], box[1][0]],
        )

    def mask(self, track_id: int, frame: int, mask: np.ndarray) -> None:
        """Give a (Y, X) mask."""
        self.net.add_new_mask(self.state, frame, track_id, mask)

    def propagate(
        self,
        start: int | None = None,
        n_frames: int | None = None,
        reverse: bool = False,
    ) -> dict[tuple[int, int], np.ndarray]:
        """Return (Y, X) bool masks by track ID and frame."""
        masks = {}
        for frame, ids, logits in self.net.propagate_in_video(
            self.state,
            start_frame_idx=start,
            # Upstream's "number to track" does not count the first.
            max_frame_num_to_track=None if n_frames is None else n_frames - 1,
            reverse=reverse,
        ):
            for i, track_id in enumerate(ids):
                masks[track_id, frame] = (logits[i, 0] > 0).numpy()
        return masks
