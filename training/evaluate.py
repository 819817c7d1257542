"""Measure a checkpoint the way the plugin uses it, with `sam2`'s own `track_step`."""

from __future__ import annotations

import argparse
import json
import logging
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from augment import to_model
from network import build, resize_positions
from safetensors.torch import load_file
from scipy import ndimage
from skimage import io

from napari_sam2_ivos.testing.metrics import iou, mean_jaccard
from napari_sam2_ivos.testing.movies import HABITS, synthetic_movie

if TYPE_CHECKING:
    from sam2.modeling.sam2_base import SAM2Base

logger = logging.getLogger("evaluate")
CONFIG = Path(__file__).parents[1] / "src/napari_sam2_ivos/models/bundled.yaml"


def load(path: Path, image_size: int | None) -> SAM2Base:
    """Load a `.safetensors`, or the averaged weights of a training checkpoint."""
    model = build(CONFIG, image_size)
    if path.suffix == ".safetensors":
        state = {k: v.float() for k, v in load_file(path).items()}
        model.load_state_dict(state)
    else:
        saved = torch.load(path, weights_only=True)
        model.load_state_dict(saved["ema"])
        resize_positions(model, saved["size"])
    # What build_sam2_video_predictor adds to the config:
    model.binarize_mask_from_pts_for_mem_enc = True
    model.sam_mask_decoder.dynamic_multimask_via_stability = True
    return model.eval()


def squash(planes: np.ndarray, size: int) -> torch.Tensor:
    """Stretch by percentiles of the whole movie and resize to a square.

    Parameters
    ----------
    planes : ndarray, (T, Y, X)

    Returns
    -------
    torch.Tensor, (T, size, size) float32, 0 to 1
    """
    low, high = np.percentile(planes[::4], (0.1, 99.9))
    unit = np.clip((planes - low) / (high - low), 0, 1).astype(np.float32)
    return F.interpolate(
        torch.from_numpy(unit)[:, None],
        (size, size),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )[:, 0]


def prompt(truth: np.ndarray, ids: list[int], kind: str, size: int) -> dict:
    """Prompt each object on a frame by a mask, its box or a click at its middle.

    Parameters
    ----------
    truth : ndarray, (Y, X) integer
    kind : {'mask', 'box', 'click'}
    """
    if kind == "mask":
        masks = torch.from_numpy(np.stack([truth == i for i in ids]))[:, None].float()
        small = F.interpolate(
            masks, (size, size), mode="bilinear", align_corners=False, antialias=True
        )
        return {"point_inputs": None, "mask_inputs": (small >= 0.5).float()}
    scale = np.array([size / truth.shape[1], size / truth.shape[0]])
    coords, labels = [], []
    for i in ids:
        mask = truth == i
        if kind == "box":
            ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            corners = np.array([[xs[0], ys[0]], [xs[-1] + 1, ys[-1] + 1]])
            coords.append(corners * scale)
            labels.append([2, 3])
        else:
            depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
            y, x = np.unravel_index(depth.argmax(), depth.shape)
            coords.append(np.array([[x + 0.5, y + 0.5]]) * scale)
            labels.append([1])
    points = {
        "point_coords": torch.from_numpy(np.stack(coords)).float(),
        "point_labels": torch.tensor(labels, dtype=torch.int32),
    }
    return {"point_inputs": points, "mask_inputs": None}


@torch.inference_mode()
def track(
    model: SAM2Base, planes: np.ndarray, truth: np.ndarray, ids: list[int], kind: str
) -> np.ndarray:
    """Follow objects from a prompt on the first frame.

    Parameters
    ----------
    planes : ndarray, (T, Y, X)
    truth : ndarray, (T, Y, X) integer
        Only its first frame is looked at.
    ids : list of int
    kind : {'mask', 'box', 'click'}

    Returns
    -------
    ndarray, (T, Y, X) uint16
    """
    frames = squash(planes, model.image_size)
    labels = np.zeros(planes.shape, np.uint16)
    bank: dict[str, dict] = {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}
    for t in range(len(frames)):
        encoded = model.forward_image(to_model(frames[t : t + 1]))
        for key in ("backbone_fpn", "vision_pos_enc"):
            encoded[key] = [v.expand(len(ids), -1, -1, -1) for v in encoded[key]]
        _, feats, pos, sizes = model._prepare_backbone_features(encoded)
        asked = {"point_inputs": None, "mask_inputs": None}
        if t == 0:
            asked = prompt(truth[0], ids, kind, model.image_size)
        out = model.track_step(
            frame_idx=t,
            is_init_cond_frame=t == 0,
            current_vision_feats=feats,
            current_vision_pos_embeds=pos,
            feat_sizes=sizes,
            output_dict=bank,
            num_frames=len(frames),
            **asked,
        )
        kind_of = "cond_frame_outputs" if t == 0 else "non_cond_frame_outputs"
        bank[kind_of][t] = out
        logits = F.interpolate(
            out["pred_masks"], planes.shape[1:], mode="bilinear", align_corners=False
        )[:, 0]
        best, which = logits.max(0)
        labels[t] = np.where(best > 0, np.array(ids)[which.numpy()], 0)
    return labels


