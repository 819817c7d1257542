"""Objects out of a segmentation that there is already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.edits.cells import make_anchor
from napari_sam2_ivos.core.errors import CollisionError, PromptError
from napari_sam2_ivos.core.prompts import MAX_TRACK_ID, FramePrompts, Mask
from napari_sam2_ivos.core.regions import Change, everything
from napari_sam2_ivos.core.tracks import Track

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from napari_sam2_ivos.core.session import Session


def masks_in(plane: np.ndarray) -> dict[int, Mask]:
    """Return the mask of every label in a ``(Y, X)`` plane, but for background."""
    rows, columns = np.nonzero(plane)
    if not rows.size:
        return {}
    labels = plane[rows, columns]
    order = np.argsort(labels, kind="stable")
    ids, first = np.unique(labels[order], return_index=True)
    ends = (
        edge.reduceat(at[order], first).tolist()
        for at in (rows, columns)
        for edge in (np.minimum, np.maximum)
    )
    return {
        label: Mask(top, left, plane[top : bottom + 1, left : right + 1] == label)
        for label, top, bottom, left, right in zip(ids.tolist(), *ends, strict=True)
    }


def take_over(
    session: Session,
    frame: int,
    plane: np.ndarray,
    labels: Collection[int] | None = None,
    *,
    renumber: bool = False,
) -> list[int]:
    """Make objects of the labels on one frame; each mask is a prompt as it is.

    Parameters
    ----------
    session : Session
    frame : int
    plane : ndarray, (Y, X) int
        A segmentation of that frame, of another program perhaps.
    labels : collection of int, optional
        Which labels; all by default.
    renumber : bool
        Give labels whose ID is taken the next free ones.

    Returns
    -------
    list of int
        Track IDs of the new objects: the labels, unless renumbered.

    Raises
    ------
    CollisionError
        If there are objects with these IDs already and `renumber` is not asked for.
    """
    frame = session.movie.check_frame(frame)
    masks = _checked(session, frame, plane)
    if labels is not None:
        masks = {i: mask for i, mask in masks.items() if i in labels}
    if not masks:
        raise PromptError(
            f"There is no label to take over on frame {frame}. Go to a frame on which"
            " the other segmentation has some."
        )
    taken = [i for i in masks if i in session.tracks]
    if taken and not renumber:
        raise CollisionError(
            f"There are objects with these IDs already: {_listed(taken)}. Take the"
            " labels over under new IDs, or delete those objects first.",
            taken,
        )
    free = max([*session.tracks, *masks]) + 1
    if free + len(taken) - 1 > MAX_TRACK_ID:
        raise PromptError(
            f"That would make IDs above {MAX_TRACK_ID}, the largest there can be. Take"
            " over fewer labels."
        )
    made = []
    with session.action(f"Take over {len(masks)} labels on frame {frame}"):
        for label, mask in masks.items():
            track_id = label
            if label in taken:
                track_id, free = free, free + 1
            session.set_prompts(track_id, frame, FramePrompts(mask=mask))
            made.append(track_id)
    return made


def adopt_stack(
    session: Session, plane_of: Callable[[int], np.ndarray]
) -> Iterator[int]:
    """Make objects of a whole label stack, to be corrected; yields each frame done.

    Every mask stays as it is until something is asked for anew, and so do frames
    without one in between. The first and last of each object are prompts, so that it
    can be tracked further.

    Parameters
    ----------
    session : Session
        Without objects.
    plane_of : callable, (frame) -> ndarray, (Y, X) int
    """
    _check_no_objects(session)
    nothing = Mask.from_plane(np.zeros((1, 1)))
    first: dict[int, tuple[int, Mask]] = {}
    last: dict[int, tuple[int, Mask]] = {}
    with session.action("Load a label stack"):
        for frame in range(session.movie.n_frames):
            plane = np.asarray(plane_of(frame))
            masks = _checked(session, frame, plane)
            labels = plane.astype(session.labels.dtype)
            whole = everything(plane.shape)
            before = session.plane(frame)
            session.write(frame, [Change(whole, before, labels, [whole])])
            for track_id, mask in masks.items():
                track = session.tracks.get(track_id)
                if track is None:
                    track = session.put_track(Track(track_id, session.movie.n_frames))
                    first[track_id] = frame, mask
                track.mark_given(frame, mask)
                last[track_id] = frame, mask
            yield frame
        for track_id, track in session.tracks.items():
            for frame, mask in (first[track_id], last[track_id]):
                make_anchor(session, track, frame, FramePrompts(mask=mask))
            for frame in range(first[track_id][0], last[track_id][0]):
                if not track.state[frame]:
                    track.mark_given(frame, nothing)


def adopt_anchors(
    session: Session, frames: Iterable[int], plane_of: Callable[[int], np.ndarray]
) -> Iterator[int]:
    """Make every mask of some frames of a label stack a prompt; yields each frame done.

    What lies between them is to be tracked.

    Parameters
    ----------
    session : Session
        Without objects.
    frames : iterable of int
    plane_of : callable, (frame) -> ndarray, (Y, X) int
    """
    _check_no_objects(session)
    with session.action("Load masks as prompts"):
        for frame in frames:
            masks = _checked(session, session.movie.check_frame(frame), plane_of(frame))
            for track_id, mask in masks.items():
                session.set_prompts(track_id, frame, FramePrompts(mask=mask))
            yield frame


def note_origins(
    session: Session,
    names: Mapping[int, str],
    classes: Mapping[int, str],
    parents: Mapping[int, int],
) -> None:
    """Take over what another program knows of objects, where these are there.

    Parameters
    ----------
    session : Session
    names, classes : mapping of int to str
        By track ID.
    parents : mapping of int to int
        From which object each came by division.
    """
    with session.action("Load names, classes and parents"):
        for track_id, track in session.tracks.items():
            session.noting(track)
            track.name = names.get(track_id, track.name)
            track.class_name = classes.get(track_id, track.class_name)
            parent = parents.get(track_id)
            if parent in session.tracks and track_id not in (
                parent,
                *session.ancestors(parent),
            ):
                track.parent = parent


def _check_no_objects(session: Session) -> None:
    if session.tracks:
        raise PromptError(
            "There are objects already. Load a label stack before the first object, or"
            " take over its labels frame by frame."
        )


def _checked(session: Session, frame: int, plane: np.ndarray) -> dict[int, Mask]:
    """Return the masks in a plane, or raise if they cannot be objects."""
    plane = np.asarray(plane)
    if plane.shape != session.movie.plane_shape:
        raise PromptError(
            f"The labels have shape {plane.shape}, but a frame of"
            f" '{session.movie.name}' has {session.movie.plane_shape}."
        )
    if plane.dtype.kind not in "ui":
        raise PromptError("Labels are whole numbers; these are not.")
    low, high = int(plane.min()), int(plane.max())
    if low < 0 or high > MAX_TRACK_ID:
        raise PromptError(
            f"Labels on frame {frame} go from {low} to {high}, but track IDs from 1 to"
            f" {MAX_TRACK_ID}. Renumber them first, for instance with skimage's"
            " relabel_sequential."
        )
    return masks_in(plane)


def _listed(ids: Collection[int]) -> str:
    some = [str(i) for i in sorted(ids)[:8]]
    return ", ".join(some) + (" …" if len(ids) > len(some) else "")
