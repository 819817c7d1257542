"""SAM 2's memory bank: what each object looked like on the frames before.

Upstream keeps 787 kB per object and frame (at 1024 px) for ever. Here the
large part, the memory features, is kept only for the frames that the next
step can attend to, and made again from the compact part when it is needed
once more. The compact part, a few kB, goes into a temporary SQLite database,
which keeps in memory what its budget allows and the rest on disk. So nothing
is ever lost, and nothing in memory grows with the length of the movie.
"""

from __future__ import annotations

import sqlite3
import weakref
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam2_ivos.core.guards import Extent
from napari_sam2_ivos.core.results import Flag
from napari_sam2_ivos.core.views import View

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import torch

    from napari_sam2_ivos.core.prompts import FramePrompts

N_FEATURES_PER_OBJECT = 12
"""Memory features kept per object: 6 recent frames, 4 anchors, 2 to spare."""

N_NEAR_PER_OBJECT = 24
"""Compact memories at hand per object: 15 recent frames, 4 anchors, 5 to spare."""

_TABLE = """
CREATE TABLE memories (
    frame INTEGER, track_id INTEGER, is_anchor INTEGER, is_outdated INTEGER,
    logits BLOB, pointer BLOB, object_score REAL, predicted_iou REAL,
    is_reverse INTEGER, flag INTEGER,
    area REAL, y REAL, x REAL, y_min REAL, x_min REAL, y_max REAL, x_max REAL,
    top INTEGER, "left" INTEGER, height INTEGER, width INTEGER,
    PRIMARY KEY (frame, track_id, is_anchor)
)
"""
_COLUMNS = (
    "logits, pointer, object_score, predicted_iou, is_reverse, flag,"
    " area, y, x, y_min, x_min, y_max, x_max,"
    ' top, "left", height, width'
)
_CELL = "frame = ? AND track_id = ? AND is_anchor = ?"


class Key(NamedTuple):
    """Which memory: of an object on a frame, as tracked or as prompted."""

    track_id: int
    frame: int
    is_anchor: bool

    @property
    def cell(self) -> tuple[int, int, bool]:
        """Frame first, as the database looks it up."""
        return self.frame, self.track_id, self.is_anchor


@dataclass(frozen=True, eq=False)
class Memory:
    """The compact memory of one object on one frame.

    Parameters
    ----------
    logits : bytes
        `packed` mask logits on the model's mask grid.
    pointer : ndarray, (C,) float32
        Object pointer.
    object_score, predicted_iou : float
    extent : Extent
        Of the mask in pixels of the movie; its place is NaN if it is empty.
    view : View
        The part of the frame that the mask grid lies over.
    reverse : bool
        Whether it was tracked backward in time.
    flag : Flag
        Set if it was not trusted: its mask is empty and nothing attends to it.
    prompts : FramePrompts or None
        The prompts it answers, if the frame is an anchor.
    """

    logits: bytes
    pointer: np.ndarray
    object_score: float
    predicted_iou: float
    extent: Extent
    view: View
    reverse: bool
    flag: Flag = Flag.NONE
    prompts: FramePrompts | None = None

    @property
    def low_res(self) -> np.ndarray:
        """Mask logits on the model's mask grid, ``(S / 4, S / 4)`` float32."""
        flat = np.frombuffer(zlib.decompress(self.logits), np.float16)
        side = round(flat.size**0.5)
        return flat.reshape(side, side).astype(np.float32)


def packed(logits: np.ndarray) -> bytes:
    """Compress mask logits ``(S / 4, S / 4)`` float16."""
    return zlib.compress(logits.tobytes(), 1)


