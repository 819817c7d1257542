"""What to say where a prompt was answered by a mask that cannot be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.session import Session


def unseen_answers(session: Session, result: FrameResult) -> Iterator[str]:
    """Yield a sentence for each prompt of a frame that has no visible answer."""
    frame = result.frame
    for mask in result:
        prompts = session.prompts(mask.track_id, frame)
        if prompts.given is not None or not prompts:
            continue  # taken as painted, or taken back meanwhile
        if not mask.pixels.any():
            yield (
                f"The model sees no object {mask.track_id} there on frame"
                f" {frame}. Click in its middle, or draw a box or outline."
            )
        elif not session.shown_mask(session.tracks[mask.track_id], frame).pixels.any():
            owners = session.part(frame, *mask.window)[mask.pixels]
            owner = int(np.bincount(owners).argmax())
            yield (
                f"The mask of object {mask.track_id} lies where object {owner} is"
                f" already. Choose object {owner} and click there with 'Not this',"
                " or erase it there."
            )
