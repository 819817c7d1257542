"""What the model sees of a movie, as a layer to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from psygnal import Signal

from napari_sam2_ivos.core.errors import MovieError
from napari_sam2_ivos.core.views import View
from napari_sam2_ivos.engine.planes import are_large
from napari_sam2_ivos.viewer.channels import ChannelStack
from napari_sam2_ivos.viewer.layers import PLACING, label_placement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.session import Session


class SeenPlanes:
    """The planes of a movie as the model gets them, each made when looked at.

    Of several frames at once there is nothing, so that nobody saves it or
    takes it for a movie. Axes other than time have length 1.

    There are no more pixels than in the movie: where the model gets more, they are
    interpolated, and a layer with a finer step than all others has napari read every
    layer anew when it comes and goes, seconds on a large plane.

    Parameters
    ----------
    movie : Movie
    mapping : IntensityMapping
    side : int
        Side of the model's input, pixels.
    window : View, optional
        The part of each plane to see; nothing else is read. The whole by default.
    """

    def __init__(
        self,
        movie: Movie,
        mapping: IntensityMapping,
        side: int,
        window: View | None = None,
    ) -> None:
        self.movie = movie
        self.mapping = mapping
        self.side = side
        self.view = View.whole(movie.plane_shape) if window is None else window
        self.size = min(side, self.view.height), min(side, self.view.width)
        outer = [1] * (len(movie.data.shape) - (3 if movie.rgb else 2))
        outer[movie.time_axis] = movie.n_frames
        self.shape = (*outer, *self.size, 3)
        self.ndim = len(self.shape)
        self.dtype = np.dtype(np.uint8)

    def __getitem__(self, index: Any) -> np.ndarray:
        given = index if isinstance(index, tuple) else (index,)
        at = [*given, *[slice(None)] * (self.ndim - len(given))]
        time = self.movie.time_axis
        frames = np.arange(self.movie.n_frames)[at[time]]
        picture = self._picture(int(frames.item())) if frames.size == 1 else np.uint8(0)
        shape = [*self.shape]
        shape[time] = frames.size
        at[time] = slice(None) if frames.ndim else 0
        return np.broadcast_to(picture, shape)[tuple(at)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.zeros(self.shape, self.dtype if dtype is None else dtype)

    def _picture(self, frame: int) -> np.ndarray:
        try:
            part = self.movie.part(frame, self.view.rows, self.view.columns)
        except MovieError:  # the image itself says so
            return np.zeros((*self.size, 3), np.uint8)
        return as_seen(part, self.mapping, self.size)


def as_seen(
    plane: np.ndarray, mapping: IntensityMapping, size: tuple[int, int]
) -> np.ndarray:
    """Map and resize a plane as `engine.frames.to_input` does.

    Parameters
    ----------
    plane : ndarray, (Y, X) or (Y, X, 3)
    mapping : IntensityMapping
    size : (int, int)
        Rows and columns that it gets.

    Returns
    -------
    ndarray, (rows, columns, 3) uint8
        Pillow's bilinear filter is the one that torch has for shrinking.
    """
    from PIL import Image as Picture

    values = mapping(plane)
    if plane.ndim == 2 or mapping.is_grey:
        values = values[..., 0]  # resize a grey plane once, not three times
    levels = Picture.fromarray((values * 255 + 0.5).astype(np.uint8))
    return np.asarray(
        levels.resize(size[::-1], Picture.Resampling.BILINEAR).convert("RGB")
    )


def is_model_view(layer: Any) -> bool:
    """Whether an image layer shows what a model sees, so that it is no movie."""
    return isinstance(layer.data, SeenPlanes)


class ModelView:
    """A layer over the movie with the frame on screen as the model sees it.

    That is the window of the selected object, or the whole frame if it has none:
    mapped to the model's brightness and resized to its input, then laid over the
    same part of the image again, so that the user sees what is lost.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    images : sequence of napari.layers.Image
        The layers that the movie is made of; what is seen is placed as the
        first and lies over all of them.
    view : callable, (View or None) -> (IntensityMapping, int) or None
        Returns mapping and side of the input of the model that is loaded, for a
        window or the whole frame.
    window : callable, () -> View or None
        Returns the window in which the model saw the selected object on the frame
        on screen; None if it saw the whole frame.
    """

    said = Signal(str)
    """Emitted with something the user should read."""
    toggled = Signal(bool)
    """Emitted when it was turned on or off, also by deleting the layer."""

    def __init__(
        self,
        viewer: Any,
        session: Session,
        images: Sequence[Any],
        view: Callable[[View | None], tuple[IntensityMapping, int] | None],
        window: Callable[[], View | None],
    ) -> None:
        self.viewer = viewer
        self.session = session
        self.images = tuple(images)
        self.is_on = False
        self.layer: Image | None = None
        self._view = view
        self._window = window
        self._shown: tuple[Any, ...] = ()
        self._has_said_why = False
        viewer.dims.events.current_step.connect(self.refresh)
        viewer.layers.events.removed.connect(self._on_removed)
        for name in PLACING:
            getattr(self.images[0].events, name).connect(self._place)

    def toggle(self, on: bool) -> None:
        """Show it or take it away."""
        if on == self.is_on:
            return
        self.is_on = on
        self._shown, self._has_said_why = (), False
        if on:
            self.refresh()
        else:
            self._remove()
        self.toggled.emit(on)

    def refresh(self, event: Any = None) -> None:
        """Follow the object, the frame, the model and the movie, which may be others.

        Planes that are too large to be read at once are shown by windows only.
        """
        if not self.is_on or self.images[0] not in self.viewer.layers:
            return
        movie, window = self.session.movie, self._window()
        view = self._view(window)
        stack = movie.data
        if view is not None and isinstance(stack, ChannelStack) and not stack.is_ready:
            return  # the model is about to read its first frame
        if (movie, view, window) == self._shown:
            return
        self._shown = (movie, view, window)
        if view is None:
            self._remove()
            self.said.emit(
                "The model is loaded with the next click; then this shows what it sees."
            )
        elif window is None and are_large(movie.plane_shape):
            self._remove()
            self._say_why()
        else:
            self._show(SeenPlanes(movie, *view, window))

    def close(self) -> None:
        """Take it away and follow nothing any more."""
        self.toggle(False)
        self.viewer.dims.events.current_step.disconnect(self.refresh)
        self.viewer.layers.events.removed.disconnect(self._on_removed)
        for name in PLACING:
            getattr(self.images[0].events, name).disconnect(self._place)

    def _show(self, planes: SeenPlanes) -> None:
        if self.layer is not None:
            self.layer.data = planes
            self._place()
            return
        layers = self.viewer.layers
        self.layer = Image(
            planes,
            name=f"{self.images[0].name} as the model sees it",
            rgb=True,
            **self._placement(planes),
        )
        over = max(layers.index(x) for x in self.images if x in layers)
        before = set(layers.selection)
        layers.insert(over + 1, self.layer)
        layers.selection = before  # napari selects what is added

    def _remove(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None:
            self.viewer.layers.remove(layer)

    def _say_why(self) -> None:
        """Say once why there is nothing to see."""
        if not self._has_said_why:
            self._has_said_why = True
            self.said.emit(
                "The whole image is too large to be shown as the model sees it. Select"
                " an object that has a window on this frame."
            )

    def _placement(self, planes: SeenPlanes) -> dict[str, Any]:
        """Return what lays a square of the model's pixels over what it is made of."""
        image, view = self.images[0], planes.view
        at: dict[int, Any] = dict(planes.movie.held)
        factors = np.ones(image.ndim)
        for axis, first, n, n_shown in (
            (-2, view.top, view.height, planes.size[0]),
            (-1, view.left, view.width, planes.size[1]),
        ):
            factors[axis] = n / n_shown
            # The edges meet, not the pixel centres.
            at[axis] = first + factors[axis] / 2 - 0.5
        place = label_placement(image, at)
        place["scale"] = image.scale * factors
        return place

    def _place(self, event: Any = None) -> None:
        if self.layer is not None:
            for name, value in self._placement(self.layer.data).items():
                setattr(self.layer, name, value)

    def _on_removed(self, event: Any) -> None:
        if event.value == self.layer:
            self.layer = None
            self.toggle(False)
        elif event.value == self.images[0]:
            self.toggle(False)
