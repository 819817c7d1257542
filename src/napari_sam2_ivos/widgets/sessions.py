"""Which session belongs to the movie that is chosen, made when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.viewer.controller import Controller
from napari_sam2_ivos.viewer.movies import contrast_of, held_positions, movie_of
from napari_sam2_ivos.viewer.registry import controller_of, controllers
from napari_sam2_ivos.widgets.worker import QtRunner

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.ports import Segmenter
    from napari_sam2_ivos.widgets.image_panel import ImagePanel
    from napari_sam2_ivos.widgets.model_choice import ModelChoice
    from napari_sam2_ivos.widgets.model_panel import ModelPanel

    Loader = Callable[
        [ModelChoice, tuple[float, float] | None], Callable[[Movie], Segmenter]
    ]


class Sessions:
    """Finds and makes the sessions of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    images : ImagePanel
        Where the movie is chosen.
    models : ModelPanel
        Where the model is chosen.
    loader : callable
        Makes the segmenter factory of a model choice.
    warn : callable, (str) -> None
        Tells the user what a model warns of.
    """

    def __init__(
        self,
        viewer: Any,
        images: ImagePanel,
        models: ModelPanel,
        loader: Loader,
        warn: Callable[[str], None],
    ) -> None:
        self._viewer = viewer
        self._images = images
        self._models = models
        self._loader = loader
        self._warn = warn

    def find(self) -> Controller | None:
        """Return the session of the chosen movie, if there is one."""
        image = self._images.layer
        return None if image is None else controller_of(self._viewer, image)

    def ensure(self, found: Controller | None) -> Controller | None:
        """Return the session of the chosen movie, made if there is none.

        One in which nothing was done yet is made anew where the sliders for Z and
        channel, or the colours, are others than it was made for.

        Parameters
        ----------
        found : Controller or None
            The session that is shown.

        Raises
        ------
        IvosError
            If the image cannot be a movie, or its labels cannot be stored.
        """
        image, axis = self._images.layer, self._images.time_axis
        if image is None:
            return None
        held = {} if axis is None else held_positions(self._viewer, image, axis)
        others = self._images.others
        if found is not None and (
            found.session.tracks
            or (found.target.time_axis, dict(found.held), found.others)
            == (axis, held, others)
        ):
            return found
        from napari_sam2_ivos.io.stores import create_store

        movie = movie_of(image, axis, held, others)
        store = create_store(movie.shape)
        if found is not None:
            self._discard(found)
        made = Controller(
            self._viewer,
            image,
            movie,
            store,
            self.factory(image, movie),
            QtRunner(self._warn),
            others,
        )
        controllers(self._viewer).append(made)
        return made

    def factory(self, image: Any, movie: Movie) -> Callable[[Movie], Segmenter]:
        """Return what loads the chosen model for a movie."""
        return self._loader(self._models.choice, contrast_of(image, movie))

    def _discard(self, controller: Controller) -> None:
        """Drop a session in which nothing was done, with its empty layers."""
        own = controller.layers.own()
        controller.close()
        controllers(self._viewer).remove(controller)
        for layer in own:
            self._viewer.layers.remove(layer)
