"""The boundary of the core: what an engine and a label store must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np

    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.results import FrameResult


class Segmenter(Protocol):
    """The engine behind a session: a plan in, masks and scores out.

    A segmenter is bound to one movie. It keeps memories of what it tracked,
    never the user's prompts: those come with every plan.
    """

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Compute a plan frame by frame.

        Raises only `IvosError`; when `should_stop` returns true it ends within
        a frame, leaving a valid state.
        """
        ...

    def forget(
        self, track_id: int, version: int, frames: Iterable[int] | None = None
    ) -> None:
        """Take note that memories of an object on `frames`, or all, are outdated.

        `version` is that of the edit: nothing more is computed for the object
        from plans made before it.
        """
        ...

    def close(self) -> None:
        """Let go of memories and caches."""
        ...


class LabelStore(Protocol):
    """Where a label stack lives: a numpy or zarr array, ``(T, Y, X)`` unsigned.

    One that is kept in chunks says so, as zarr arrays do: `chunks` is the shape of one.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, ``(T, Y, X)``."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """An unsigned integer type."""
        ...

    def __getitem__(self, index: Any) -> Any:
        """Read, as numpy does."""
        ...

    def __setitem__(self, index: Any, value: Any) -> None:
        """Write, as numpy does."""
        ...
