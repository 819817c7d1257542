"""The checkpoint files on this machine: where they lie, and whether they are whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from napari_sam2_ivos.core.errors import ModelError
from napari_sam2_ivos.engine.catalogue import bundled_file

if TYPE_CHECKING:
    from napari_sam2_ivos.engine.catalogue import ModelEntry

MODELS_DIR_VARIABLE = "NAPARI_SAM2_IVOS_MODELS"
"""Environment variable naming a folder of checkpoints, shared in a lab perhaps."""


def model_folders() -> tuple[Path, ...]:
    """Return the folders that checkpoints are looked for in, and in which order.

    The folder that `MODELS_DIR_VARIABLE` names, if it names one, then the
    user's own cache folder. A download goes into the first that can be written:
    so a shared folder may be read-only, and a writable one is filled for all.
    """
    own = user_cache_path("napari-sam2-ivos", appauthor=False) / "models"
    shared = os.environ.get(MODELS_DIR_VARIABLE)
    return (Path(shared).expanduser(), own) if shared else (own,)


def installed_path(entry: ModelEntry) -> Path | None:
    """Return the checkpoint file of a model, or None if it is not on this machine.

    A file of another size is a download cut short or something else: it does
    not count (`misfit` names it), and a download takes its place.
    """
    if entry.url is None:
        return bundled_file() if bundled_file().is_file() else None
    for path in _places(entry):
        if path.is_file() and path.stat().st_size == entry.size_bytes:
            return path
    return None


def misfit(entry: ModelEntry) -> str:
    """Return in words which file has the name of a model but not its size, if any."""
    for path in _places(entry):
        if path.is_file() and path.stat().st_size != entry.size_bytes:
            return (
                f"File '{path}' is not used: it has {path.stat().st_size} bytes and"
                f" not {entry.size_bytes}, so it was cut short or is another file."
            )
    return ""


def check(entry: ModelEntry, path: Path) -> None:
    """Make sure that a file is the one that was published, byte by byte.

    Done each time a process loads a model of the catalogue, which it does once:
    the largest takes about as long to hash as to read, a small price beside
    remembering between processes which files were good and did not change.

    Raises
    ------
    ModelError
        If it is not.
    """
    if entry.sha256 is not None and sha256_of(path) != entry.sha256:
        raise ModelError(
            f"File '{path}' is not model '{entry.name}' as it was published (its"
            " SHA-256 is another): it is damaged, or was changed. Delete it and get it"
            f" again. {by_hand(entry)}"
        )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a checkpoint, by which a session knows it again."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"Checkpoint '{path}' cannot be read: {error.strerror}."
        ) from error


def by_hand(entry: ModelEntry) -> str:
    """Return how to get a model onto a machine without internet."""
    folders = " or ".join(str(folder) for folder in model_folders())
    return (
        f"On a machine with internet get {entry.url} and put {entry.file_name} into"
        f" {folders}."
    )


def _places(entry: ModelEntry) -> list[Path]:
    return [folder / entry.file_name for folder in model_folders()]