class MemoryBank:
    """All memories of all objects.

    Parameters
    ----------
    budget_bytes : int
        What the compact memories may take of the main memory.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._n_objects = 1
        self._near: OrderedDict[Key, Memory] = OrderedDict()
        self._features: OrderedDict[Key, tuple[View, torch.Tensor]] = OrderedDict()
        self._prompts: dict[Key, FramePrompts] = {}
        self._open()

    def _open(self) -> None:
        # No name: a file of its own that SQLite deletes when it is closed. The
        # lock of the model lets one thread at a time in here.
        self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._rows.execute(f"PRAGMA cache_size = -{max(1, self._budget // 1024)}")
        self._rows.execute(_TABLE)
        self._close = weakref.finalize(self, self._rows.close)

    def __len__(self) -> int:
        (count,) = self._rows.execute("SELECT COUNT(*) FROM memories").fetchone()
        return int(count)

    def expect(self, n_objects: int) -> None:
        """Make room for `n_objects` tracked together."""
        self._n_objects = max(self._n_objects, n_objects)

    def get(self, key: Key) -> Memory | None:
        """Return a memory, or None if there is none that is up to date."""
        near = self._near.get(key)
        if near is not None:
            self._near.move_to_end(key)
            return near
        memory = self._read(key, is_outdated=False)
        if memory is not None:
            self._put_near(key, memory)
        return memory

    def outdated(self, key: Key) -> Memory | None:
        """Return the memory from before the last edit, if there is one."""
        return self._read(key, is_outdated=True)

    def put(self, key: Key, memory: Memory) -> None:
        """Keep a memory, instead of an earlier one of the same key."""
        if memory.prompts is not None:
            self._prompts[key] = memory.prompts
        self._features.pop(key, None)
        self._put_near(key, memory)
        row = (
            memory.logits,
            np.asarray(memory.pointer, np.float32).tobytes(),
            memory.object_score,
            memory.predicted_iou,
            memory.reverse,
            int(memory.flag),
            *memory.extent,
            *memory.view,
        )
        self._rows.execute(
            f"INSERT OR REPLACE INTO memories VALUES ({', '.join('?' * 21)})",
            (*key.cell, False, *row),
        )

    def revive(self, key: Key) -> None:
        """Take an outdated memory as up to date."""
        self._rows.execute(
            f"UPDATE memories SET is_outdated = 0 WHERE {_CELL}", key.cell
        )

    def extent(self, track_id: int, frame: int) -> list[Extent]:
        """Return where an object is or was on a frame, up to date or not."""
        rows = self._rows.execute(
            "SELECT area, y, x, y_min, x_min, y_max, x_max FROM memories"
            " WHERE frame = ? AND track_id = ? AND area > 0",
            (frame, track_id),
        )
        return [Extent(*row) for row in rows]

    def overlapping(self, frame: int, extents: Collection[Extent]) -> set[int]:
        """Return the objects whose boxes on a frame overlap with one of `extents`."""
        found: set[int] = set()
        for extent in extents:
            rows = self._rows.execute(
                "SELECT track_id FROM memories WHERE frame = ? AND is_outdated = 0"
                " AND y_min <= ? AND x_min <= ? AND y_max >= ? AND x_max >= ?",
                (frame, extent.y_max, extent.x_max, extent.y_min, extent.x_min),
            )
            found.update(track_id for (track_id,) in rows)
        return found

    def shown(self, track_id: int, frame: int) -> Memory | None:
        """Return the memory that an object's mask on a frame is made of."""
        answer = self.get(Key(track_id, frame, True))
        return answer or self.get(Key(track_id, frame, False))

    def features(self, key: Key, view: View) -> torch.Tensor | None:
        """Return memory features in a view, ``(1, C, H, W)``, if still kept."""
        kept_in, features = self._features.get(key, (None, None))
        if kept_in != view:
            return None
        self._features.move_to_end(key)
        return features

    def put_features(self, key: Key, view: View, features: torch.Tensor) -> None:
        """Keep memory features in a view for the steps that come soon."""
        self._features[key] = view, features
        self._features.move_to_end(key)
        while len(self._features) > N_FEATURES_PER_OBJECT * self._n_objects:
            self._features.popitem(last=False)

    def forget(self, track_id: int, frames: Iterable[int] | None = None) -> None:
        """Take what is known of an object on `frames` as outdated.

        Without `frames` everything of it is dropped.
        """
        if frames is None:
            self._rows.execute("DELETE FROM memories WHERE track_id = ?", (track_id,))
            self._drop_near({k for k in self._near if k.track_id == track_id})
            self._drop_near({k for k in self._features if k.track_id == track_id})
            return
        cells = [(frame, track_id) for frame in frames]
        # One transaction for all: there can be thousands.
        self._rows.execute("BEGIN")
        self._rows.executemany(
            "UPDATE memories SET is_outdated = 1 WHERE frame = ? AND track_id = ?",
            cells,
        )
        self._rows.execute("COMMIT")
        for frame, _ in cells:
            self._drop_near((Key(track_id, frame, False), Key(track_id, frame, True)))

    def clear(self) -> None:
        """Forget everything."""
        self._drop_near([*self._near, *self._features])
        self._close()
        self._open()

    # ---- inside ----------------------------------------------------------

    def _read(self, key: Key, *, is_outdated: bool) -> Memory | None:
        row = self._rows.execute(
            f"SELECT {_COLUMNS} FROM memories WHERE {_CELL} AND is_outdated = ?",
            (*key.cell, is_outdated),
        ).fetchone()
        if row is None:
            return None
        logits, pointer, score, iou, reverse, flag, *numbers = row
        area, *places = numbers[:7]
        return Memory(
            logits,
            np.frombuffer(pointer, np.float32),
            score,
            iou,
            # SQLite has no NaN and stores NULL for it.
            Extent(area, *(np.nan if at is None else at for at in places)),
            View(*numbers[7:]),
            bool(reverse),
            Flag(flag),
            self._prompts.get(key),
        )

    def _put_near(self, key: Key, memory: Memory) -> None:
        self._near[key] = memory
        self._near.move_to_end(key)
        while len(self._near) > N_NEAR_PER_OBJECT * self._n_objects:
            self._near.popitem(last=False)

    def _drop_near(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._near.pop(key, None)
            self._features.pop(key, None)
            self._prompts.pop(key, None)
