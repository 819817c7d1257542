"""A first look at frames that nothing was tracked onto yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam2_ivos.core.compositing import compose
from napari_sam2_ivos.viewer.outlines import rim, rim_width

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.session import Session
    from napari_sam2_ivos.viewer.glance_layer import GlanceLayer
    from napari_sam2_ivos.viewer.spare import Place


class Glance:
    """Guesses objects on the frame on screen, if they were never computed there.

    What is seen is no result: it is made without tracking, lives in a layer of
    its own and not in the session, and is gone as soon as another frame is shown
    or the frame is computed. See `viewer.jobs.SpareWork`.

    Parameters
    ----------
    session : Session
    layer : GlanceLayer
    place : callable
        Returns where to look, None for nowhere.
    """

    def __init__(
        self, session: Session, layer: GlanceLayer, place: Callable[[], Place | None]
    ) -> None:
        self.session = session
        self.layer = layer
        self._place = place
        self._planned: tuple[Place, dict[int, int]] | None = None
        self._done: tuple[Place, dict[int, int]] | None = None
        self._frame = -1
        self._versions: dict[int, int] = {}
        session.tracks_changed.connect(self._on_tracks_changed)

    def plan(self) -> Plan | None:
        """Return the plan of a guess, once for a place and the prompts there are."""
        place = self._place()
        if place is None or not self.layer.is_visible:
            return None
        plan = self.session.plan_glance(place.frame)
        self._planned = (place, dict(plan.versions))
        return plan if plan.steps and self._planned != self._done else None

    def take(self, result: FrameResult, plan: Plan) -> None:
        """Show a guess, but for objects that were edited since it was planned."""
        self._frame, self._versions = result.frame, dict(plan.versions)
        width = rim_width(self.session.movie.plane_shape)
        parts = []
        for region, members in self.session.gather([mask.window for mask in result]):
            inside = replace(result, objects=tuple(result.objects[i] for i in members))
            size = [part.stop - part.start for part in region]
            nothing = np.zeros(size, self.session.labels.dtype)
            parts.append((region, rim(compose(nothing, inside, {}, (), region), width)))
        self.layer.show(result.frame, parts)
        self._on_tracks_changed()

    def done(self) -> None:
        """Take note that the last plan need not be asked for again."""
        self._done = self._planned

    def on_applied(self, result: FrameResult) -> None:
        """Take objects off that were computed on the frame."""
        if result.frame == self._frame:
            self._drop(set(result.track_ids))

    def _on_tracks_changed(self) -> None:
        """Take objects off that are gone or have other prompts than guessed from."""
        tracks = self.session.tracks
        self._drop(
            {
                i
                for i, version in self._versions.items()
                if i not in tracks or tracks[i].version != version
            }
        )

    def _drop(self, track_ids: set[int]) -> None:
        old = track_ids & self._versions.keys()
        if old:
            self._versions = {i: v for i, v in self._versions.items() if i not in old}
            self.layer.drop(old)
