"""Peak memory of tracking a long movie, each number from a fresh process.

``python -m benchmarks.memory WHO N_FRAMES MODEL DEVICE THREADS`` is that process;
`versus_upstream` starts it and reads the number of bytes that it prints. Linux only.
"""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.discs import Discs
from benchmarks.models import PREDICTOR, find_model
from benchmarks.report import Row, Target, objects
from benchmarks.subjects import Ours, Theirs
from napari_sam2_ivos.core.intensity import IntensityMapping
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.engine.segmenter import Sam2Segmenter
from napari_sam2_ivos.io.stores import create_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.core.ports import LabelStore

N_OBJECTS = 16
MIB = 1 << 20
FEATURE_BUDGET = 16 * MIB
"""What ours may keep of frame features, whatever the length of the movie: so little
that it is all used before the shorter movie ends."""

MEMORY_BUDGET = 2 * MIB
"""What ours may keep of compact memories in main memory; the rest is on disk."""

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(MIB)}
"""Makes glibc give back at once what is freed. With its own ways two runs of the same
differ by a fifth; so by a fiftieth, but they take half as long again."""


def memory_rows(
    model_name: str, device: str, short: int, long: int, long_upstream: int
) -> Iterator[Row]:
    """Measure both on a short and on a long movie.

    Parameters
    ----------
    model_name, device : str
    short, long : int
        Frames.
    long_upstream : int
        Frames of the longer movie that upstream is given.
    """

    def peak(who: str, n_frames: int) -> int:
        threads = torch.get_num_threads()
        arguments = (who, n_frames, model_name, device, threads)
        command = [sys.executable, "-m", "benchmarks.memory", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[1],
            env={**os.environ, **ALLOCATOR},
            check=True,
            stdout=subprocess.PIPE,
        )
        return int(done.stdout)

    ours = {n: peak("ours", n) / MIB for n in (short, long)}
    theirs = {n: peak("upstream", n) / MIB for n in (short, long_upstream)}
    more = MIB * (theirs[long_upstream] - theirs[short])
    note = f"upstream: {more / (long_upstream - short):,.0f} bytes more per frame"
    for n in sorted(ours | theirs):
        yield Row(
            model_name,
            f"peak memory, {objects(N_OBJECTS)}, {n:,} frames",
            "MiB",
            ours.get(n),
            theirs.get(n),
            theirs[n] / ours[n] if n in ours and n in theirs else None,
            note=note if n == long_upstream else "",
        )
    ratio = ours[long] / ours[short]
    yield Row(
        model_name,
        f"peak memory, {long:,} over {short:,} frames",
        "x",
        ratio,
        None,
        ratio,
        Target("<=", 1.1),
    )


def _track_ours(model_name: str, n_frames: int, device: str, folder: Path) -> int:
    model = find_model(model_name, folder)
    discs = Discs(n_frames, model.side, N_OBJECTS)
    loaded = model.ours(discs, device)
    start = _start(device)
    segmenter = Sam2Segmenter(
        loaded.model,
        loaded.movie,
        loaded.mapping,
        feature_budget_bytes=FEATURE_BUDGET,
        memory_budget_bytes=MEMORY_BUDGET,
    )
    subject = Ours(segmenter, _store(discs, folder))
    for number in range(N_OBJECTS):
        subject.mask(number + 1, 0, discs.mask(number, 0))
    for _ in subject.track():
        pass
    return _peak(device) - start


def _track_upstream(model_name: str, n_frames: int, device: str, folder: Path) -> int:
    model = find_model(model_name, folder)
    discs = Discs(n_frames, model.side, N_OBJECTS)
    movie = Movie(discs)
    mapping = IntensityMapping.of_movie(movie)
    net = model.upstream(PREDICTOR, device)
    start = _start(device)
    subject = Theirs(net, movie, mapping, preload=True)
    for number in range(N_OBJECTS):
        subject.mask(number + 1, 0, discs.mask(number, 0))
    store = _store(discs, folder)
    for frame, masks in enumerate(subject.track()):
        plane = np.zeros(discs.shape[1:], np.uint16)
        for number, mask in enumerate(masks):
            plane[mask] = number + 1
        store[frame] = plane
    return _peak(device) - start


def _store(discs: Discs, folder: Path) -> LabelStore:
    return create_store(discs.shape, path=folder / "labels.zarr")


def _start(device: str) -> int:
    """Return how many bytes are in use; a peak counts from here on.

    Not `resource.getrusage`: its peak is that of the parent too, which the process
    was forked from, and there is no way to begin anew after loading.
    """
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what loading left would hide what comes
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return _status("VmHWM")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def main() -> None:
    """Print the peak in bytes."""
    who, n_frames, model_name, device, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    track = {"ours": _track_ours, "upstream": _track_upstream}[who]
    with TemporaryDirectory() as folder:
        print(track(model_name, int(n_frames), device, Path(folder)))


if __name__ == "__main__":
    main()
