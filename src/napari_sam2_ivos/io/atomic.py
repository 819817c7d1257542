"""Write files so that a crash or a full disk leaves the earlier ones untouched."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

UMASK = os.umask(0o022)
"""What new files and folders of this process may not have; asked for only once, since
asking sets it for a moment."""
os.umask(UMASK)

MADE = ".sam2-ivos.json"
"""File in every folder that we make, by which it is known as ours."""


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
        flush_to_disk(part)
        part.chmod(0o666 & ~UMASK)
        part.replace(target)
    except OSError as error:
        raise cannot_save(target, error) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the place of `path` when all is well.

    A folder that is there already is replaced if it is empty, or if this program
    wrote it and nothing was put into it since; anything else is left alone. Every
    folder made here says in a file `MADE` what was written into it.

    Raises
    ------
    StoreError
        If `path` is taken, the disk is full or the place may not be written; what
        was there is then as it was before.
    """
    target = checked_target(path)
    check_replaceable(target)
    try:
        work = Path(tempfile.mkdtemp(".part", ".", target.parent))
    except OSError as error:
        raise cannot_save(target, error) from error
    new, old = work / "new", work / "old"
    try:
        new.mkdir()
        yield new
        made = json.dumps({"contents": sorted(_files_in(new))})
        (new / MADE).write_text(made, encoding="utf-8")
        _flush_all(new)
        check_replaceable(target)  # it took a while
        if target.exists():
            target.rename(old)
        new.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise cannot_save(target, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_replaceable(folder: Path) -> None:
    """Raise `StoreError` if a place is taken by something we may not replace."""
    if not folder.exists():
        return
    taken = folder.is_file()
    if not taken:
        taken = not _files_in(folder) <= {MADE, *_contents(folder)}
    if taken:
        raise StoreError(
            f"'{folder}' is there already and holds what this program did not write,"
            " so it is left alone. Choose another name."
        )


def _files_in(folder: Path) -> set[str]:
    """Return the files in a folder and in those below, empty folders too."""
    found = folder.rglob("*")
    return {
        item.relative_to(folder).as_posix()
        for item in found
        if not item.is_dir() or not any(item.iterdir())
    }


def _contents(folder: Path) -> list[str]:
    """Return what we have written into a folder, nothing if it is not ours."""
    try:
        known = json.loads((folder / MADE).read_text(encoding="utf-8"))
        return [str(name) for name in known["contents"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def cannot_save(target: Path, error: Exception) -> StoreError:
    """Return the error to raise when `target` could not be written."""
    reason = getattr(error, "strerror", None) or error
    kept = " The earlier file is as it was." if target.exists() else ""
    return StoreError(
        f"'{target}' could not be saved: {reason}. Free some space or choose another"
        f" place.{kept}"
    )


def flush_to_disk(part: Path) -> None:
    """Have the system write a file to its disk now."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_all(folder: Path) -> None:
    for item in folder.rglob("*"):
        if item.is_file():
            flush_to_disk(item)
