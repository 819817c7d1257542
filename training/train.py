"""Train the bundled model on clips; resumable, scheduled by wall-clock time."""

from __future__ import annotations

import argparse
import copy
import json
import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from augment import vary_intensity
from clips import MovieClips, StillClips
from muon import Muon, is_matrix
from network import build, initialise, resize_positions
from objective import DenseTask
from prompts import pick_objects
from safetensors.torch import load_file
from tracking import Batch, ClipPass

logger = logging.getLogger("train")
CONFIG = Path(__file__).parents[1] / "src/napari_sam2_ivos/models/bundled.yaml"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints")
    parser.add_argument("--stills", type=Path, help="folder of train_NN.png")
    parser.add_argument("--movies", type=Path, help="folder of pool.py's *.npz")
    parser.add_argument("--share-stills", type=float, default=0.5)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--lr-end", type=float, default=0.1, help="of --lr")
    parser.add_argument("--warmup", type=int, default=150)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[160], help="of the crops; one a step"
    )
    parser.add_argument("--clips", type=int, default=4, help="per worker and step")
    parser.add_argument("--frames", type=int, default=3, help="longest clip")
    parser.add_argument("--objects", type=int, default=8, help="objects in a clip")
    parser.add_argument("--p-still", type=float, default=0.5, help="steps on stills")
    parser.add_argument("--p-mask", type=float, default=0.6)
    parser.add_argument("--p-box", type=float, default=0.4)
    parser.add_argument("--p-refine", type=float, default=0.3, help="one more click")
    parser.add_argument("--dense", type=float, default=1.0, help="auxiliary weight")
    parser.add_argument("--ema", type=float, default=0.98, help="per meeting")
    parser.add_argument("--meet-every", type=int, default=10, help="steps")
    parser.add_argument("--workers", type=int, default=2, help="one core each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=float, default=180, help="seconds")
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    parser.add_argument("--weights", type=Path, help="exported weights to go on from")
    parser.add_argument("--adamw", action="store_true", help="instead of Muon")
    return parser.parse_args()


def make_batch(
    rng: np.random.Generator,
    sources: list,
    weights: list[float],
    n_frames: int,
    n_clips: int,
    size: int,
    n_objects: int,
) -> Batch:
    """Draw clips and objects; sometimes a scene cut, after which nothing is there."""
    frames, labels, clip_of, ids = [], [], [], []
    while len(frames) < n_clips:
        source = sources[rng.choice(len(sources), p=weights)]
        clip = source(rng, n_frames, size)
        chosen = pick_objects(rng, clip, n_objects)
        if not chosen:
            continue
        clip_of += [len(frames)] * len(chosen)
        ids += chosen
        shown, truth = clip.frames, clip.labels
        if n_frames > 1 and frames and rng.random() < 0.05:
            shown, truth = shown.clone(), truth.clone()
            shown[-1], truth[-1] = frames[-1][0], 0
        frames.append(vary_intensity(rng, shown))
        labels.append(truth)
    return Batch(
        torch.stack(frames),
        torch.stack(labels),
        torch.tensor(clip_of),
        torch.tensor(ids),
    )


def make_optimizers(
    params: list[torch.nn.Parameter], lr: float, adamw_only: bool
) -> list[torch.optim.Optimizer]:
    """Muon for matrices and AdamW for the rest; no decay of biases and norms."""
    matrices = [] if adamw_only else [p for p in params if is_matrix(p)]
    chosen = {id(p) for p in matrices}
    rest = [p for p in params if id(p) not in chosen]
    groups = [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": 0.05},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(groups, lr=lr, fused=True)
    return [Muon(matrices, lr), adamw] if matrices else [adamw]


def average(params: list[torch.nn.Parameter]) -> None:
    """Average the parameters over the workers.

    One worker per core that meets the others every few steps keeps busy where the
    threads of one process wait for each other at every operation, the more so on
    a machine that has other things to do.
    """
    if not dist.is_initialized():
        return
    with torch.no_grad():
        flat = torch.cat([p.flatten() for p in params])
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        parts = flat.split([p.numel() for p in params])
        for p, mean in zip(params, parts, strict=True):
            p.copy_(mean.view_as(p))


def main() -> None:
    """Start the workers."""
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.workers == 1:
        train(0, args)
        return
    (args.out / "rendezvous").unlink(missing_ok=True)
    torch.multiprocessing.spawn(train, (args,), nprocs=args.workers)


def train(rank: int, args: argparse.Namespace) -> None:
    """Train until the time is up."""
    level = logging.INFO if rank == 0 else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    if args.workers > 1:
        dist.init_process_group(
            "gloo",
            init_method=f"file://{(args.out / 'rendezvous').absolute()}",
            rank=rank,
            world_size=args.workers,
        )
    model = build(CONFIG)
    dense_task = DenseTask(model.hidden_dim)
    model.image_encoder.to(memory_format=torch.channels_last)  # a fifth faster
    params = [*model.parameters(), *dense_task.parameters()]
    optimizers = make_optimizers(params, args.lr, args.adamw)
    done = {"steps": 0, "seconds": 0.0}
    if args.resume:
        saved = torch.load(args.resume, weights_only=True)
        model.load_state_dict(saved["model"])
        dense_task.load_state_dict(saved["dense_task"])
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        ema = copy.deepcopy(model)
        ema.load_state_dict(saved["ema"])
        done = saved["done"]
        for net in (model, ema):
            resize_positions(net, saved["size"])
    else:
        if args.weights:
            model.load_state_dict(
                {k: v.float() for k, v in load_file(args.weights).items()}
            )
        else:
            initialise(model)
        ema = copy.deepcopy(model)
    ema.requires_grad_(False)
    sources, weights = [], []
    if args.stills:
        sources.append(StillClips(args.stills))
        weights.append(args.share_stills if args.movies else 1.0)
    if args.movies:
        sources.append(MovieClips(args.movies, rank, args.workers))
        weights.append(1 - sum(weights))
    rng = np.random.default_rng([args.seed, done["steps"], rank])
    # What makes a step long is drawn alike by all workers, so that none waits.
    shared_rng = np.random.default_rng([args.seed, done["steps"], 1_000])
    torch.manual_seed(int(rng.integers(2**31)))
    clip_pass = ClipPass(model, dense_task, args.dense, args.p_refine)
    model.train()
    started = saved_at = logged_at = time.monotonic()
    step = skipped = 0
    clock = torch.zeros(1)
    while (progress := clock.item() / (60 * args.minutes)) < 1:
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        lr = args.lr * (args.lr_end + (1 - args.lr_end) * cosine)
        lr *= min(1.0, (step + 1) / args.warmup)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr
        size = int(shared_rng.choice(args.sizes))
        is_still = shared_rng.random() < args.p_still
        n_frames = 1 if is_still else int(shared_rng.integers(2, args.frames + 1))
        n_clips = max(1, 2 * args.clips if is_still else 3 * args.clips // n_frames)
        batch = make_batch(rng, sources, weights, n_frames, n_clips, size, args.objects)
        loss = clip_pass(rng, batch, args.p_mask, args.p_box)
        for p in params:
            p.grad = None
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        if torch.isfinite(norm):
            for optimizer in optimizers:
                optimizer.step()
        else:
            skipped += 1
        step += 1
        if step % args.meet_every:
            continue
        average(params)
        n_done = done["steps"] + step
        keep = min(args.ema, n_done / (n_done + 100))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(ema.parameters()), list(model.parameters()), 1 - keep
            )
        clock[0] = time.monotonic() - started
        if dist.is_initialized():
            dist.broadcast(clock, 0)
        now = time.monotonic()
        if now - logged_at > 20:
            ious = {k: round(float(np.mean(v)), 3) for k, v in clip_pass.ious.items()}
            clip_pass.ious.clear()
            logger.info(
                "step %d %.2f s/step loss %.2f norm %.1f lr %.1e skipped %d %s",
                done["steps"] + step,
                (now - started) / step,
                loss.item(),
                norm,
                lr,
                skipped,
                json.dumps(ious),
            )
            logged_at = now
        if rank == 0 and now - saved_at > args.save_every:
            save(args, model, ema, dense_task, optimizers, done, step, now - started)
            saved_at = now
    if rank == 0:
        save(args, model, ema, dense_task, optimizers, done, step, 60 * args.minutes)


def save(args, model, ema, dense_task, optimizers, done, step, seconds) -> None:
    """Write the checkpoint, whole or not at all."""
    state = {
        "model": model.state_dict(),
        "ema": ema.state_dict(),
        "dense_task": dense_task.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "done": {"steps": done["steps"] + step, "seconds": done["seconds"] + seconds},
        "size": model.image_size,
    }
    partial = args.out / "last.pt.part"
    torch.save(state, partial)
    partial.replace(args.out / "last.pt")


if __name__ == "__main__":
    main()
