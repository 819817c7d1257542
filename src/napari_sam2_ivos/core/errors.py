"""The errors a user can meet; each names the thing and the remedy.

None derives from ``RuntimeError``: superqt's generator worker swallows those
(see docs/architecture.md), and a swallowed error looks like a run that hangs.
"""

from __future__ import annotations


class IvosError(Exception):
    """Base of every error this package raises on purpose."""


class MovieError(IvosError):
    """The image data cannot be used as a movie."""


class PromptError(IvosError):
    """A prompt does not fit the movie or the object."""


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
