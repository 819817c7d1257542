"""What napari.yaml points at; everything heavy is imported when it is used."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Import a panel when napari opens it; napari wants the class itself."""
    if name == "IvosDock":
        from napari_sam2_ivos.widgets.dock import IvosDock

        return IvosDock
    if name == "save_labels":
        from napari_sam2_ivos.widgets.save_labels import save_labels

        return save_labels
    if name in ("reader_of", "write_labels_layer"):
        from napari_sam2_ivos.viewer import files

        return getattr(files, name)
    raise AttributeError(name)


def sample_synthetic() -> list[tuple[Any, dict[str, Any], str]]:
    """Make a movie of moving, dividing cells, with its true tracks hidden below."""
    from napari_sam2_ivos.testing.sample_job import sample_movie

    made = sample_movie()
    axes = {"axis_labels": ("t", "y", "x")}
    truth = {"name": "true tracks", "visible": False, "opacity": 0.5}
    return [
        (made.movie, {"name": "cells", **axes}, "image"),
        (made.labels, {**truth, **axes}, "labels"),
    ]


def sample_nucleus() -> list[tuple[Any, dict[str, Any], str]]:
    """Download a real movie, or find it in the cache."""
    from napari_sam2_ivos.io.samples import NUCLEUS, open_sample

    source = open_sample(NUCLEUS)
    meta: dict[str, Any] = {"name": source.name, "metadata": {"credit": NUCLEUS.credit}}
    return [(source.data, meta, "image")]
