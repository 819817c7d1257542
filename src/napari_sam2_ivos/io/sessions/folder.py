"""The folder of a session: what is written into it, and in which order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.io.atomic import (
    UMASK,
    cannot_save,
    checked_target,
    flush_to_disk,
)
from napari_sam2_ivos.io.ome_zarr import create_labels, open_labels
from napari_sam2_ivos.io.sessions.about import now
from napari_sam2_ivos.io.sessions.json_files import write_json
from napari_sam2_ivos.io.sessions.layout import (
    ACTIONS,
    FRAMES,
    IN_DOUBT,
    LABELS,
    OBJECTS,
    SESSION,
)
from napari_sam2_ivos.io.sessions.lock import Lock
from napari_sam2_ivos.io.sessions.object_file import object_to_json

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    import numpy as np

    from napari_sam2_ivos.core.tracks import Track
    from napari_sam2_ivos.io.sessions.about import About


class SessionFolder:
    """Writes the parts of a session, each whole or not at all.

    Every part has a number, one more than the part written before it; of two files
    that tell the same, the one with the higher number is right. An action is written
    to one file first, with all objects that it changed, so that it is there whole or
    not at all, and only then to a file per object.

    Parameters
    ----------
    path : Path
        A folder that is a session.
    to_write : bool
        Whether it is to be written, if no other program does.

    Attributes
    ----------
    lock : Lock
        Nothing may be written if it was refused.
    n : int
        The highest number of a part that there is.
    """

    def __init__(self, path: Path, *, to_write: bool = True) -> None:
        self.path = path
        self.n = 0
        self.lock = Lock(path, to_write=to_write)
        self.labels = open_labels(path / LABELS)

    @classmethod
    def create(cls, path: str | os.PathLike[str], about: About) -> SessionFolder:
        """Make the folder of a new session, which must not be there yet.

        Raises
        ------
        StoreError
            If it is there, or cannot be made.
        """
        target = checked_target(path)
        if target.exists():
            raise StoreError(f"'{target}' is there already. Choose another name.")
        try:
            work = Path(tempfile.mkdtemp(".part", ".", target.parent))
        except OSError as error:
            raise cannot_save(target, error) from error
        try:
            work.chmod(0o777 & ~UMASK)
            for name in (OBJECTS, FRAMES, ACTIONS):
                (work / name).mkdir()
            create_labels(work / LABELS, about.movie.shape, **about.calibration)
            write_json(work / SESSION, about.to_json(target))
            work.rename(target)
        except OSError as error:
            raise cannot_save(target, error) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return cls(target)

    def close(self) -> None:
        """Let other programs write."""
        self.lock.release()

    def write_about(self, about: About) -> None:
        """Write what the session is of and what it was made with."""
        write_json(self.path / SESSION, about.to_json(self.path))

    def mark_in_doubt(self, frames: Iterable[int]) -> None:
        """Say which label planes may not fit what is written of their objects."""
        left = sorted(frames)
        if left:
            write_json(self.path / IN_DOUBT, {"frames": left})
        else:
            (self.path / IN_DOUBT).unlink(missing_ok=True)

    def write_plane(self, frame: int, plane: np.ndarray) -> None:
        """Write the label plane of a frame, ``(Y, X)``."""
        try:
            self.labels[frame] = plane
            for chunk in (self.path / LABELS / "0" / "c" / str(frame)).glob("*/*"):
                flush_to_disk(chunk)
        except OSError as error:
            raise cannot_save(self.path, error) from error

    def write_action(self, name: str, objects: Mapping[int, Track | None]) -> None:
        """Write what was done, and the objects it changed; None for one that is gone.

        Without a name it is only the state of the objects that changed.
        """
        n = self._next()
        files = {
            str(track_id): None if track is None else {"n": n, **object_to_json(track)}
            for track_id, track in objects.items()
        }
        entry: dict[str, Any] = {
            "n": n,
            "time": now(),
            "action": name,
            "changed": sorted(objects),
        }
        path = self.path / ACTIONS / f"{n:08d}.json"
        if files:
            write_json(path, {**entry, "objects": files})
        self.write_objects(files)
        write_json(path, entry)

    def write_objects(self, files: Mapping[str, dict[str, Any] | None]) -> None:
        """Write objects as they are after an action, each to its own file."""
        for track_id, content in files.items():
            path = self.path / OBJECTS / f"{int(track_id):05d}.json"
            if content is None:
                path.unlink(missing_ok=True)
            else:
                write_json(path, content)

    def write_frame(self, frame: int, rows: Mapping[str, Any]) -> None:
        """Write the state of all objects on a frame."""
        path = self.path / FRAMES / f"{frame:06d}.json"
        write_json(path, {"n": self._next(), **rows})

    def _next(self) -> int:
        self.n += 1
        return self.n
