"""Parts of label planes as they were, kept outside of the memory."""

from __future__ import annotations

import sqlite3
import weakref
import zlib
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.core.prompts import Mask
    from napari_sam2_ivos.core.regions import Window


class Patches:
    """What actions changed in label planes, in a temporary database.

    So a run over thousands of frames does not fill the memory.
    """

    def __init__(self) -> None:
        # Without a name it is SQLite's own temporary file. The journal is what keeps
        # it whole where the disk is full.
        self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._rows.close)
        self._rows.execute("PRAGMA journal_mode = MEMORY")
        self._rows.execute(
            "CREATE TABLE patch (n INTEGER PRIMARY KEY, action INTEGER, frame INTEGER,"
            " y INTEGER, x INTEGER, height INTEGER, width INTEGER, dtype TEXT,"
            " pixels BLOB)"
        )
        self._rows.execute("CREATE INDEX of_action ON patch (action)")

    def keep(
        self,
        action: int,
        frame: int,
        window: tuple[slice, ...],
        before: np.ndarray,
        changed: Mask,
    ) -> None:
        """Keep what was where an action changes something.

        Parameters
        ----------
        action : int
            Its number.
        frame : int
        window : (slice, slice)
            A part of the plane.
        before : ndarray, (H, W)
            The pixels of that part.
        changed : Mask
            Which of these change.
        """
        pixels = before[changed.window]
        top, left = changed.top + window[0].start, changed.left + window[1].start
        packed = zlib.compress(np.ascontiguousarray(pixels).tobytes(), level=1)
        try:
            self._rows.execute(
                "INSERT INTO patch (action, frame, y, x, height, width, dtype, pixels)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (action, frame, top, left, *pixels.shape, pixels.dtype.str, packed),
            )
        except sqlite3.Error as error:
            raise StoreError(
                f"What frame {frame} was before could not be kept for undo: {error}."
                " Free some space where temporary files are."
            ) from error

    def of(self, action: int) -> Iterator[tuple[int, list[tuple[Window, np.ndarray]]]]:
        """Yield each frame that an action changed, with windows and pixels.

        Of one frame the latest comes first: put back in this order, the plane is as
        it was before the action.
        """
        rows = self._rows.execute(
            "SELECT frame, n FROM patch WHERE action = ? ORDER BY frame, n DESC",
            (action,),
        ).fetchall()
        for frame, found in groupby(rows, key=itemgetter(0)):
            yield frame, [self._read(n) for _, n in found]

    def give(self, action: int, other: int) -> None:
        """Let the patches of an action belong to an earlier one."""
        self._rows.execute(
            "UPDATE patch SET action = ? WHERE action = ?", (other, action)
        )

    def forget(self, action: int) -> None:
        """Let go of the patches of an action."""
        self._rows.execute("DELETE FROM patch WHERE action = ?", (action,))

    def _read(self, n: int) -> tuple[Window, np.ndarray]:
        y, x, height, width, dtype, packed = self._rows.execute(
            "SELECT y, x, height, width, dtype, pixels FROM patch WHERE n = ?", (n,)
        ).fetchone()
        pixels = np.frombuffer(zlib.decompress(packed), dtype).reshape(height, width)
        return (slice(y, y + height), slice(x, x + width)), pixels
