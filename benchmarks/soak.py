"""A long session on disk: random edits, cancels, undo and saves, for many minutes.

``nice .venv/bin/python -m benchmarks.soak [--actions N] [--minutes M]`` works on 2,000
frames with 20 objects, notes every so many actions what the process and the folder
take, opens the session again and replays it. Needs no model: a stand-in answers. The
numbers go into `results/soak.json`. Linux only.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import random
import time
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.edits import identity, lives, notes
from napari_sam2_ivos.core.errors import PromptError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.core.tracks import (
    ANCHOR,
    CELLS,
    COMPUTED,
    GIVEN,
    REVERSE,
    STALE,
    Track,
)
from napari_sam2_ivos.io.sessions.about import About, MovieNote
from napari_sam2_ivos.io.sessions.folder import SessionFolder
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.io.sessions.restoring import restore
from napari_sam2_ivos.io.sessions.saving import Saving
from napari_sam2_ivos.io.stores import create_store
from napari_sam2_ivos.testing.segmenter import FakeSegmenter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult, ObjectMask

N_FRAMES, HEIGHT, WIDTH = 2000, 160, 200
N_OBJECTS, ROWS, SIDE = 20, 4, 40
RADIUS, SWING = 9, 12
NO_LOGITS = np.zeros((0, 0), np.float32)
LONGEST = 100
"""Frames of a run, at most, once all is tracked."""


class Swings:
    """Discs that swing, each on its own spot; every frame is made when asked for."""

    shape = (N_FRAMES, HEIGHT, WIDTH)
    dtype = np.dtype(np.uint8)
    ndim = 3

    def __getitem__(self, index: Any) -> np.ndarray:
        frame, *rest = index if isinstance(index, tuple) else (index,)
        frames = np.arange(N_FRAMES)[frame]
        if frames.ndim == 0:
            return (discs(int(frames)) > 0).astype(np.uint8)[tuple(rest)] * 200
        planes = [discs(int(i)) > 0 for i in frames]
        return np.array(planes, np.uint8)[(slice(None), *rest)] * 200


def centre(number: int, frame: int) -> tuple[float, float]:
    """Where a disc is, ``(y, x)``."""
    row, column = number % ROWS, number // ROWS
    phase = frame / (40 + 3 * number) * 2 * np.pi
    y, x = SIDE * row + SIDE / 2, SIDE * column + SIDE / 2
    return y + SWING * np.sin(phase), x + SWING * np.cos(phase)


@lru_cache(maxsize=32)
def discs(frame: int) -> np.ndarray:
    """Return the number of the disc at each pixel from 1, 0 for none, ``(Y, X)``."""
    plane = np.zeros((HEIGHT, WIDTH), np.int64)
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    for number in range(N_OBJECTS):
        y, x = centre(number, frame)
        plane[(rows - y) ** 2 + (columns - x) ** 2 <= RADIUS**2] = number + 1
    return plane


class Packed:
    """A mask in few bytes, as an engine keeps it: one per object and frame."""

    __slots__ = ("bits", "rest", "shape")

    def __init__(self, mask: ObjectMask) -> None:
        self.shape = mask.logits.shape
        self.bits = np.packbits(mask.pixels).tobytes()
        self.rest = replace(mask, logits=NO_LOGITS)

    def mask(self) -> ObjectMask:
        """Return the mask."""
        packed = np.frombuffer(self.bits, np.uint8)
        n = self.shape[0] * self.shape[1]
        crop = np.unpackbits(packed, count=n).reshape(self.shape)
        return replace(self.rest, logits=np.where(crop, 5, -5).astype(np.float32))


class Follower(FakeSegmenter):
    """Follows the disc that was prompted, and keeps nothing but small masks."""

    def __init__(self, movie: Movie) -> None:
        super().__init__(movie)
        self.known: dict[tuple[int, int], Packed] = {}

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Compute a plan; an object that is not in a step is known from before."""
        for step in plan.steps:
            for track_id in step.track_ids:
                self._aim(plan, step.frame, track_id, reverse=step.reverse)
            alone = replace(plan, steps=(step,))
            for result in super().run(alone, should_stop):
                self._masks.clear()
                for mask in result:
                    self.known[mask.track_id, result.frame] = Packed(mask)
                others = tuple(
                    self.known[key].mask()
                    for key in self._keys_on(result.frame)
                    if key[0] not in step.track_ids
                )
                yield replace(result, others=others)

    def forget(
        self, track_id: int, version: int, frames: Iterable[int] | None = None
    ) -> None:
        """Drop what is remembered of an object."""
        for frame in range(N_FRAMES) if frames is None else frames:
            self.known.pop((track_id, frame), None)

    def _keys_on(self, frame: int) -> list[tuple[int, int]]:
        return [(i, frame) for i in range(1, 200) if (i, frame) in self.known]

    def _blobs(self, frame: int) -> np.ndarray:
        return discs(frame)

    def _aim(self, plan: Plan, frame: int, track_id: int, *, reverse: bool) -> None:
        """Put the disc it follows in the place of its mask on the frame before."""
        own = plan.prompts[track_id]
        side = [at for at in own if (at > frame if reverse else at < frame)]
        if frame in own or not side:
            return
        source = min(side) if reverse else max(side)
        prompts, on_source = own[source], discs(source)
        if prompts.given is not None:
            under = on_source[prompts.given.to_plane(on_source.shape)]
        elif prompts.box is not None:
            b = prompts.box
            under = on_source[
                max(0, round(b.y0)) : round(b.y1) + 1,
                max(0, round(b.x0)) : round(b.x1) + 1,
            ]
        else:
            under = np.array(
                [on_source[round(p.y), round(p.x)] for p in prompts.points]
            )
        counts = np.bincount(under[under > 0].ravel(), minlength=1)
        if counts.any():
            before = frame + (1 if reverse else -1)
            self._masks[track_id, before] = discs(frame) == counts.argmax()


