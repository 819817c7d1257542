"""The label planes of a session, and objects that are made to fit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam2_ivos.core.errors import StoreError
from napari_sam2_ivos.core.mending import mend
from napari_sam2_ivos.core.tracks import COMPUTED, Track
from napari_sam2_ivos.io.lazy_array import READ_ERRORS, GuardedArray
from napari_sam2_ivos.io.sessions.layout import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_sam2_ivos.core.ports import LabelStore
    from napari_sam2_ivos.io.sessions.saved import SavedSession


def load_labels(saved: SavedSession, labels: LabelStore) -> Iterator[int]:
    """Copy the label planes of a session into a store; yields each frame done.

    A plane that cannot be read is left empty: its masks count as out of date. Where
    saving was cut short, objects are made to fit their pixels (`core.mending`).
    """
    damaged = []
    for frame in range(labels.shape[0]):
        try:
            plane = np.asarray(saved.folder.labels[frame])
        except (*READ_ERRORS, MemoryError):
            damaged.append(frame)
            plane = np.zeros(labels.shape[1:], labels.dtype)
            saved.in_doubt.add(frame)
        if plane.any():
            labels[frame] = plane
        if frame not in saved.in_doubt and _is_another(saved.tracks, frame, plane):
            damaged.append(frame)
            saved.in_doubt.add(frame)
        if frame in saved.in_doubt:
            _mend(saved, frame, plane)
        yield frame
    if damaged:
        saved.remarks.append(
            f"The labels of {len(damaged)} frames are damaged or of other objects, the"
            f" first of them frame {damaged[0]}. Look at them, and track again."
        )
    if recovered := sorted(saved.recovered):
        saved.remarks.append(
            "Objects that were not saved to the end have their masks back but not their"
            f" prompts: {', '.join(map(str, recovered[:10]))}."
        )


def mend_in_doubt(saved: SavedSession) -> None:
    """Make objects fit their pixels, where these are not copied into a store.

    Raises
    ------
    MovieError
        If a label plane is damaged.
    """
    labels = readable_labels(saved)
    for frame in range(labels.shape[0]):
        plane = labels[frame]
        if frame in saved.in_doubt or _is_another(saved.tracks, frame, plane):
            _mend(saved, frame, plane)


class ReadOnlyLabels(GuardedArray):
    """The label stack in the folder; what is damaged there is a clear error."""

    def __setitem__(self, index: Any, values: Any) -> None:
        raise StoreError(f"'{self.path}' was opened to be read.")


def readable_labels(saved: SavedSession) -> ReadOnlyLabels:
    """Return the label stack in a session's folder, to be read only."""
    return ReadOnlyLabels(saved.folder.labels, saved.folder.path / LABELS)


def _is_another(tracks: Mapping[int, Track], frame: int, plane: np.ndarray) -> bool:
    """Whether a label plane cannot be the one that was saved with its objects.

    It has labels that nothing has, more pixels of one than its mask, or none at all.
    """
    n_pixels = np.bincount(plane.ravel())
    n_pixels[0] = 0
    shown = np.flatnonzero(n_pixels).tolist()
    for track_id in shown:
        track = tracks.get(track_id)
        if track is None or not track.state[frame] & COMPUTED:
            return True
        if not n_pixels[track_id] <= track.area[frame]:
            return True
    # A locked or given mask may lie under another that was deleted since.
    return not shown and any(
        track.is_fresh(frame)
        and track.area[frame] > 0
        and not (track.is_locked or track.is_given(frame))
        for track in tracks.values()
    )


def _mend(saved: SavedSession, frame: int, plane: np.ndarray) -> None:
    unfit = mend(saved.tracks, frame, plane)
    unknown = unfit - saved.tracks.keys()
    if unknown:
        for track_id in unknown:
            saved.tracks[track_id] = Track(track_id, saved.about.movie.shape[0])
        mend(saved.tracks, frame, plane)
    saved.recovered |= unknown
    saved.mended |= unfit
