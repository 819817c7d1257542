"""Write the averaged weights of a training checkpoint as fp16 safetensors."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch
from safetensors.torch import save_file

logger = logging.getLogger("export")


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    saved = torch.load(args.checkpoint, weights_only=True)
    state = {k: v.half().contiguous() for k, v in saved["ema"].items()}
    done = {k: str(round(v)) for k, v in saved["done"].items()}
    save_file(state, args.out, metadata={"format": "pt", **done})
    args.out.chmod(0o644)
    logger.info("%s: %d bytes, %s", args.out, args.out.stat().st_size, done)


if __name__ == "__main__":
    main()