class Soak:
    """A session that anything is done to.

    Parameters
    ----------
    path : Path
        Of its folder, which is new.
    seed : int
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.movie = Movie(Swings(), name="swings")
        store = create_store(self.movie.shape)
        self.session = Session(self.movie, Follower(self.movie), store)
        folder = SessionFolder.create(path, About(MovieNote.of(self.movie, None)))
        self.saving = Saving(self.session, folder)
        self.chance = random.Random(seed)
        self.save_s: list[float] = []

    def save(self) -> None:
        """Write, and note how long it takes."""
        start = time.perf_counter()
        self.saving.write()
        self.save_s.append(time.perf_counter() - start)

    def begin(self) -> None:
        """Prompt all objects in the middle and track them both ways, with saves."""
        middle = N_FRAMES // 2
        for number in range(N_OBJECTS):
            self.session.add_points(number + 1, middle, [centre(number, middle)])
        self.save()
        for direction in ("forward", "backward"):
            for _ in self.session.propagate(direction):
                self.save()

    def act(self) -> str:
        """Do something; return what."""
        s, chance = self.session, self.chance
        ids = list(s.tracks)
        a, b, at = chance.choice(ids), chance.choice(ids), chance.randrange(N_FRAMES)
        frames = range(at, min(N_FRAMES, at + chance.randint(1, LONGEST)))
        y, x = self._place_of(s.tracks[a], at)
        square = np.zeros((HEIGHT, WIDTH), bool)
        square[int(y) - 8 : int(y) + 8, int(x) - 8 : int(x) + 8] = True
        few = len(ids) < N_OBJECTS + 10
        acts: dict[str, tuple[int, Callable[[], Any]]] = {
            "click": (6, lambda: (s.add_points(a, at, [(y, x)]), s.preview(at))),
            "box": (2, lambda: s.add_box(a, at, [[y - 9, x - 9], [y + 9, x + 9]])),
            "mask": (3, lambda: (s.add_mask(a, at, square), s.preview(at))),
            "track": (10, lambda: self._track(frames)),
            "cancelled": (4, lambda: self._track(frames, chance.randint(1, 10))),
            "undo": (6, s.undo),
            "redo": (3, s.redo),
            "clear": (3, lambda: self._clear(a)),
            "swap": (1, lambda: identity.swap(s, a, b, at)),
            "split": (1, lambda: few and identity.split(s, a, at)),
            "merge": (1, lambda: identity.reassign(s, a, b, frames, "target")),
            "divide": (1, lambda: few and lives.divide(s, a, at)),
            "delete frames": (1, lambda: lives.delete_frames(s, a, frames)),
            "fill gap": (1, lambda: lives.fill_gap(s, a, at)),
            "delete": (1, lambda: None if few else s.remove_object(a)),
            "new": (1, lambda: few and s.add_points(s.next_track_id, at, [(y, x)])),
            "accept": (1, lambda: notes.accept(s, a, at)),
            "name": (1, lambda: notes.set_name(s, a, f"cell {at}")),
            "class": (1, lambda: notes.set_class(s, [a, b], f"class {at % 5}")),
            "lock": (1, lambda: notes.set_locked(s, [a], chance.random() < 0.2)),
        }
        weights = [weight for weight, _ in acts.values()]
        (name,) = chance.choices(list(acts), weights)
        with suppress(PromptError):  # what cannot be done is refused
            acts[name][1]()
        self.save()
        return name

    def _place_of(self, track: Track, frame: int) -> tuple[float, float]:
        """Where the disc is that an object follows; any, if it follows none yet."""
        there = np.flatnonzero(track.area > 0)
        number = self.chance.randrange(N_OBJECTS)
        if there.size:
            at = int(there[np.abs(there - frame).argmin()])
            y, x = track.centroid[at]
            plane = discs(at)
            on = int(plane[min(round(y), HEIGHT - 1), min(round(x), WIDTH - 1)])
            number = on - 1 if on else number
        return centre(number, frame)

    def _track(self, frames: range, cancel_after: int | None = None) -> None:
        direction = self.chance.choice(["forward", "backward", "both", "nearest"])
        plan = self.session.plan(direction, frames)
        plan = replace(plan, steps=plan.steps[: 2 * LONGEST])
        done: list[int] = []
        for result in self.session.run(
            plan, lambda: len(done) == cancel_after, object()
        ):
            self.save()
            done.append(result.frame)

    def _clear(self, track_id: int) -> None:
        anchors = self.session.tracks[track_id].anchors
        if len(anchors) > 1:
            self.session.remove_prompts(track_id, self.chance.choice(anchors))

    def size(self) -> dict[str, float]:
        """Return how much there is in the session."""
        tracks = self.session.tracks.values()
        cells = sum(int(np.count_nonzero(track.state)) for track in tracks)
        return {"objects": len(tracks), "cells": cells}

    def finish(self) -> None:
        """Compute what is out of date, so that labels follow from the prompts."""
        notes.set_locked(self.session, list(self.session.tracks), False)
        for _ in self.session.run(self.session.plan_again(), None, object()):
            self.save()
        self.save()


def resources(path: Path) -> dict[str, float]:
    """Return what the process and a folder take now.

    What is free is given back to the system first: a large action leaves holes.
    """
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    rss = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    files = [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    return {
        "rss_mib": int(rss.split()[1]) / 1024,
        "handles": len(os.listdir("/proc/self/fd")),
        "folder_mib": sum(file.stat().st_size for file in files) / 2**20,
        "files": len(files),
    }


def replay(session: Session) -> dict[str, int]:
    """Compute a session anew from what the user said; return how much is the same.

    Taken over are prompts, lives, the direction in which each frame was tracked, and
    the pixels of masks that were given: these follow from no prompt. Counted are cells
    (object, frame) with the same mask by its area and centroid, whatever lies on top
    of it, and cells with the same pixels in the label plane.
    """
    movie = session.movie
    fresh = Session(movie, Follower(movie), create_store(movie.shape))
    for track_id, known in session.tracks.items():
        track = fresh.put_track(Track(track_id, movie.n_frames))
        track.prompts, track.lifespan = dict(known.prompts), known.lifespan
        is_given = known.state & GIVEN != 0
        for name in CELLS:
            getattr(track, name)[is_given] = getattr(known, name)[is_given]
        kept = known.state & (COMPUTED | REVERSE | ANCHOR)
        track.state = np.where(
            is_given, known.state, np.where(kept & COMPUTED, kept | STALE, kept)
        ).astype(np.uint8)
        for frame in np.flatnonzero(is_given).tolist():
            plane = np.array(fresh.labels[frame])
            plane[np.asarray(session.labels[frame]) == track_id] = track_id
            fresh.labels[frame] = plane
    for _ in fresh.run(fresh.plan_again()):
        pass
    found = dict.fromkeys(("cells", "same_masks", "same_labels", "other_pixels"), 0)
    for frame in range(movie.n_frames):
        was, now = np.asarray(session.labels[frame]), np.asarray(fresh.labels[frame])
        found["other_pixels"] += int(np.count_nonzero(was != now))
        for track_id, track in session.tracks.items():
            if track.state[frame] & COMPUTED:
                found["cells"] += 1
                other = fresh.tracks[track_id]
                found["same_masks"] += bool(
                    track.area[frame] == other.area[frame]
                    and np.array_equal(
                        track.centroid[frame], other.centroid[frame], equal_nan=True
                    )
                )
                same = np.array_equal(was == track_id, now == track_id)
                found["same_labels"] += same
    return found


def tracked_again(session: Session) -> Session:
    """Have everything computed anew, each frame from its side as before."""
    session.mark_stale()
    for _ in session.run(session.plan_again()):
        pass
    return session


def slope(rows: list[dict[str, float]], name: str) -> float:
    """Return by how much something grows per 1,000 actions, in the second half."""
    half = rows[len(rows) // 2 :]
    at = [row["actions"] for row in half]
    return float(np.polyfit(at, [row[name] for row in half], 1)[0] * 1000)


def main() -> None:
    """Soak, and save the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "soak.ivos"
        soak = Soak(path, args.seed)
        start = time.perf_counter()
        soak.begin()
        first = {"seconds": time.perf_counter() - start, "saves": len(soak.save_s)}
        first["save_ms"] = 1000 * median(soak.save_s)
        print(first, resources(path), flush=True)
        rows: list[dict[str, float]] = []
        counts: dict[str, int] = {}
        start, n, spent = time.perf_counter(), 0, []
        n_saves, slowest = 0, 0.0
        soak.save_s.clear()
        while n < args.actions and time.perf_counter() - start < 60 * args.minutes:
            begun = time.perf_counter()
            name = soak.act()
            spent.append(time.perf_counter() - begun)
            counts[name] = counts.get(name, 0) + 1
            n += 1
            if n % args.every == 0:
                row = {"actions": n, **resources(path), **soak.size()}
                row["action_ms"] = 1000 * median(spent)
                row["save_ms"] = 1000 * median(soak.save_s)
                row["slowest_save_ms"] = 1000 * max(soak.save_s)
                n_saves += len(soak.save_s)
                slowest = max(slowest, *soak.save_s)
                spent.clear()
                soak.save_s.clear()
                rows.append({k: float(f"{v:.5g}") for k, v in row.items()})
                print(rows[-1], flush=True)
        acted_s = time.perf_counter() - start
        soak.finish()
        live = np.array(soak.session.labels)
        soak.saving.close()
        begun = time.perf_counter()
        again, saving = restore(open_folder(path), soak.movie, Follower(soak.movie))
        open_s = time.perf_counter() - begun
        saving.close()
        # Not before: torch comes with it.
        from benchmarks.report import RESULTS, setup

        report = {
            "machine": setup("cpu"),
            "date": date.today().isoformat(),
            "movie": f"{N_FRAMES} x {HEIGHT} x {WIDTH}, {N_OBJECTS} objects",
            "first_tracking": {k: float(f"{v:.4g}") for k, v in first.items()},
            "actions": n,
            "saves": n_saves,
            "seconds": round(acted_s, 1),
            "counts": counts,
            "per_1000_actions_second_half": {
                name: float(f"{slope(rows, name):.3g}")
                for name in ("rss_mib", "handles", "folder_mib", "action_ms", "save_ms")
            },
            "slowest_save_ms": round(1000 * slowest),
            "open_s": round(open_s, 2),
            "opened_equals_live": bool(np.array_equal(live, again.labels)),
            "objects": len(again.tracks),
            "given_cells": sum(
                int((track.state & GIVEN != 0).sum()) for track in again.tracks.values()
            ),
            "replay": replay(again),
            "replay_after_tracking_all_again": replay(tracked_again(again)),
            "rows": rows,
        }
    (RESULTS / "soak.json").write_text(
        json.dumps(report, indent=1) + "\n", encoding="utf-8"
    )
    print({k: v for k, v in report.items() if k != "rows"})


if __name__ == "__main__":
    main()
