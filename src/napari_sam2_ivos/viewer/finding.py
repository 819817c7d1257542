"""The image layer that a saved session belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.io.sessions.finding import find_movie, is_same, read_movie
from napari_sam2_ivos.io.sessions.json_files import Fields
from napari_sam2_ivos.io.sessions.restoring import check_movie
from napari_sam2_ivos.io.sources import open_source
from napari_sam2_ivos.viewer.movies import movie_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam2_ivos.io.sessions.about import About


def find_image(
    viewer: Any, about: About, folder: Path, movie: Path | None = None
) -> Any:
    """Return the layer with the movie of a session, opened if it is not open yet.

    Parameters
    ----------
    viewer : ViewerModel
    about : About
    folder : Path
        Of the session: its movie may lie beside it.
    movie : Path, optional
        Where the user says that it is.

    Raises
    ------
    MovieError
        If it is neither open nor found, or is another one.
    """
    note = about.movie
    if movie is not None:
        check_movie(note, read_movie(note, movie))
        return open_image(viewer, movie)
    for layer in viewer.layers:
        if not isinstance(layer, Image):
            continue
        try:
            if is_same(note, movie_of(layer, note.time_axis, note.held)):
                return layer
        except IvosError:
            continue  # another kind of image
    _, path = find_movie(note, folder)
    return open_image(viewer, path)


def open_image(viewer: Any, path: Path) -> Any:
    """Open a file as an image layer, with its pixel size and interval."""
    source = open_source(path)
    n_axes = len(source.data.shape) - (1 if source.rgb else 0)
    scale, units = [1.0] * n_axes, ["pixel"] * n_axes
    if source.scale is not None and source.unit is not None:
        scale[-2:], units[-2:] = source.scale, [source.unit] * 2
    if source.interval_s is not None:
        scale[source.time_axis], units[source.time_axis] = source.interval_s, "s"
    return viewer.add_image(
        source.data,
        rgb=source.rgb,
        name=source.name,
        scale=scale,
        units=units,
        metadata={"path": str(path)},
    )


def colours_of(viewer: Any, image: Any, about: About) -> tuple[Any, ...]:
    """Return the further images that were the colours of a session's movie."""
    known = Fields(about.settings, "session.json, settings")
    names = known.items("colours") if known.has("colours") else []
    found = {layer.name: layer for layer in viewer.layers if isinstance(layer, Image)}
    layers = [found[name] for name in map(str, names) if name in found]
    return tuple(layer for layer in layers if layer is not image)
