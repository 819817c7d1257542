"""Saving any Labels layer as a label stack, with or without a session."""

# No `from __future__ import annotations`: magicgui reads them as objects.
from pathlib import Path

from magicgui import magic_factory
from napari.layers import Labels
from napari.utils.notifications import show_error, show_info
from superqt.utils import create_worker

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.viewer.movies import calibration_of


def _failed(error: Exception) -> None:
    text = str(error) if isinstance(error, IvosError) else repr(error)
    show_error(f"Nothing was saved: {text}")


@magic_factory(
    call_button="Save",
    layer={"tooltip": "A Labels layer with axes T, Y, X; its values are kept"},
    path={"mode": "w", "filter": "Label stacks (*.tif *.npy *.zarr)"},
)
def save_labels(layer: Labels, path: Path = Path("labels.tif")) -> None:
    """Save a Labels layer, after painting on it perhaps, for Fiji or Python.

    Writing happens on a thread, so that the window stays alive.

    Parameters
    ----------
    layer : napari.layers.Labels
        With axes ``(T, Y, X)``; pixel size, unit and frame interval are kept.
    path : Path
        ``.tif``, ``.npy`` or ``.zarr``.
    """
    from napari_sam2_ivos.io.labels import write_labels

    data = layer.data[0] if layer.multiscale else layer.data
    create_worker(
        write_labels,
        path,
        data,
        **calibration_of(layer, 0),
        _connect={
            "returned": lambda written: show_info(f"Saved {written}"),
            "errored": _failed,
        },
    )
