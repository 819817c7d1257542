"""The models that are measured, and how many frames each gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate
from omegaconf import OmegaConf

from napari_sam2_ivos.api import load_segmenter
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.engine import catalogue
from napari_sam2_ivos.engine.checkpoint import read_weights
from tests.engine.upstream import random_tiny

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.discs import Discs
    from napari_sam2_ivos.engine.segmenter import Sam2Segmenter

PREDICTOR = "sam2.sam2_video_predictor.SAM2VideoPredictor"
LEGACY_PREDICTOR = "sam2.sam2_video_predictor_legacy.SAM2VideoPredictor"

# As in `tests.engine.upstream`: what upstream's `build_sam2_video_predictor` sets, but
# for filling holes (which would make it slower), and what its authors advise for
# corrections.
_UPSTREAM_SETTINGS = {
    "sam_mask_decoder_extra_args": {
        "dynamic_multimask_via_stability": True,
        "dynamic_multimask_stability_delta": 0.05,
        "dynamic_multimask_stability_thresh": 0.98,
    },
    "binarize_mask_from_pts_for_mem_enc": True,
    "add_all_frames_to_correct_as_cond": True,
    "clear_non_cond_mem_around_input": True,
    # Upstream asserts that this is no 1 as soon as an object has two prompted
    # frames; with a single one it changes nothing.
    "max_cond_frames_in_attn": -1,
}

# As many as a run on 2 CPU cores has time for; from 11 on the steady state is seen.
_CPU_FRAMES = {
    320: {1: 40, 4: 30, 16: 24, 64: 12},
    512: {1: 14, 4: 11, 16: 11, 64: 4},
    1024: {1: 11, 4: 5, 16: 4, 64: 3},
}
_GPU_FRAMES = 24


@dataclass(frozen=True)
class Model:
    """Files of one model.

    Parameters
    ----------
    name : str
    checkpoint, config : Path
    image_size : int
        Side of its input in pixels.
    """

    name: str
    checkpoint: Path
    config: Path
    image_size: int

    @property
    def side(self) -> int:
        """Height and width of the movie it is given, pixels."""
        return max(512, self.image_size)

    def ours(self, discs: Discs, device: str) -> Sam2Segmenter:
        """Return a segmenter of ours with nothing encoded yet."""
        return load_segmenter(
            Movie(discs),
            checkpoint=self.checkpoint,
            config=self.config,
            device=device,
            look_at="whole-frame",  # as upstream does
        )

    def upstream(self, predictor: str, device: str) -> Any:
        """Return a predictor of upstream.

        Parameters
        ----------
        predictor : str
            `PREDICTOR` or `LEGACY_PREDICTOR`.
        device : str
        """
        config = OmegaConf.load(self.config).model
        settings = {"_target_": predictor, **_UPSTREAM_SETTINGS}
        net = instantiate(OmegaConf.merge(config, settings))
        net.load_state_dict(read_weights(self.checkpoint))
        return net.to(device).eval()

    def n_frames(self, n_objects: int, device: str) -> int:
        """Return how many frames a run with so many objects takes by default."""
        if device != "cpu":
            return _GPU_FRAMES
        size = min(_CPU_FRAMES, key=lambda known: abs(known - self.image_size))
        for most, frames in _CPU_FRAMES[size].items():
            if n_objects <= most:
                return frames
        return 3


def find_model(name: str, folder: Path) -> Model:
    """Return the model called `name`.

    Parameters
    ----------
    name : str
        "bundled", or "tiny-SIZE": sam2.1_hiera_t with random weights at that size
        of its input in pixels.
    folder : Path
        Empty folder for the files of a random model.
    """
    if name == "bundled":
        config = catalogue.config_path(catalogue.find(name))
        size = int(OmegaConf.load(config).model.image_size)
        return Model(name, catalogue.bundled_file(), config, size)
    size = int(name.removeprefix("tiny-"))
    checkpoint, config = random_tiny(folder, size)
    return Model(name, checkpoint, config, size)
