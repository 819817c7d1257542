"""Kills a program that edits, tracks, saves and exports, and counts what is lost.

``nice .venv/bin/python -m benchmarks.crash [--random N] [--step K]`` kills a user who
does anything, writing after each action or on a second thread: after a random time,
before a random thing done to a file, or when a file reaches a random size. And it
kills a user who follows a short script before each thing done to a file. After each
kill the session is opened, compared with what was said to be safe, and gone on with;
see `tests/io/sessions/crashes.py`. The counts go into `results/crash.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.io.sessions.crashes import Count, kill_everywhere, kill_many


def say(number: int, count: Count) -> None:
    """Print how far it is, now and then."""
    if number % 20 == 0:
        print(
            f"{count.kills} kills, {count.frames_finished} finished frames,"
            f" {count.frames_lost} lost, {count.opened} opened",
            flush=True,
        )


def main() -> None:
    """Kill, and save the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=400, help="users, most killed")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    count, start = Count(), time.perf_counter()
    with TemporaryDirectory() as folder:
        kill_many(Path(folder) / "crowd.ivos", args.random, count, args.seed, say)
        last = [
            kill_everywhere(path, count, step=args.step, say=say, tiled=tiled)
            for path, tiled in (
                (Path(folder) / "script.ivos", False),
                (Path(folder) / "tiled.ivos", True),
            )
        ]
    # Not before: torch comes with it.
    from benchmarks.report import RESULTS, setup

    report = {
        "machine": setup("cpu"),
        "date": date.today().isoformat(),
        "movie": "12 x 48 x 64, up to about 30 objects",
        "seconds": round(time.perf_counter() - start),
        "things_done_to_files_in_the_script": [at - 1 for at in last],
        **asdict(count),
    }
    path = RESULTS / "crash.json"
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
