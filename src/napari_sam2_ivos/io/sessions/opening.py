"""Opening a session's folder."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.sessions.about import about_from_json
from napari_sam2_ivos.io.sessions.contents import left_behind
from napari_sam2_ivos.io.sessions.folder import SessionFolder
from napari_sam2_ivos.io.sessions.json_files import read_json
from napari_sam2_ivos.io.sessions.layout import KIND, SCHEMA, SESSION
from napari_sam2_ivos.io.sessions.reading import HIGHEST, Reading
from napari_sam2_ivos.io.sessions.saved import SavedSession

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.sessions.about import About


def read_about(path: Path) -> About:
    """Return what a session is of, reading no more than that.

    Raises
    ------
    FormatError
        If the folder is no session, or one of a newer program.
    """
    fields = read_json(path / SESSION)
    if fields.text("kind") != KIND:
        raise FormatError(f"'{path}' is no session of this program.")
    schema = fields.whole("schema", 1, HIGHEST)
    if schema > SCHEMA:
        raise FormatError(
            f"'{path}' was saved by a newer version ({fields.text('program')}), and"
            " this one could misread it. Update napari-sam2-ivos to open it."
        )
    return about_from_json(fields, path)


def open_folder(path: Path, *, to_write: bool = True) -> SavedSession:
    """Read a session but for its label planes; what is damaged is left out and said.

    Parameters
    ----------
    path : Path
    to_write : bool
        Whether to go on with it; else it is left to others to write.

    Raises
    ------
    FormatError
        If the folder is no session, one of a newer program, or has lost its labels.
    """
    about, remains = read_about(path), left_behind(path)
    saved = SavedSession(SessionFolder(path, to_write=to_write), about)
    try:
        if not saved.folder.lock.refusal:
            for part in remains:
                with suppress(OSError):  # it is in nobody's way
                    part.unlink()
        shape = tuple(saved.folder.labels.shape)
        if shape != about.movie.shape:
            raise FormatError(
                f"'{path}' has labels of another movie, {shape} instead of"
                f" {about.movie.shape}. Take its labels from a copy of the session."
            )
        reading = Reading(saved)
        reading.doubts()
        reading.objects()
        reading.actions()
        reading.frames()
        reading.commit()
        reading.parents()
        reading.states()
        reading.end()
    except BaseException:
        saved.folder.close()
        raise
    return saved
