"""Movies of one channel each, seen as one movie in colour."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie

N_COLOURS = 3


class Channel(NamedTuple):
    """One colour: its own movie, and what chooses its intensity mapping."""

    movie: Movie
    choose: Callable[[], IntensityMapping]


class ChannelStack:
    """One to three channels as red, green and blue; what is missing is 0.

    Each has an intensity mapping of its own, the same on every frame, so that
    a bright channel does not drown the others. The mappings are chosen where
    the first plane is read, that is on the model's thread: it takes reading
    some frames of a file that may be large.

    Parameters
    ----------
    channels : sequence of Channel
        Their data have the same shape ``(*outer, Y, X)``.

    Attributes
    ----------
    shape : tuple of int, (*outer, Y, X, 3)
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        self.channels = tuple(channels)
        self.shape = (*channels[0].movie.data.shape, N_COLOURS)
        self.dtype = np.dtype(np.float32)
        self._mappings: tuple[IntensityMapping, ...] = ()
        self._lock = Lock()

    @property
    def is_ready(self) -> bool:
        """Whether the mappings are chosen, so that reading takes no longer."""
        return bool(self._mappings)

    @property
    def mappings(self) -> tuple[IntensityMapping, ...]:
        """The mapping of each channel; the first to ask has them chosen."""
        with self._lock:
            if not self._mappings:
                self._mappings = tuple(c.choose() for c in self.channels)
            return self._mappings

    def __getitem__(self, index: Any) -> np.ndarray:
        """Read a part.

        Parameters
        ----------
        index : int, slice or tuple of these
            On any of the axes before the colour.

        Returns
        -------
        ndarray, (..., 3) float32 in 0..1
        """
        parts = [
            mapping.scaled(np.asarray(channel.movie.data[index]))
            for channel, mapping in zip(self.channels, self.mappings, strict=True)
        ]
        colours = np.zeros((*parts[0].shape, N_COLOURS), self.dtype)
        for i, part in enumerate(parts):
            colours[..., i] = part
        return colours


def measured(movie: Movie) -> Movie:
    """Return the movie with the values to measure: of colours, the first as it is."""
    is_stack = isinstance(movie.data, ChannelStack)
    return movie.data.channels[0].movie if is_stack else movie


def further_channels(movie: Movie) -> dict[str, Movie]:
    """Return the channels beside the one that `measured` returns, by their names."""
    is_stack = isinstance(movie.data, ChannelStack)
    others = movie.data.channels[1:] if is_stack else ()
    return {channel.movie.name: channel.movie for channel in others}
