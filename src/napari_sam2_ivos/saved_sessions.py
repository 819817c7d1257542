"""The short public API of sessions on disk: begun, saved as one goes, gone on with."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos import api
from napari_sam2_ivos.core.errors import IvosWarning, MovieError, StoreError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.sessions.about import About, MovieNote
from napari_sam2_ivos.io.sessions.finding import find_movie
from napari_sam2_ivos.io.sessions.folder import SessionFolder
from napari_sam2_ivos.io.sessions.json_files import Fields
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.io.sessions.restoring import check_movie, restore
from napari_sam2_ivos.io.sessions.saving import Saving
from napari_sam2_ivos.io.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.engine.loading import ModelSettings


@contextmanager
def open_saved(
    path: str | os.PathLike[str],
    movie: Any = None,
    **settings: Unpack[ModelSettings],
) -> Iterator[Session]:
    """Open a session that is saved as one goes, or begin it if it is not there yet.

    Every action and every frame that is tracked is in the folder when the call that
    made it returns. What could not be written is a warning, and is tried again at the
    next one and at the end.

    Parameters
    ----------
    path : path-like
        The session's folder, ``NAME.ivos``.
    movie : array-like, path or Movie, optional
        See `open_movie`. A session that is there knows its movie, if that has a file.
    **settings
        See `ModelSettings`; what is left out is as it was in the session.

    Yields
    ------
    Session

    Raises
    ------
    MovieError
        If the movie is not found, or is another one than the session's.
    FormatError
        If the session is damaged or was saved by a newer program.
    StoreError
        If it is open in another program, or cannot be written.

    Examples
    --------
    >>> with open_saved("cells.ivos", "cells.tif") as session:
    ...     session.add_points(track_id=1, frame=0, points=[[120, 80]])
    ...     for result in session.propagate():
    ...         print(result.frame)
    """
    path = Path(path).expanduser()
    session, saving = (_resume if path.exists() else _begin)(path, movie, settings)
    try:
        with saved_as_one_goes(saving):
            yield session
    finally:
        session.segmenter.close()


@contextmanager
def saved_as_one_goes(saving: Saving) -> Iterator[None]:
    """Write whatever happens to a session at once, and let others open it after that.

    Raises
    ------
    StoreError
        At the beginning, if it is open in another program; at the end, if something
        still cannot be written.
    """
    folder = saving.folder
    try:
        if folder.lock.refusal:
            raise StoreError(
                f"'{folder.path}' cannot be changed. {folder.lock.refusal}"
            )
        write = partial(_write_or_warn, saving)
        saving.pending.connect(write)
        yield
        saving.pending.disconnect(write)
        saving.write()
    finally:
        saving.close()


def settings_of(about: About) -> ModelSettings:
    """Return how the model of a session was run, as far as one can choose it.

    Raises
    ------
    FormatError
        If the session says what cannot be.
    """
    known = Fields(about.model, "session.json, model")
    settings: ModelSettings = {}
    if known.has("model"):
        settings["model"] = known.text("model")
    if known.has("contrast"):
        low, high = known.numbers("contrast", 2)
        settings["contrast"] = low, high
    if known.has("input_size"):
        settings["input_size"] = known.whole("input_size", 32, 4096)
    if known.has("window_size"):
        settings["window_size"] = known.whole("window_size", 32, 4096)
    for look in ("automatic", "windows", "whole-frame"):
        if known.has("look_at") and known.text("look_at") == look:
            settings["look_at"] = look
    if known.has("exclusive_memory"):
        settings["exclusive_memory"] = known.flag("exclusive_memory")
    return settings


def _begin(path: Path, movie: Any, settings: ModelSettings) -> tuple[Session, Saving]:
    if movie is None:
        raise MovieError(f"There is no session '{path}' yet. Say of which movie it is.")
    file, calibration = None, {}
    if isinstance(movie, str | os.PathLike):
        file = Path(movie).expanduser()
        source = open_source(file)
        calibration = source.calibration
        movie = Movie(source.data, source.time_axis, source.rgb, name=source.name)
    opened = api.open_movie(movie)
    session = api.open_session(opened, **settings)
    about = About(MovieNote.of(opened, file), **calibration, model=made_with(session))
    return session, Saving(session, SessionFolder.create(path, about))


def _resume(path: Path, movie: Any, settings: ModelSettings) -> tuple[Session, Saving]:
    saved = open_folder(path)
    about = saved.about
    try:
        file = None
        if movie is None:
            opened, file = find_movie(about.movie, path)
        else:
            opened = api.open_movie(movie)
            check_movie(about.movie, opened)
            if isinstance(movie, str | os.PathLike):
                file = Path(movie).expanduser()
        wanted: ModelSettings = {**settings_of(about), **settings}
        segmenter = api.load_segmenter(opened, **wanted)
        session, saving = restore(saved, opened, segmenter)
    except BaseException:
        saved.folder.close()
        raise
    for remark in saved.remarks:
        warnings.warn(remark, IvosWarning, stacklevel=4)
    note = replace(about.movie, path=file)
    saving.note_about(replace(about, movie=note, model=made_with(session)))
    return session, saving


def made_with(session: Session) -> dict[str, Any]:
    """Return what the masks of a session depend on; empty if its model does not say."""
    return dict(getattr(session.segmenter, "made_with", {}))


def _write_or_warn(saving: Saving) -> None:
    try:
        saving.write()
    except StoreError as error:
        warnings.warn(str(error), IvosWarning, stacklevel=2)
