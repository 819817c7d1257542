"""What a session is of and what it was made with: the file ``session.json``."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos import __version__
from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.core.fingerprint import fingerprint_of
from napari_sam2_ivos.io.sessions.layout import KIND, SCHEMA

if TYPE_CHECKING:
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.io.sessions.json_files import Fields

LARGEST_SIDE = 2**31 - 1
MOST_FRAMES = 10**7
MOST_AXES = 32


@dataclass(frozen=True)
class MovieNote:
    """Which movie a session is of, and how it is read.

    Parameters
    ----------
    name : str
    path : Path or None
        Its file when it was last open, None if it had none.
    shape : tuple of int
        ``(T, Y, X)`` of the label stack.
    time_axis : int
    held : dict of int to int
        Where the other axes of the file are held.
    rgb : bool
    fingerprint : str
        See `core.fingerprint`.
    """

    name: str
    path: Path | None
    shape: tuple[int, int, int]
    time_axis: int
    held: dict[int, int]
    rgb: bool
    fingerprint: str

    @classmethod
    def of(cls, movie: Movie, path: Path | None) -> MovieNote:
        """Describe a movie; reads a few parts of it."""
        return cls(
            movie.name,
            path,
            movie.shape,
            movie.time_axis,
            dict(movie.held),
            movie.rgb,
            fingerprint_of(movie),
        )


@dataclass(frozen=True)
class About:
    """What a session is of and what it was made with.

    Parameters
    ----------
    movie : MovieNote
    scale : tuple of float or None
        Pixel size ``(y, x)`` in `unit`.
    unit : str or None
    interval_s : float or None
        Seconds between frames.
    model : dict of str
        Name and SHA-256 of the model that computed last, and how it was run
        (`api.ModelSettings`); empty if none did.
    settings : dict
        What else the masks depend on, such as ``max_step_px``.
    session_id, created, program : str
        A UUID, the time in UTC, and the version that wrote it last.
    """

    movie: MovieNote
    scale: tuple[float, float] | None = None
    unit: str | None = None
    interval_s: float | None = None
    model: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    session_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=lambda: now())
    program: str = f"napari-sam2-ivos {__version__}"

    @property
    def calibration(self) -> dict[str, Any]:
        """Pixel size, unit and frame interval, as the writers of files want them."""
        return {"scale": self.scale, "unit": self.unit, "interval_s": self.interval_s}

    def to_json(self, folder: Path) -> dict[str, Any]:
        """Return what the file in `folder` holds."""
        movie = self.movie
        path = None if movie.path is None else Path(os.path.abspath(movie.path))
        return {
            "kind": KIND,
            "schema": SCHEMA,
            "program": f"napari-sam2-ivos {__version__}",
            "session_id": self.session_id,
            "created": self.created,
            "movie": {
                "name": movie.name,
                "path": None if path is None else path.as_posix(),
                "relative_path": _relative(path, folder),
                "shape": list(movie.shape),
                "time_axis": movie.time_axis,
                "held": [{"axis": axis, "at": at} for axis, at in movie.held.items()],
                "rgb": movie.rgb,
                "fingerprint": movie.fingerprint,
            },
            "scale": None if self.scale is None else list(self.scale),
            "unit": self.unit,
            "interval_s": self.interval_s,
            "model": self.model,
            "settings": self.settings,
        }


def about_from_json(fields: Fields, folder: Path) -> About:
    """Return what a file in `folder` says; `FormatError` if it cannot be."""
    movie = fields.fields("movie")
    n_frames, height, width = movie.wholes("shape", 3, 1, LARGEST_SIDE)
    if n_frames > MOST_FRAMES:
        raise FormatError(f"'{fields.place}' is damaged: {n_frames} frames.")
    note = MovieNote(
        movie.text("name"),
        _place(movie, folder),
        (n_frames, height, width),
        movie.whole("time_axis", 0, MOST_AXES),
        {
            one.whole("axis", 0, MOST_AXES): one.whole("at", 0, LARGEST_SIDE)
            for one in movie.each("held")
        },
        movie.flag("rgb"),
        movie.text("fingerprint"),
    )
    scale = fields.numbers("scale", 2) if fields.has("scale") else None
    return About(
        note,
        None if scale is None else (scale[0], scale[1]),
        fields.text("unit") if fields.has("unit") else None,
        fields.number("interval_s") if fields.has("interval_s") else None,
        fields.fields("model").content,
        fields.fields("settings").content,
        fields.text("session_id"),
        fields.text("created"),
        fields.text("program"),
    )


def is_there(path: Path) -> bool:
    """Whether there is a file or folder that may be looked at."""
    try:
        return path.is_file() or path.is_dir()
    except OSError:  # in the folder of another user, or no name that a file can have
        return False


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _place(movie: Fields, folder: Path) -> Path | None:
    """Return where the movie was; if both are there, where it is from here."""
    known = [
        Path(os.path.normpath(base / movie.text(name)))
        for name, base in (("relative_path", folder), ("path", Path()))
        if movie.has(name)
    ]
    return next(
        (path for path in known if is_there(path)), known[-1] if known else None
    )


def _relative(path: Path | None, folder: Path) -> str | None:
    """Return a path as seen from a folder, None where there is no way."""
    if path is None:
        return None
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return None
