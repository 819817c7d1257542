"""The errors a user can meet; each names the thing and the remedy.

None derives from ``RuntimeError``: superqt's generator worker swallows those
(see docs/architecture.md), and a swallowed error looks like a run that hangs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class IvosError(Exception):
    """Base of every error this package raises on purpose."""


class MovieError(IvosError):
    """The image data cannot be used as a movie."""


class PromptError(IvosError):
    """A prompt does not fit the movie or the object."""


class CollisionError(PromptError):
    """Two objects are to become one and both have a mask on some frames.

    Parameters
    ----------
    message : str
    frames : sequence of int
        Where both have one.
    """

    def __init__(self, message: str, frames: Sequence[int]) -> None:
        super().__init__(message)
        self.frames = tuple(frames)


class ModelError(IvosError):
    """A checkpoint, its config or its device cannot be used."""


class EngineError(IvosError):
    """The model failed while running."""


class StoreError(IvosError):
    """Labels could not be read from or written to their store."""


class FormatError(IvosError):
    """A file does not have the format it should have."""


class Cancelled(IvosError):
    """The user cancelled; everything finished so far is kept."""


class IvosWarning(UserWarning):
    """Something the user should know, though the work goes on."""
