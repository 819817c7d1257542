"""Which session belongs to the movie that is chosen, made when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.engine.choice import AUTOMATIC
from napari_sam2_ivos.io.sessions.opening import open_folder
from napari_sam2_ivos.io.sessions.planes import load_labels
from napari_sam2_ivos.io.sessions.restoring import guards_of
from napari_sam2_ivos.io.stores import create_store
from napari_sam2_ivos.saved_sessions import settings_of
from napari_sam2_ivos.viewer.autosave import Autosave
from napari_sam2_ivos.viewer.controller import Controller
from napari_sam2_ivos.viewer.finding import colours_of, find_image
from napari_sam2_ivos.viewer.movies import contrast_of, held_positions, movie_of
from napari_sam2_ivos.viewer.registry import controller_of, controllers
from napari_sam2_ivos.widgets.background import QtBackground
from napari_sam2_ivos.widgets.long_work import drive
from napari_sam2_ivos.widgets.worker import QtRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
        made.autosave = Autosave(made, QtBackground())
        controllers(self._viewer).append(made)
        return made

    def resume(self, path: Path, file: Path | None = None) -> Controller | None:
        """Open a session that was saved; None if the user stops that.

        Its movie is one that is open already, or is opened. What was done to that so
        far is saved, and makes room.

        Parameters
        ----------
        path : Path
            The session's folder.
        file : Path, optional
            Where the user says that its movie is.

        Raises
        ------
        MovieError
            If its movie is not found; then it is to be asked for.
        IvosError
            If it cannot be opened.
        """
        for controller in controllers(self._viewer):
            if controller.autosave is not None and controller.autosave.path == path:
                return controller  # it is this one
        saved = open_folder(path)
        try:
            image = find_image(self._viewer, saved.about, path, file)
            note = saved.about.movie
            others = colours_of(self._viewer, image, saved.about)
            known, guards = settings_of(saved.about), guards_of(saved.about)
            movie = movie_of(image, note.time_axis, note.held, others)
            store = create_store(movie.shape)
            steps = load_labels(saved, store)
            is_whole = self._drive(steps, movie.n_frames, f"Opening '{path.name}'")
        except BaseException:
            saved.folder.close()
            raise
        if not is_whole:
            saved.folder.close()
            return None
        found = controller_of(self._viewer, image)
        if found is not None:
            self._discard(found)
        self._models.choose(known.get("model", AUTOMATIC))
        made = Controller(
            self._viewer,
            image,
            movie,
            store,
            self._loader(self._models.choice, known.get("contrast")),
            QtRunner(self._warn),
            others,
            saved.tracks,
        )
        made.session.guards = guards
        made.autosave = Autosave(made, QtBackground(), saved)
        controllers(self._viewer).append(made)
        made.show_prompts()
        for remark in saved.remarks:
            self._warn(remark)
        return made

    def _drive(self, steps: Iterator[int], n: int, words: str) -> bool:
        """Go through steps under a dialog; return whether all were made."""
        left = n

        def counted() -> Iterator[int]:
            nonlocal left
            for step in steps:
                left -= 1
                yield step

        drive(self._images, counted(), n, words)
        return left == 0

    def factory(self, image: Any, movie: Movie) -> Callable[[Movie], Segmenter]:
        """Return what loads the chosen model for a movie."""
        return self._loader(self._models.choice, contrast_of(image, movie))

    def _discard(self, controller: Controller) -> None:
        """Drop a session that is empty, or is saved, with its layers."""
        own = controller.layers.own()
        controller.close()
        controllers(self._viewer).remove(controller)
        for layer in own:
            self._viewer.layers.remove(layer)
