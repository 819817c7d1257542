"""The bundled architecture at 64 px with random weights, and a movie for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from omegaconf import OmegaConf

from napari_sam2_ivos.core.guards import Guards
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.engine import catalogue
from napari_sam2_ivos.engine.checkpoint import LoadedModel, build, make_fast
from napari_sam2_ivos.engine.segmenter import Sam2Segmenter

if TYPE_CHECKING:
    from pathlib import Path

N_FRAMES, SIDE = 12, 64


def small_model(folder: Path, max_anchors: int = 1) -> LoadedModel:
    """Build a model whose objects are always there, so that there are masks."""
    config = OmegaConf.load(catalogue.config_path(catalogue.find("bundled")))
    config.model.image_size = SIDE
    config.model.max_cond_frames_in_attn = max_anchors
    path = folder / "small.yaml"
    OmegaConf.save(config, path)
    torch.manual_seed(1)
    net = build(path).eval()
    with torch.no_grad():
        net.sam_mask_decoder.pred_obj_score_head.layers[-1].bias += 10.0
    return LoadedModel(make_fast(net), torch.device("cpu"), "random", "0" * 64)


def small_movie(n_frames: int = N_FRAMES) -> Movie:
    """Two squares that move in noise."""
    rng = np.random.default_rng(0)
    data = rng.integers(0, 200, (n_frames, SIDE, SIDE)).astype(np.uint16)
    for t in range(n_frames):
        data[t, 10:25, 10 + t : 25 + t] += 800
        data[t, 40:55, 40 - t : 55 - t] += 500
    return Movie(data)


def session_on(model: LoadedModel, movie: Movie, **settings: Any) -> Session:
    """Begin a session; settings are those of `Sam2Segmenter`."""
    segmenter = Sam2Segmenter(model, movie, IntensityMapping(0, 1000), **settings)
    session = Session(movie, segmenter, np.zeros(movie.shape, np.uint16))
    session.guards = Guards(spread=False)  # masks of random weights do spread
    return session
