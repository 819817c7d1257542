"""What a run writes: checked before the work, saved after it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.cli.screen import say
from napari_sam2_ivos.core.errors import StoreError

if TYPE_CHECKING:
    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.io.sources import Source


@dataclass
class Outputs:
    """The files of a run.

    Parameters
    ----------
    labels : Path or None
        ``.tif``, ``.npy`` or ``.zarr``; None if they are in a session only.
    table, overlay, boxes : Path or None
        CSV or Parquet; PNG; CSV or MOTChallenge ``.txt``.
    """

    labels: Path | None
    table: Path | None = None
    overlay: Path | None = None
    boxes: Path | None = None
    _live: bool = False

    def check(self, inputs: tuple[Path, ...], *, overwrite: bool) -> None:
        """Find out before the work, not after it, that it cannot be saved.

        Raises
        ------
        FormatError, StoreError
            If a name is not one that can be written, is that of an input, or is
            taken and `overwrite` is not set.
        """
        from napari_sam2_ivos.io import boxes
        from napari_sam2_ivos.io.atomic import checked_target
        from napari_sam2_ivos.io.exports.formats import check_name, format_of
        from napari_sam2_ivos.io.labels import check_suffix

        suffix = "" if self.labels is None else check_suffix(self.labels)
        if self.boxes is not None:
            boxes.check_suffix(self.boxes)
        taken = {path.resolve(): "what is read" for path in inputs}
        for path in (self.labels, self.table, self.overlay, self.boxes):
            if path is None:
                continue
            target = checked_target(path)
            if target.resolve() in taken:
                use = taken[target.resolve()]
                raise StoreError(f"'{path}' is {use}. Choose another name for it.")
            taken[target.resolve()] = "written already"
            if not target.exists():
                continue
            if path is self.labels and suffix == ".zarr":
                from napari_sam2_ivos.io.labels_zarr import check_free

                check_free(target)
            if not overwrite:
                raise StoreError(
                    f"'{path}' is there already. Choose another name, or add"
                    " --overwrite."
                )
        if self.table is not None:
            check_name(format_of("table"), self.table)

    def store(self, shape: tuple[int, int, int], source: Source) -> LabelStore:
        """Make the labels to work on, at their final place if that can be.

        A zarr takes every frame as it comes, so that not even a power cut
        loses more than one.
        """
        from napari_sam2_ivos.io.stores import create_store

        path = self.labels
        if path is None or path.suffix.lower() != ".zarr" or path.exists():
            return create_store(shape)
        self._live = True
        return create_store(shape, path=path, **source.calibration)

    def save(self, session: Session, source: Source) -> None:
        """Write everything and say where; if the disk is full, somewhere else."""
        known = source.calibration
        if self.labels is not None:
            if not self._live:
                self._save_labels(self.labels, session.labels, known)
            say(f"Labels:  {self.labels}")
        if self.table is not None:
            from napari_sam2_ivos.io.exports.annotated import AnnotatedMovie
            from napari_sam2_ivos.io.exports.formats import export

            labels, movie, tracks = session.labels, session.movie, session.tracks
            export("table", self.table, AnnotatedMovie(movie, labels, tracks, **known))
            say(f"Table:   {self.table}")
        if self.overlay is not None:
            from napari_sam2_ivos.io.overlay import write_overlay

            path = write_overlay(self.overlay, session.movie, session.labels)
            say(f"Picture: {path}")
        if self.boxes is not None:
            from napari_sam2_ivos.io.boxes import write_boxes

            say(f"Boxes:   {write_boxes(self.boxes, session.labels, session.tracks)}")

    def discard(self) -> None:
        """Take away a label store that was made for a run that computed nothing."""
        from napari_sam2_ivos.io.labels_zarr import is_ours

        if self._live and self.labels is not None and is_ours(self.labels):
            shutil.rmtree(self.labels)

    def _save_labels(
        self, path: Path, labels: LabelStore, known: dict[str, Any]
    ) -> None:
        from napari_sam2_ivos.io.labels import write_labels

        try:
            write_labels(path, labels, **known)
        except StoreError as error:
            spare = Path(tempfile.mkdtemp(prefix="sam2-ivos-")) / path.name
            write_labels(spare, labels, **known)
            raise StoreError(f"{error} The labels are in '{spare}' instead.") from error
