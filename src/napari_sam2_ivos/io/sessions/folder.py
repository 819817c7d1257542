"""The folder of a session: what is written into it, and in which order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.core.errors import FormatError, StoreError
from napari_sam2_ivos.io.atomic import (
    UMASK,
    cannot_save,
    checked_target,
    flush_to_disk,
)
from napari_sam2_ivos.io.ome_zarr import create_labels
from napari_sam2_ivos.io.sessions.checked_labels import checked_labels
from napari_sam2_ivos.io.sessions.commit import is_one_file
from napari_sam2_ivos.io.sessions.json_files import read_json, write_json
from napari_sam2_ivos.io.sessions.kept_planes import (
    chunks_of,
    forget_planes,
    keep_plane,
)
from napari_sam2_ivos.io.sessions.layout import (
    ACTIONS,
    COMMIT,
    FRAMES,
    IN_DOUBT,
    LABELS,
    OBJECTS,
    SESSION,
)
from napari_sam2_ivos.io.sessions.lock import Lock

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    import numpy as np

    from napari_sam2_ivos.io.sessions.about import About


class SessionFolder:
    """Writes the parts of a session, each whole or not at all.

    Every part has a number, one more than the part written before it; of two files
    that tell the same, the one with the higher number is right. What is told of objects
    at once is written to one file first, so that it is there whole or not at all, and
    only then to a file per object, frame and action.

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
        self.labels = checked_labels(path / LABELS)
        self._id = _session_id(path)
        self.lock = Lock(path, to_write=to_write)

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

    def check_writable(self) -> None:
        """Raise `StoreError` if nothing may be written now.

        Because another program has it open, or a share went away with it: writing
        would make another folder of its name.
        """
        if self.lock.refusal:
            raise StoreError(f"'{self.path}' is not saved. {self.lock.refusal}")
        if _session_id(self.path) != self._id:
            raise StoreError(
                f"'{self.path}' is not saved: it is not there any more, or another"
                " session is. Bring it back, or save it under another name."
            )

    def write_about(self, about: About) -> None:
        """Write what the session is of and what it was made with."""
        write_json(self.path / SESSION, about.to_json(self.path))

    def mark_in_doubt(self, frames: Iterable[int], kept: Iterable[int] = ()) -> None:
        """Say which label planes may not fit what is written of their objects.

        Parameters
        ----------
        frames : iterable of int
        kept : iterable of int
            Those of them that fit until now: they are kept as they are, to be put
            back if nothing more is written of their objects.
        """
        left, own = sorted(frames), sorted(kept)
        for frame in own:
            keep_plane(self.path, frame)
        if left:
            content = {"frames": left, "kept": own, "n": self.n}
            write_json(self.path / IN_DOUBT, content)
        else:
            _remove(self.path / IN_DOUBT)
        if not own:
            forget_planes(self.path)

    def write_plane(self, frame: int, plane: np.ndarray) -> None:
        """Write the label plane of a frame, ``(Y, X)``."""
        try:
            self.labels[frame] = plane
            for chunk in chunks_of(self.path, frame):
                flush_to_disk(chunk)
        except OSError as error:
            raise cannot_save(self.path, error) from error

    def commit(self, content: dict[str, Any]) -> None:
        """Write what there is to tell of objects, see `commit_of`; at once it counts.

        Raises
        ------
        StoreError
            If it cannot be written. If that is said later, by `spread`, it counts.
        """
        if not is_one_file(content):
            write_json(self.path / COMMIT, content)
            self.n = content["n"]
        self.spread(content)

    def spread(self, content: dict[str, Any]) -> None:
        """Write objects, frames and actions, each to its own file."""
        for track_id, known in content["objects"].items():
            path = self.path / OBJECTS / f"{int(track_id):05d}.json"
            if known is None:
                _remove(path)
            else:
                write_json(path, known)
        for frame, known in content["frames"].items():
            write_json(self.path / FRAMES / f"{int(frame):06d}.json", known)
        for n, known in content["actions"].items():
            write_json(self.path / ACTIONS / f"{int(n):08d}.json", known)
        self.n = content["n"]

    def end_commit(self, frames: Iterable[int]) -> None:
        """Say that all is written, and of which planes that may not be true."""
        self.mark_in_doubt(frames)
        _remove(self.path / COMMIT)


def _session_id(path: Path) -> str:
    """Return which session lies in a folder; empty for none."""
    try:
        return read_json(path / SESSION).text("session_id")
    except FormatError:
        return ""


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_save(path, error) from error
