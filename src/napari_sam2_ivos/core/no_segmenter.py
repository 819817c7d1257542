"""A segmenter for sessions in which nothing is to be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam2_ivos.core.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult


class NoSegmenter:
    """See `core.ports.Segmenter`: it needs no model, and refuses to run."""

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Raise `EngineError`."""
        raise EngineError("This session was opened without a model.")

    def forget(
        self, track_id: int, version: int, frames: Iterable[int] | None = None
    ) -> None:
        """Do nothing: nothing is remembered."""

    def close(self) -> None:
        """Do nothing."""
