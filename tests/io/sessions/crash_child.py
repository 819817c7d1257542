"""A user of a session on disk who does anything, and says so, until killed.

`work` runs in a process of its own. What it sends: ``("now", PICTURE)`` whenever the
session has come to another state, before anything can be written of it;
``("written", K)`` when everything up to the K-th of them was; ``("export", N)`` and
``("exported", N)`` around a label file made of the N-th.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import threading

import numpy as np

from napari_sam2_ivos.core.edits import existing, identity, lives, notes
from napari_sam2_ivos.core.errors import PromptError, StoreError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.core.session import Session
from napari_sam2_ivos.io import ome_zarr
from napari_sam2_ivos.io.labels import write_labels
from napari_sam2_ivos.io.sessions.about import About, MovieNote
from napari_sam2_ivos.io.sessions.folder import SessionFolder
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.io.sessions.restoring import restore
from napari_sam2_ivos.io.sessions.saving import Saving
from tests.core.bench import Remembering, picture

N_FRAMES, HEIGHT, WIDTH = 12, 48, 64
EXPORTS = ("labels.tif", "labels.zarr")
FILE_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link"}


def crowd():
    """Five squares: two touch and part, one leaves, one passes over another."""
    data = np.zeros((N_FRAMES, HEIGHT, WIDTH), np.uint16)
    for t in range(N_FRAMES):
        data[t, 2:12, 2:12] = 1000
        data[t, 6:14, 30 - 2 * abs(6 - t) : 37 - 2 * abs(6 - t)] = 900
        data[t, 20:28, 3 + 6 * t : 12 + 6 * t] = 800
        data[t, 32:42, 10 + 2 * t : 18 + 2 * t] = 950
        data[t, 34:46, 40:52] = 1000
    return Movie(data, name="crowd")


def opened(path, movie):
    """Return the session in a folder and what saves it; a new one if there is none."""
    if path.exists():
        return restore(open_folder(path), movie, Remembering(movie))
    session = Session(movie, Remembering(movie), np.zeros(movie.shape, np.uint16))
    folder = SessionFolder.create(path, About(MovieNote.of(movie, None)))
    return session, Saving(session, folder)


def work(
    path,
    pipe,
    seed,
    *,
    n_actions=40,
    threaded=False,
    tiled=False,
    at_event=0,
    at_bytes=0,
):
    """Do `n_actions`, writing after each, or on a second thread.

    Parameters
    ----------
    path : Path
        Of the session.
    pipe : Connection
    seed : int or None
        Of what is done; without one it is `SCRIPT`.
    tiled : bool
        Whether a new session has its label planes in several chunks.
    at_event : int
        Be killed before the so-manieth thing done to a file in the folder's parent.
    at_bytes : int
        Be killed when a file grows beyond so many bytes.
    """
    if at_event:
        _die_at(at_event, str(path.parent))
    if at_bytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (at_bytes, at_bytes))
    if tiled:
        ome_zarr.LARGEST_CHUNK, ome_zarr.CHUNK = 16, 20
    session, saving = opened(path, crowd())
    user = User(path, session, saving, pipe)
    with user.writing(threaded):
        if seed is None:
            for act in SCRIPT:
                user.do(act)
        else:
            chance = random.Random(seed)
            for _ in range(n_actions):
                user.do_anything(chance)
    saving.close()
    pipe.close()


def _die_at(number, parent):
    left = [number]

    def count(path):
        if isinstance(path, str | os.PathLike) and str(path).startswith(parent):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    def hook(event, args):
        if event in FILE_EVENTS:
            count(args[0])

    sys.addaudithook(hook)
    fsync = os.fsync

    def counted(file):
        count(parent)
        fsync(file)

    os.fsync = counted


SCRIPT = (
    lambda s: s.add_points(1, 0, [(7, 7)]),
    lambda s: s.add_points(2, 0, [(24, 7)]),
    lambda s: list(s.propagate(frames=(0, 4))),
    lambda s: identity.swap(s, 1, 2, 2),
    lambda s: lives.divide(s, 1, 2),
    lambda s: s.undo(),
    lambda s: s.remove_object(2),
)


class User:
    """Does things to a session."""

    def __init__(self, path, session, saving, pipe):
        self.path, self.session, self.saving, self.pipe = path, session, saving, pipe
        self.n = -1
        self._sending = threading.Lock()
        self._again, self._over = threading.Event(), False
        self.threaded = False
        # Before the saving is told: what it may write is known outside by then.
        session.tracks_changed.connect(self._say, priority=10)
        session.frame_computed.connect(self._say, priority=10)
        session.tracks_changed.connect(self._count, priority=-10)
        session.frame_computed.connect(self._count, priority=-10)
        self._say()
        self._count()

    def writing(self, threaded):
        self.threaded = threaded
        return self

    def __enter__(self):
        self.thread = threading.Thread(target=self._write_on)
        if self.threaded:
            self.saving.pending.connect(self._again.set)
            self.thread.start()

    def __exit__(self, *error):
        self._over = True
        self._again.set()
        if self.threaded:
            self.thread.join()
        self.write()

    def send(self, *message):
        with self._sending:
            self.pipe.send(message)

    def _say(self, *_):
        self.send("now", picture(self.session))

    def _count(self, *_):
        self.n += 1

    def write(self):
        n = self.n
        self.saving.write()
        self.send("written", n)

    def _write_on(self):
        while not self._over:
            self._again.wait()
            self._again.clear()
            self.write()

    def do(self, act):
        """Do something; what is refused changes nothing."""
        try:
            act(self.session)
        except PromptError:
            return
        if not self.threaded:
            self.write()

    def track(self, direction, frames, n, recompute):
        results = self.session.propagate(direction, frames, recompute=recompute)
        for _ in zip(range(n), results, strict=False):
            if not self.threaded:
                self.write()

    def export(self, name):
        n = self.n
        self.send("export", n)
        try:
            write_labels(self.path.parent / name, self.session.labels)
        except StoreError:
            return
        self.send("exported", n)

    def do_anything(self, chance):
        """Do the next thing."""
        ids = [*self.session.tracks, 1, 2, 3]
        a, b = chance.choice(ids), chance.choice(ids)
        at = chance.randrange(N_FRAMES)
        frames = range(at, chance.randint(at + 1, N_FRAMES))
        y, x = chance.randrange(HEIGHT - 12), chance.randrange(WIDTH - 12)
        new = self.session.next_track_id if len(self.session.tracks) < 9 else a
        square = np.zeros((HEIGHT, WIDTH), bool)
        square[y : y + chance.randint(3, 12), x : x + chance.randint(3, 12)] = True
        blobs = [(7, 7), (10, 20), (24, 7), (37, 12), (40, 45)]
        acts = {
            8: lambda s: s.add_points(new, 0, [chance.choice(blobs)]),
            4: lambda s: (s.add_mask(a, at, square), s.preview(at)),
            2: lambda s: (s.add_box(a, at, [[y, x], [y + 9, x + 9]]), s.preview(at)),
            16: lambda s: self.track(
                chance.choice(["forward", "backward", "both", "nearest"]),
                None if chance.random() < 0.5 else frames,
                chance.randint(2, 30),
                recompute=chance.random() < 0.2,
            ),
            5: lambda s: s.undo(),
            3: lambda s: s.redo(),
        }
        others = [
            lambda s: identity.swap(s, a, b, at),
            lambda s: identity.split(s, a, at),
            lambda s: identity.reassign(s, a, b, None, "both"),
            lambda s: identity.reassign(s, a, b, frames, "source"),
            lambda s: lives.divide(s, a, at),
            lambda s: lives.delete_frames(s, a, frames),
            lambda s: lives.fill_gap(s, a, at),
            lambda s: lives.cut(s, a, frames),
            lambda s: s.remove_object(a) if len(s.tracks) > 4 else None,
            lambda s: s.remove_prompts(a, at),
            lambda s: notes.accept(s, a, at),
            lambda s: notes.set_class(s, [a, b], f"Zelle {at}"),
            lambda s: notes.set_name(s, a, f"α{x}"),
            lambda s: notes.set_locked(s, [a], chance.random() < 0.3),
            lambda s: notes.mark_fine(s, a, frames),
            lambda s: s.mark_stale(frames),
            lambda s: existing.take_over(s, at, square * np.uint16(3), renumber=True),
            lambda s: self.export(chance.choice(EXPORTS)),
        ]
        weights = [*acts, *[1] * len(others)]
        (act,) = chance.choices([*acts.values(), *others], weights)
        self.do(act)
