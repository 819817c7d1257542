"""Open a movie from a path: one function, one reader per format."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import FormatError, MovieError
from napari_sam2_ivos.core.movie import Movie

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

TIFF_SUFFIXES = (".tif", ".tiff")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov")
READABLE = (
    "a TIFF stack (.tif), a zarr folder, a numpy file (.npy), a video"
    " (.mp4, .avi, .mov) or a folder of frames (.tif, .png, .jpg)"
)


@dataclass(frozen=True, eq=False)
class Source:
    """A movie on disk, opened but not read.

    Parameters
    ----------
    data : array-like
        Read lazily; the last axes are Y and X, or Y, X and colour if `rgb`.
    time_axis : int
        The axis of `data` that is time.
    rgb : bool
        Whether the last axis holds 3 or 4 colours.
    scale : tuple of float or None
        Pixel size ``(y, x)`` in `unit`, if the file says so.
    unit : str or None
        Unit of `scale`, such as ``"um"``.
    interval_s : float or None
        Seconds between frames, if the file says so.
    name : str
        The name of the file or folder.
    axes : str
        One letter per axis of `data` (T, Z, C, Y, X, S for colour; Q unknown).
    """

    data: Any
    time_axis: int
    rgb: bool = False
    scale: tuple[float, float] | None = None
    unit: str | None = None
    interval_s: float | None = None
    name: str = "movie"
    axes: str = ""

    @property
    def calibration(self) -> dict[str, Any]:
        """Pixel size, unit and frame interval, as the writers of files want them."""
        return {"scale": self.scale, "unit": self.unit, "interval_s": self.interval_s}


def open_source(path: str | os.PathLike[str]) -> Source:
    """Open a movie without reading it.

    Parameters
    ----------
    path : path-like
        TIFF, OME-TIFF or ImageJ stack, zarr array or OME-Zarr, ``.npy``,
        video, or a folder of frames.

    Raises
    ------
    MovieError
        If there is no such file, or it holds no movie.
    FormatError
        If the file is of a kind that cannot be read, or damaged.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise MovieError(f"There is no file or folder '{path}'. Check the path.")
    source = replace(_reader(path)(path), name=path.name)
    _check(source, path)
    return source


def _reader(path: Path) -> Callable[[Path], Source]:
    """Choose the reader; its libraries are imported only now."""
    suffix = path.suffix.lower()
    if path.is_dir():
        if suffix == ".zarr" or any(
            (path / key).exists() for key in ("zarr.json", ".zarray", ".zgroup")
        ):
            from napari_sam2_ivos.io.zarr_movie import open_zarr

            return open_zarr
        from napari_sam2_ivos.io.frame_folder import open_folder

        return open_folder
    if suffix in TIFF_SUFFIXES:
        from napari_sam2_ivos.io.tiff_movie import open_tiff

        return open_tiff
    if suffix == ".npy":
        return _open_npy
    if suffix in VIDEO_SUFFIXES:
        from napari_sam2_ivos.io.video import open_video

        return open_video
    if suffix in PICTURE_SUFFIXES:
        raise MovieError(
            f"'{path.name}' is a single picture. Put the frames of the movie into one"
            " folder and give the folder."
        )
    raise FormatError(
        f"'{path.name}' ends in '{suffix or 'nothing'}', which is not known. Give"
        f" {READABLE}."
    )


def _open_npy(path: Path) -> Source:
    try:
        data = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise FormatError(
            f"'{path.name}' is not a plain numpy array or is cut short: {error}. Save"
            " it again with numpy.save as numbers."
        ) from error
    axes = guess_axes(data.shape)
    return Source(data, time_axis_of(axes), rgb="S" in axes, axes=axes)


def guess_axes(shape: tuple[int, ...]) -> str:
    """Name the axes of an array that does not say: time first, Y and X last."""
    rgb = len(shape) >= 4 and shape[-1] in (3, 4)
    inner = "YXS" if rgb else "YX"
    n_outer = len(shape) - len(inner)
    if n_outer < 1:
        return inner[-len(shape) :] if shape else ""
    return "T" + "Q" * (n_outer - 1) + inner


def time_axis_of(axes: str) -> int:
    """Position of time: T if there is one, else the first axis.

    Many microscopes save a time-lapse as a Z stack, so the first axis of a
    stack without T counts as time.
    """
    return max(axes.find("T"), 0)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts frame 10 after frame 9."""
    parts = re.split(r"(\d+)", name.lower())
    return [(1, int(p), p) if p.isdigit() else (0, 0, p) for p in parts]


def _check(source: Source, path: Path) -> None:
    shape = tuple(source.data.shape)
    if 0 not in shape and len(shape) < (4 if source.rgb else 3):
        raise MovieError(
            f"'{path.name}' is a single image of shape {shape}, not a movie. Give a"
            " stack with a time axis, or the folder that holds all its frames."
        )
    Movie(source.data, source.time_axis, source.rgb, name=path.name)  # or it raises
