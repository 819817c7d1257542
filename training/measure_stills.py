"""Measure a model on annotated stills: every cell begun once, in one session a tile."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import numpy as np
from skimage import io

from napari_sam2_ivos.api import open_session
from napari_sam2_ivos.testing.metrics import iou
from napari_sam2_ivos.testing.simulated_user import first_prompt

logger = logging.getLogger("stills")
SMALLEST = 100  # pixels; less is a rim that the tile cuts off


def on_tile(plane: np.ndarray, truth: np.ndarray, kind: str, checkpoint: dict) -> list:
    """IoU of each cell of a tile from one prompt of a kind.

    Parameters
    ----------
    plane, truth : ndarray, (Y, X)
    kind : {'click', 'box'}
    checkpoint : dict
        Options of `open_session` that name a model.
    """
    areas = np.bincount(truth.ravel())
    ids = [int(i) for i in np.flatnonzero(areas >= SMALLEST) if i]
    if not ids:
        return []
    session = open_session(
        plane[None], device="cpu", look_at="whole-frame", **checkpoint
    )
    for i in ids:
        session.set_prompts(i, 0, first_prompt(truth == i, kind))
    session.preview(0)
    found = np.asarray(session.labels[0])
    session.segmenter.close()
    return [iou(found == i, truth == i) for i in ids]


def main() -> None:
    """Measure and write a JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds val_NN.png, val_NN_ids.png")
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512, 1022])
    parser.add_argument("--checkpoint", type=Path, help="instead of the bundled one")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    checkpoint: dict = {"model": "bundled"}
    if args.checkpoint:
        checkpoint = {"checkpoint": args.checkpoint, "config": args.config}
    table = []
    for side in args.sides:
        for kind in ("click", "box"):
            values = []
            for path in sorted(args.folder.glob("val_*_ids.png")):
                truth = io.imread(path).astype(np.int32)
                image = io.imread(path.with_name(path.name.replace("_ids", "")))
                for y in range(0, truth.shape[0] - side + 3, side):
                    for x in range(0, truth.shape[1] - side + 1, side):
                        tile = np.s_[y : y + side, x : x + side]
                        values += on_tile(image[tile], truth[tile], kind, checkpoint)
            j = round(float(np.mean(values)), 3)
            table.append({"side": side, "prompt": kind, "cells": len(values), "j": j})
            logger.info("%s", table[-1])
    if args.json:
        args.json.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
