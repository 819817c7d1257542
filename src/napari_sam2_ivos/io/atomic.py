"""Write files so that a crash or a full disk leaves the earlier ones untouched."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator


def checked_target(path: str | os.PathLike[str]) -> Path:
    """Return `path` if its folder exists or can be made, or raise `StoreError`."""
    target = Path(path).expanduser()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Folder '{target.parent}' cannot be made: {error}. Choose another place."
        ) from error
    return target


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file to write; it takes the place of `path` when all is well.

    The temporary file lies in the same folder, so that taking its place is
    one step for the file system.

    Raises
    ------
    StoreError
        If the disk is full or the folder may not be written; `path` is then
        as it was before.
    """
    target = checked_target(path)
    if target.is_dir():
        raise StoreError(
            f"'{target}' is a folder. Choose a file name that is not taken by a folder."
        )
    suffix = "".join(target.suffixes[-2:])
    try:
        handle, name = tempfile.mkstemp(f".part{suffix}", ".", target.parent)
        os.close(handle)
    except OSError as error:
        raise cannot_save(target, error) from error
    part = Path(name)
    try:
        yield part
        _flush_to_disk(part)
        part.chmod(0o666 & ~_umask())
        part.replace(target)
    except OSError as error:
        raise cannot_save(target, error) from error
    finally:
        part.unlink(missing_ok=True)


def cannot_save(target: Path, error: Exception) -> StoreError:
    """Return the error to raise when `target` could not be written."""
    reason = getattr(error, "strerror", None) or error
    kept = " The earlier file is as it was." if target.exists() else ""
    return StoreError(
        f"'{target}' could not be saved: {reason}. Free some space or choose another"
        f" place.{kept}"
    )


def _flush_to_disk(part: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