def on_synthetic(model: SAM2Base, n_movies: int, n_frames: int) -> dict:
    """Mean J over frames after the first, per modality and prompt."""
    table: dict[str, dict[str, float]] = {}
    for modality in HABITS:
        table[modality] = {}
        for kind in ("mask", "box", "click"):
            values = []
            for seed in range(n_movies):
                sample = synthetic_movie(
                    modality, n_frames=n_frames, n_objects=12, seed=90_000 + seed
                )
                areas = np.bincount(sample.labels[0].ravel())
                ids = [int(i) for i in np.flatnonzero(areas >= 30) if i]
                got = track(model, sample.movie, sample.labels, ids, kind)
                start = 1 if kind == "mask" else 0
                values.append(mean_jaccard(got[start:], sample.labels[start:], ids))
            table[modality][kind] = round(float(np.mean(values)), 3)
        logger.info("%s %s", modality, table[modality])
    return table


def on_stills(model: SAM2Base, folder: Path, side: int) -> dict:
    """Mean IoU of one click or box per cell on held-out stills, in tiles of `side`."""
    table = {}
    for kind in ("box", "click"):
        values = []
        for path in sorted(folder.glob("val_*_ids.png")):
            truth = io.imread(path).astype(np.int32)
            image = io.imread(path.with_name(path.name.replace("_ids", "")))
            for y in range(0, truth.shape[0] - side + 3, side):
                for x in range(0, truth.shape[1] - side + 1, side):
                    tile = np.s_[y : y + side, x : x + side]
                    areas = np.bincount(truth[tile].ravel())
                    ids = [int(i) for i in np.flatnonzero(areas >= 100) if i]
                    if not ids:
                        continue
                    got = track_each(model, image[tile], truth[tile], ids, kind)
                    values += [iou(g, truth[tile] == i) for g, i in got]
        table[kind] = round(float(np.mean(values)), 3)
    logger.info("stills, tiles of %d: %s", side, table)
    return table


@torch.inference_mode()
def track_each(
    model: SAM2Base, plane: np.ndarray, truth: np.ndarray, ids: list[int], kind: str
) -> list[tuple[np.ndarray, int]]:
    """Segment each object of a still on its own (overlaps allowed)."""
    frame = squash(plane[None], model.image_size)
    encoded = model.forward_image(to_model(frame))
    for key in ("backbone_fpn", "vision_pos_enc"):
        encoded[key] = [v.expand(len(ids), -1, -1, -1) for v in encoded[key]]
    _, feats, pos, sizes = model._prepare_backbone_features(encoded)
    out = model.track_step(
        frame_idx=0,
        is_init_cond_frame=True,
        current_vision_feats=feats,
        current_vision_pos_embeds=pos,
        feat_sizes=sizes,
        output_dict={},
        num_frames=1,
        run_mem_encoder=False,
        **prompt(truth, ids, kind, model.image_size),
    )
    logits = F.interpolate(
        out["pred_masks"], plane.shape, mode="bilinear", align_corners=False
    )[:, 0]
    return [(m.numpy(), i) for m, i in zip(logits > 0, ids, strict=True)]


def is_steady(masks: np.ndarray) -> bool:
    """Whether a reference made by a tracker keeps to one cell.

    Parameters
    ----------
    masks : ndarray, (T, Y, X) bool

    Returns
    -------
    bool
        No two frames in a row with an IoU below 0.4.
    """
    return all(iou(a, b) >= 0.4 for a, b in pairwise(masks))


def on_movie(model: SAM2Base, movie: Path, truth: Path, n_frames: int) -> dict:
    """Mean J against reference IDs; also the J of keeping the first frame's masks."""
    import tifffile

    planes = tifffile.imread(movie)[:n_frames]
    labels = tifffile.imread(truth)[:n_frames].astype(np.uint16)
    ids = [int(i) for i in np.unique(labels[0]) if i]
    still = np.broadcast_to(labels[:1], labels.shape)
    steady = [i for i in ids if is_steady(labels == i)]
    table: dict[str, float] = {"objects": len(ids), "steady objects": len(steady)}
    for name, some in (("", ids), (" steady", steady)):
        table["standing still" + name] = round(
            mean_jaccard(still[1:], labels[1:], some), 3
        )
    for kind in ("mask", "box", "click"):
        got = track(model, planes, labels, ids, kind)
        start = 1 if kind == "mask" else 0
        table[kind] = round(mean_jaccard(got[start:], labels[start:], ids), 3)
        table[kind + " steady"] = round(
            mean_jaccard(got[start:], labels[start:], steady), 3
        )
        if kind != "mask":
            table[kind + " frame 0"] = round(mean_jaccard(got[:1], labels[:1], ids), 3)
    logger.info("%s: %s", movie.name, table)
    return table


def main() -> None:
    """Evaluate and write a JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--size", type=int, help="image size, by default the config's")
    parser.add_argument("--movies", type=int, default=2, help="per modality; 0: none")
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--stills", type=Path, help="folder of val_NN.png")
    parser.add_argument("--movie", type=Path, help="a real movie ...")
    parser.add_argument("--truth", type=Path, help="... and its track IDs")
    parser.add_argument("--json", type=Path, help="where to write the table")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    started = time.monotonic()
    model = load(args.checkpoint, args.size)
    table: dict = {}
    if args.movie:
        table["movie"] = on_movie(model, args.movie, args.truth, args.frames)
    if args.stills:
        for side in (512, 1022):
            table[f"stills {side}"] = on_stills(model, args.stills, side)
    if args.movies:
        table["synthetic"] = on_synthetic(model, args.movies, args.frames)
    table["seconds"] = round(time.monotonic() - started)
    if args.json:
        args.json.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
