"""What napari reads and writes through us: sessions, and Labels layers as stacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.io.sessions.layout import SESSION, SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WIDGET = ("napari-sam2-ivos", "Segment and track")
"""Plugin and name of the panel."""


def reader_of(path: str | list[str]) -> Callable[[Any], list[tuple[None]]] | None:
    """Return what opens a session that is dropped on the window, if it is one."""
    known = path if isinstance(path, str) else path[0]
    folder = Path(known)
    is_session = folder.suffix == SUFFIX and (folder / SESSION).is_file()
    return _open_session if is_session else None


def _open_session(path: str | list[str]) -> list[tuple[None]]:
    """Open a session in the panel; there is no layer to be added by napari."""
    import napari

    viewer = napari.current_viewer()
    if viewer is not None:
        _, panel = viewer.window.add_plugin_dock_widget(*WIDGET)
        known = path if isinstance(path, str) else path[0]
        panel.open_session(Path(known))
    return [(None,)]


def write_labels_layer(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Save a Labels layer as a label stack, with its pixel size and interval.

    Parameters
    ----------
    path : str
        ``.tif``, ``.npy`` or ``.zarr``.
    data : array-like, (T, Y, X)
    meta : mapping
        Of the layer, as napari hands it to writers.
    """
    from napari.layers import Labels

    from napari_sam2_ivos.io.labels import write_labels
    from napari_sam2_ivos.viewer.movies import calibration_of

    names = ("scale", "units")
    known = {name: meta[name] for name in names if meta.get(name) is not None}
    layer = Labels(data, **known)
    return [str(write_labels(path, data, **calibration_of(layer, 0)))]
