"""What happens when the user takes the image away or changes what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.viewer.movies import movie_of

if TYPE_CHECKING:
    from napari_sam2_ivos.viewer.controller import Controller


class ImageWatch:
    """Follows the image layer of a session; nothing that was made is ever lost.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._viewer, self._image = controller.viewer, controller.image
        self._viewer.layers.events.removed.connect(self._on_removed)
        for image in (self._image, *controller.others):
            image.events.data.connect(self._on_data)

    def close(self) -> None:
        """Stop following."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        for image in (self._image, *self._controller.others):
            image.events.data.disconnect(self._on_data)

    @property
    def is_missing(self) -> bool:
        """Whether the image layer was removed from the viewer."""
        return self._image not in self._viewer.layers

    def _on_removed(self, event: Any) -> None:
        if event.value != self._image:
            return
        c = self._controller
        c.schedule.cancel()
        c.said.emit(
            f"The image '{self._image.name}' was removed. Its objects and labels are"
            " kept until the window is closed; 'Bring it back' in the panel shows it"
            " again."
        )
        c.changed.emit()

    def _on_data(self, event: Any) -> None:
        """Go on with the new pixels of an image, if they have the same shape."""
        c, image = self._controller, event.source
        try:
            movie = movie_of(c.image, c.target.time_axis, c.held, c.others)
        except MovieError:
            movie = None
        if movie is None or tuple(movie.data.shape) != tuple(c.movie.data.shape):
            c.said.emit(
                f"The data of '{image.name}' was replaced by data of another shape,"
                f" {tuple(image.data.shape)}. Its objects still belong to the data"
                " before; add the new data as an image of its own to annotate it."
            )
            return

        def act() -> None:
            c.session.movie = c.segmenter.movie = movie
            c.segmenter.close()
            c.session.mark_stale()

        c.schedule.when_idle(act)
        c.said.emit(
            f"The data of '{image.name}' was replaced. Press Track to compute the"
            " objects anew on it."
        )
        c.schedule.preview(c.stale_anchors())
