"""A model that is loaded when it is first needed, on the thread that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.planning import Plan
    from napari_sam2_ivos.core.ports import Segmenter
    from napari_sam2_ivos.core.results import FrameResult
    from napari_sam2_ivos.core.views import View


class LazySegmenter:
    """Stands for a segmenter until somebody runs it; see `core.ports.Segmenter`.

    Parameters
    ----------
    movie : Movie
    factory : callable, (Movie) -> Segmenter
        Loads the model; may take seconds.

    Attributes
    ----------
    n_loads : int
        How often a model was loaded: what an earlier one has cached is gone.
    """

    def __init__(self, movie: Movie, factory: Callable[[Movie], Segmenter]) -> None:
        self.movie = movie
        self.n_loads = 0
        self._factory = factory
        self._loaded: Segmenter | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether running begins without loading."""
        return self._loaded is not None

    @property
    def model_name(self) -> str:
        """Name of the model that is loaded; empty if none is, or it has no name."""
        return str(getattr(self._loaded, "model_name", ""))

    @property
    def made_with(self) -> dict[str, Any]:
        """What the masks depend on, for a session to keep; empty if not known."""
        return dict(getattr(self._loaded, "made_with", {}))

    def seeing(self, window: View | None) -> tuple[IntensityMapping, int] | None:
        """Return how the model that is loaded sees a window, or the whole frame.

        Returns
        -------
        (IntensityMapping, int) or None
            Its grey values and the side of its input in pixels, which may be another
            for windows; None if no model is loaded, or it does not say.
        """
        whole = getattr(self._loaded, "view", None)
        if whole is None or window is None:
            return whole
        mapping, side = whole
        return mapping, getattr(self._loaded, "window_size", side)

    def use(self, factory: Callable[[Movie], Segmenter]) -> None:
        """Load with another factory next time; the model so far is let go.

        Not while a plan is running.
        """
        self.close()
        self._factory = factory

    def run(
        self, plan: Plan, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[FrameResult]:
        """Load if needed, then compute the plan."""
        if self._loaded is None:
            self._loaded = self._factory(self.movie)
            self.n_loads += 1
        if should_stop is not None and should_stop():
            return
        yield from self._loaded.run(plan, should_stop)

    def forget(
        self, track_id: int, version: int, frames: Iterable[int] | None = None
    ) -> None:
        """Pass on that memories of an object are outdated, if there can be any."""
        if self._loaded is not None:
            self._loaded.forget(track_id, version, frames)

    def close(self) -> None:
        """Let go of the model."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.close()
