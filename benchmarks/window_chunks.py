"""How much of a very large plane in chunks on disk is read for a few small objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.storage import MemoryStore, WrapperStore

from benchmarks.window_scores import how_it_looked
from napari_sam2_ivos.api import open_session
from napari_sam2_ivos.core.prompts import FramePrompts, Point
from napari_sam2_ivos.io.lazy_array import GuardedArray

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

SIDE = 8192
N_FRAMES = 4
BACKGROUND = 300
DIAMETER = 30
CONTRAST = (200.0, 1300.0)
"""Percentiles would not do: the discs are a ten-thousandth of the plane."""
PATCH = 64
"""Side of the square that each nucleus is drawn into; the rest is the fill value."""


class CountingStore(WrapperStore[MemoryStore]):
    """A store that counts the chunks it is asked for, there or not."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.n_asked = 0

    async def get(
        self,
        key: str,
        prototype: BufferPrototype,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Read a value, and count it if it is a chunk."""
        self.n_asked += key.startswith("c/")
        return await super().get(key, prototype, byte_range)


@dataclass(frozen=True, eq=False)
class LargeMovie:
    """Blurred discs far apart in a large plane, of which only they are stored.

    Attributes
    ----------
    array : zarr.Array, (T, Y, X) uint16
        Chunks of one frame, square.
    store : CountingStore
    clicks : list of (float, float)
        Middle ``(y, x)`` of each disc on frame 0.
    """

    array: Any
    store: CountingStore
    clicks: list[tuple[float, float]]

    @classmethod
    def of(cls, n_objects: int, chunk: int) -> LargeMovie:
        """Draw so many discs into chunks of so many pixels on a side."""
        store = CountingStore(MemoryStore())
        array = zarr.create_array(
            store,
            shape=(N_FRAMES, SIDE, SIDE),
            chunks=(1, chunk, chunk),
            dtype=np.uint16,
            fill_value=BACKGROUND,
        )
        rng = np.random.default_rng(5)
        starts = rng.uniform(PATCH, SIDE - PATCH, (n_objects, 2))
        steps = rng.normal(0, 2, (n_objects, 2))
        for t in range(N_FRAMES):
            for y, x in starts + t * steps:
                _draw(array, t, y, x)
        return cls(array, store, [(float(y), float(x)) for y, x in starts])

    def share_read(self, look_at: str, device: str) -> tuple[float, str]:
        """Click each disc, track them, and count.

        Parameters
        ----------
        look_at : {'whole-frame', 'windows', 'automatic'}
        device : str

        Returns
        -------
        share : float
            Bytes read per tracked frame, over the bytes of a plane. Every chunk that
            is asked for counts in full, missing ones too. What answering the
            clicks takes does not count.
        looked_at : str
        """
        chosen: Any = {"model": "bundled", "device": device, "look_at": look_at}
        chosen["contrast"] = CONTRAST
        guarded = GuardedArray(self.array, Path("large.zarr"))
        session = open_session(guarded, **chosen)
        for i, (y, x) in enumerate(self.clicks, 1):
            session.set_prompts(i, 0, FramePrompts((Point(y, x),)))
        session.preview(0)
        self.store.n_asked = 0
        for _ in session.propagate(frames=range(1, N_FRAMES)):
            pass
        n_asked = self.store.n_asked
        looked_at = how_it_looked(session)
        session.segmenter.close()
        n_chunks = (SIDE / self.array.chunks[-1]) ** 2
        return n_asked / (N_FRAMES - 1) / n_chunks, looked_at


def _draw(array: Any, frame: int, y: float, x: float) -> None:
    top, left = round(y) - PATCH // 2, round(x) - PATCH // 2
    ys, xs = np.ogrid[top : top + PATCH, left : left + PATCH]
    depth = DIAMETER / 2 - np.hypot(ys - y, xs - x)
    disc = 900 * np.clip(0.5 + depth / 4, 0, 1)
    place = frame, slice(top, top + PATCH), slice(left, left + PATCH)
    array[place] = np.maximum(array[place], BACKGROUND + disc.astype(np.uint16))
